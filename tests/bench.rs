//! `master bench`, through the binaries.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]

use std::{collections::BTreeMap, fs, process::Command};

use brigade_tests::{
    Output, Running, binary, boards_of, eventually, is_alive, is_at_work, kill, master, within,
    write,
};
use nix::sys::signal::Signal;
use serde_json::Value;

/// Runs a sweep of a few milliseconds that must end well.
fn bench(arguments: &str) -> Output {
    let output = master(format!("bench {arguments}").split_whitespace()).end();
    assert_eq!(output.code, 0, "{arguments}: {}", output.stderr);
    output
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}\n{}", output.stdout, output.stderr);
    })
}

/// What was compared, as `processes 2`, with the number of its runs.
fn runs(whole: &Value) -> BTreeMap<String, usize> {
    let all = whole["configurations"].as_array().unwrap().iter();
    all.map(|one| {
        let name = format!("{} {}", one["backend"].as_str().unwrap(), one["workers"]);
        (name, one["seconds"].as_array().unwrap().len())
    })
    .collect()
}

/// The kinds of advice given.
fn advice(whole: &Value) -> Vec<&str> {
    let all = whole["advice"].as_array().unwrap().iter();
    all.map(|one| one["kind"].as_str().unwrap()).collect()
}

#[test]
fn every_job_is_measured_with_every_number_of_both_kinds_and_comes_to_one_result() {
    within(120, || {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("a.txt"), "one\ntwo TODO\nthree\nTODO\n");
        write(&folder.path().join("b.txt"), "no match\n");
        let search = format!("search {} -e TODO --rounds 2", folder.path().display());
        for (job, title, said) in [
            (
                "tune",
                "tune: bezdekIris.data, 150 rows, 80 cells",
                "best: k 7, CD, 1.000",
            ),
            (
                "factor --random 300 --digits 9",
                "factor: 300 numbers of 9 digits",
                "300 numbers, ",
            ),
            (&search, "search: 'TODO' in ", "4 lines found in 2 files"),
            (
                "burn --tasks 6 --count 1000",
                "burn: 6 sums of 1000 odd numbers",
                "6 sums, all",
            ),
            (
                "dispatch --tasks 500",
                "dispatch: 500 tasks",
                "500 tasks came back as they went",
            ),
        ] {
            let output = bench(&format!("{job} --workers 1,3 --runs 3 --format json"));
            let whole = json(&output);
            assert!(
                whole["job"].as_str().unwrap().starts_with(title),
                "{whole:#}"
            );
            assert!(
                whole["result"]["said"].as_str().unwrap().starts_with(said),
                "{whole:#}"
            );
            let expected = ["processes 1", "processes 3", "threads 1", "threads 3"];
            let expected = expected.map(|name| (name.to_owned(), 3));
            assert_eq!(runs(&whole), BTreeMap::from(expected), "{job}");
            assert_eq!(whole["complete"], true);
            for one in whole["configurations"].as_array().unwrap() {
                let value = |name: &str| one[name].as_f64().unwrap();
                assert!(value("least") <= value("median") && value("median") <= value("most"));
                assert!(value("start") > 0.0 && value("spread") >= 0.0);
                let efficiency = value("speedup") / value("workers");
                assert!((value("efficiency") - efficiency).abs() < 1e-9);
                if one["workers"] == 1 {
                    assert!((value("speedup") - 1.0).abs() < 1e-9);
                }
            }
            let verdict = whole["verdict"]["said"].as_str().unwrap();
            assert!(
                verdict.starts_with("use ") && verdict.contains("process"),
                "{verdict}"
            );
            assert!(advice(&whole).contains(&"few-runs"));
        }
    });
}

#[test]
fn the_numbers_are_doubled_up_to_twice_the_cores_and_one_is_always_there() {
    within(60, || {
        let whole = json(&bench("burn --tasks 2 --count 10 --runs 1 --format json"));
        let cores = usize::try_from(whole["cores"].as_u64().unwrap()).unwrap();
        let runs_of = runs(&whole);
        assert!(
            runs_of.contains_key("processes 1")
                && runs_of.contains_key(&format!("threads {}", 2 * cores))
        );
        assert!(advice(&whole).contains(&"oversubscribed"));
        let some = json(&bench(
            "burn --tasks 2 --count 10 --runs 1 -j 2,2 --backend threads --format json",
        ));
        let expected = ["threads 1", "threads 2"].map(|name| (name.to_owned(), 1));
        assert_eq!(runs(&some), BTreeMap::from(expected));
    });
}

#[test]
fn a_job_says_the_same_as_its_command() {
    within(60, || {
        let tuned = master(["tune", "--format", "json"]).end();
        let best: Value = serde_json::from_str(&tuned.stdout).unwrap();
        let whole = json(&bench("tune --runs 1 -j 2 --warmup 0 --format json"));
        let said = whole["result"]["said"].as_str().unwrap();
        let k = &best["best_params_"]["n_neighbors"];
        assert!(said.contains(&format!("k {k}, ")), "{said}: {k}");
        let primes = master("factor --random 400 --digits 9 --seed 7 --primes".split(' ')).end();
        let count = primes.stdout.lines().count();
        let whole = json(&bench(
            "factor --random 400 --digits 9 --seed 7 --runs 1 -j 2 --format json",
        ));
        assert_eq!(
            whole["result"]["said"],
            format!("400 numbers, {count} of them prime")
        );
    });
}

#[test]
fn table_lines_and_csv_show_each_configuration_and_what_to_use() {
    within(60, || {
        let job = "burn --tasks 4 --count 100000 -j 1,2 --runs 5";
        let table = bench(job).stdout;
        for words in [
            "median",
            "speed-up",
            "efficiency",
            "2 processes",
            "1 thread",
            "serial by Amdahl's law",
        ] {
            // The law needs two cores.
            let cores = std::thread::available_parallelism().unwrap().get();
            assert!(
                table.contains(words) || (cores == 1 && words.contains("law")),
                "{words}: {table}"
            );
        }
        assert!(table.lines().last().unwrap().starts_with("use "), "{table}");
        let lines = bench(&format!("{job} --format lines")).stdout;
        assert_eq!(lines.lines().count(), 5, "{lines}");
        assert!(lines.starts_with("1 process: "), "{lines}");
        let text = bench(&format!("{job} --format csv")).stdout;
        let mut rows = text.lines();
        let columns = rows.next().unwrap().split(',').count();
        let rows: Vec<Vec<&str>> = rows.map(|row| row.split(',').collect()).collect();
        assert_eq!((rows.len(), columns), (4, 13), "{text}");
        for row in rows {
            assert_eq!(row.len(), columns);
            assert!(
                row[1..].iter().all(|number| number.parse::<f64>().is_ok()),
                "{row:?}"
            );
        }
    });
}

#[test]
fn pictures_are_drawn_as_svg_and_png() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["a.svg", "a.png"] {
            bench(&format!(
                "burn --tasks 2 --count 1000 -j 1,2 --runs 2 --plot {}",
                path(name)
            ));
        }
        let svg = fs::read_to_string(path("a.svg")).unwrap();
        let mut open = 0_i32;
        for tag in svg
            .split('<')
            .skip(1)
            .map(|rest| rest.split_once('>').unwrap().0)
        {
            open += i32::from(!tag.starts_with('/'))
                - i32::from(tag.starts_with('/') || tag.ends_with('/'));
        }
        assert_eq!(open, 0, "every element is closed");
        for words in ["<title>burn: 2 sums", ">ideal</text>", ">workers</text>"] {
            assert!(svg.contains(words), "{words}");
        }
        let png = fs::read(path("a.png")).unwrap();
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() > 5_000);
        assert!(png.ends_with(b"IEND\xaeB`\x82"), "it is whole");
    });
}

#[test]
fn a_killed_worker_has_its_run_done_again() {
    within(90, || {
        let arguments = "bench burn --tasks 4 --count 100000000 --backend processes -j 2 --runs 1 --warmup 0 -v --format json";
        let mut run = master(arguments.split(' '));
        let worker = run.worker_pids(1)[0];
        assert!(eventually(30, || is_at_work(worker)));
        kill(worker, Signal::SIGKILL);
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(
            output
                .stderr
                .contains("was killed by SIGKILL; it is being replaced"),
            "{}",
            output.stderr
        );
        let whole = json(&output);
        assert!(advice(&whole).contains(&"repeated"), "{whole:#}");
        let repeated: u64 = whole["configurations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["repeated"].as_u64().unwrap())
            .sum();
        assert_eq!(repeated, 1);
        let expected = ["processes 1", "processes 2"].map(|name| (name.to_owned(), 1));
        assert_eq!(runs(&whole), BTreeMap::from(expected), "no run is missing");
    });
}

#[test]
fn workers_that_always_die_end_in_a_report_of_what_is_missing() {
    within(60, || {
        let no_worker = "bench tune -j 1 --backend processes --runs 2 --worker-exe /bin/false";
        let output = master(no_worker.split(' ')).end();
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        assert!(output.stderr.contains("error: "), "{}", output.stderr);
        // A task that runs out of time fails in every try.
        let output = master("bench burn --tasks 2 --count 4000000000 -j 1 --backend processes --runs 1 --warmup 0 --timeout 20ms --retries 0 --format json".split(' ')).end();
        assert_eq!(output.code, 3, "{}", output.stderr);
        let whole = json(&output);
        assert_eq!(advice(&whole), ["given-up"]);
        assert_eq!(
            (
                &whole["complete"],
                whole["configurations"].as_array().unwrap().len()
            ),
            (&Value::Bool(false), 0)
        );
    });
}

#[test]
fn another_result_is_an_error_and_no_report() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        write(&file, "TODO\n");
        let path = folder.path().display().to_string();
        let mut run = master([
            "bench",
            "search",
            &path,
            "-e",
            "TODO",
            "-j",
            "1",
            "--backend",
            "processes",
            "--runs",
            "10000",
            "-v",
        ]);
        // A worker each run: the first run is over.
        run.worker_pids(2);
        write(&file, "TODO\nTODO\n");
        let output = run.end();
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (1, ""),
            "{}",
            output.stderr
        );
        assert!(
            // Between the emptying of a file and its new text there may be a run, too.
            output.stderr.contains("error: 1 process came to another result than 1 process: `2 lines found in 1 file` instead of `1 line found in 1 file`")
                || output.stderr.contains("`0 lines found in 0 files` instead of"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn ctrl_c_delivers_what_is_done_and_exits_with_130() {
    within(60, || {
        let mut run = master("bench burn --tasks 2 --count 30000000 --backend processes -j 2 --runs 1000 --warmup 0 -v --format json".split(' '));
        let pid = run.pid();
        // Two runs at least: a worker, then two, then again.
        let workers = run.worker_pids(5);
        kill(pid, Signal::SIGINT);
        let output = run.end();
        assert_eq!(output.code, 130, "{}", output.stderr);
        let whole = json(&output);
        assert_eq!(whole["complete"], false);
        assert!(runs(&whole).values().sum::<usize>() >= 2, "{whole:#}");
        assert!(
            output
                .stderr
                .contains("runs were done; the report is about these"),
            "{}",
            output.stderr
        );
        assert!(workers.iter().all(|worker| !is_alive(*worker)));
        assert!(boards_of(pid).is_empty());
    });
}

#[test]
fn hundreds_of_pools_leave_no_descriptor_open() {
    within(90, || {
        // Two pools a run.
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "ulimit -n 64 && exec \"$0\" bench dispatch --tasks 1 -j 1 --runs 100",
        ]);
        let output = Running::start({
            command.arg(binary("master"));
            command
        })
        .end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(
            output.stdout.contains("result of all 200 runs"),
            "{}",
            output.stdout
        );
    });
}

#[test]
fn bad_input_is_named() {
    within(60, || {
        for (arguments, expected) in [
            ("", "Usage: master bench"),
            ("tune -j 0", "expected a number from 1 to 1024"),
            ("tune -j 1,x", "expected a number from 1 to 1024"),
            (
                "tune --backend fibres",
                "possible values: processes, threads",
            ),
            ("tune --runs 0", "0 is not in 1..=10000"),
            (
                "tune --plot a.gif",
                "expected a file that ends with .svg or .png",
            ),
            ("tune none.csv", "none.csv"),
            (
                "tune --k 121 --runs 1",
                "k is 121, but bezdekIris.data has only 120 training samples",
            ),
            ("factor --digits 39", "39 is not in 1..=38"),
            ("search nowhere -e x", "nowhere: no such file"),
            ("search . -e ( --regex", "("),
            (
                "search . --interactive",
                "--interactive has no end that could be measured",
            ),
            (
                "search . -e x --watch",
                "--watch has no end that could be measured",
            ),
            ("burn --tasks 0", "0 is not in 1.."),
            (
                "dispatch --tasks 1 --runs 1 --plot /nowhere/a.svg",
                "cannot be written",
            ),
        ] {
            let output = master(format!("bench {arguments}").split_whitespace()).end();
            assert_eq!(output.code, 2, "{arguments}: {}", output.stderr);
            assert!(
                output.stderr.contains(expected),
                "{arguments}: {}",
                output.stderr
            );
        }
    });
}
