//! `master tune`, from its command line to what it leaves behind.
#![expect(clippy::expect_used, reason = "a test that cannot go on panics")]

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use brigade_tests::{
    LONG, Output, Running, binary, boards_of, eventually, is_alive, is_at_work, is_zombie, kill,
    master, table, within, write,
};
use nix::sys::signal::Signal;
use tempfile::TempDir;

/// What the chapter's own program prints, sorted.
const IRIS_GRID: &str = include_str!("../master/tests/fixtures/iris-grid.txt");
const IRIS: &str = include_str!("../data/bezdekIris.data");

/// Runs `master tune` with these arguments to its end.
#[track_caller]
fn tune(arguments: &[&str]) -> Output {
    let arguments = with_command(arguments);
    within(60, move || master(arguments).end())
}

fn with_command(arguments: &[&str]) -> Vec<String> {
    let words = std::iter::once(&"tune").chain(arguments);
    words.map(|word| (*word).to_owned()).collect()
}

#[track_caller]
fn assert_is_the_iris_grid(output: &Output) {
    output.assert_quiet_success();
    assert_eq!(output.sorted_lines().join("\n"), IRIS_GRID.trim_end());
}

/// A table that takes two workers a second or more with [`LONG`], as a file.
fn long_table(folder: &TempDir) -> String {
    let path = folder.path().join("long.csv");
    write(&path, &table(2_000, 40));
    path.display().to_string()
}

#[test]
fn the_lines_are_those_of_the_chapters_program_with_any_number_of_workers() {
    for workers in ["1", "2", "3", "8"] {
        assert_is_the_iris_grid(&tune(&["--format", "lines", "--workers", workers]));
    }
}

#[test]
fn the_table_shows_all_qualities_and_marks_the_best() {
    let output = tune(&["--workers", "2"]);
    output.assert_quiet_success();
    insta::assert_snapshot!(without_time(&output.stdout), @r"
       k      ED        MD        CD        SD
     ────────────────────────────────────────────
       1   0.967     0.967     0.967     0.967
       3   0.967     0.967     0.967     0.967
       5   0.967     0.967     0.967     0.967
       7   0.967     0.967     1.000 *   0.967
       9   0.967     0.967     1.000 *   0.967
      11   0.967     0.967     0.967     0.967
      13   0.967     0.967     0.967     0.967
      15   0.967     0.967     0.967     0.967
      17   1.000 *   1.000 *   0.967     0.967
      19   1.000 *   1.000 *   0.967     1.000 *
      21   0.967     1.000 *   1.000 *   1.000 *
      23   0.967     1.000 *   0.967     1.000 *
      25   0.967     0.967     0.967     0.967
      27   1.000 *   0.967     0.967     0.967
      29   1.000 *   0.967     0.967     0.967
      31   1.000 *   0.967     0.967     0.967
      33   1.000 *   0.967     0.967     0.967
      35   1.000 *   0.967     0.967     0.967
      37   1.000 *   0.967     1.000 *   0.967
      39   1.000 *   1.000 *   1.000 *   1.000 *

                    class   precision   recall      F1   samples   as 1   as 2   as 3
     ─────────────────────────────────────────────────────────────────────────────────
      1   Iris-setosa           1.000    1.000   1.000        10     10      ·      ·
      2   Iris-versicolor       1.000    1.000   1.000        10      ·     10      ·
      3   Iris-virginica        1.000    1.000   1.000        10      ·      ·     10

    best: k 7, CD, 1.000 (30 of 30 right)
    23 cells tie (*); the first in the order of the grid is named
    bezdekIris.data: 150 rows, 4 features, 3 classes, split every:5
    80 cells, 2 workers, [time]
    ");
}

/// Replaces the wall time, which is the last thing in the output.
fn without_time(text: &str) -> String {
    let (before, time) = text.trim_end().rsplit_once(", ").expect("a summary");
    assert!(time.ends_with(" ms") || time.ends_with(" s"), "{time}");
    format!("{before}, [time]\n")
}

#[test]
fn json_holds_the_best_cell_and_all_others() {
    let output = tune(&["--format", "json"]);
    output.assert_quiet_success();
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    let best = serde_json::json!({"k": 7, "distance": "CD", "quality": 1.0, "sd": 0.0, "passed": 30, "tested": 30, "rank": 1});
    assert_eq!(report["best"], best);
    assert_eq!(report["best_cells"], 23);
    let cells = report["cells"].as_array().unwrap();
    let mut lines: Vec<String> = cells
        .iter()
        .map(|cell| {
            let (k, quality) = (cell["k"].as_u64(), cell["quality"].as_f64());
            let name = cell["distance"].as_str().unwrap();
            format!("{:2} {name:2} {:.3}", k.unwrap(), quality.unwrap())
        })
        .collect();
    lines.sort_unstable();
    assert_eq!(lines.join("\n"), IRIS_GRID.trim_end());
}

#[test]
fn csv_is_a_header_and_a_row_for_each_cell() {
    let output = tune(&["--format", "csv"]);
    output.assert_quiet_success();
    let mut lines = output.stdout.lines();
    assert_eq!(
        lines.next(),
        Some("k,distance,quality,sd,passed,tested,rank")
    );
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 80);
    assert!(rows.iter().all(|row| row.len() == 7 && row[5] == "30"));
    assert_eq!(
        rows[0],
        ["1", "ED", "0.966667", "0.000000", "29", "30", "24"]
    );
}

#[test]
fn options_choose_the_cells() {
    let output = tune(&[
        "--k",
        "3,1",
        "--distance",
        "sorensen,ED",
        "--split",
        "every:3",
        "--format",
        "csv",
    ]);
    output.assert_quiet_success();
    let cells: Vec<String> = output
        .stdout
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            [fields[0], fields[1], fields[5]].join(" ")
        })
        .collect();
    assert_eq!(cells, ["3 SD 50", "3 ED 50", "1 SD 50", "1 ED 50"]);
}

#[test]
fn verbose_names_each_worker_on_standard_error_only() {
    let output = tune(&["-v", "--workers", "3", "--format", "lines"]);
    assert_eq!(output.code, 0);
    let pids: Vec<i32> = output
        .stderr
        .lines()
        .map(|line| line.strip_prefix("OS PID ").expect(line).parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 3);
    assert_eq!(output.sorted_lines().join("\n"), IRIS_GRID.trim_end());
}

#[test]
fn a_worker_killed_in_the_middle_of_a_grid_changes_nothing() {
    within(120, || {
        let folder = tempfile::tempdir().unwrap();
        let path = long_table(&folder);
        let options = ["tune", &path, "--format", "lines", "-v", "--workers", "3"];
        let start = || master(options.iter().chain(&LONG));
        let undisturbed = start().end();
        assert_eq!(undisturbed.code, 0, "{}", undisturbed.stderr);
        for victim in 0..3 {
            let mut running = start();
            let pids = running.worker_pids(3);
            assert!(eventually(30, || is_at_work(pids[victim])));
            kill(pids[victim], Signal::SIGKILL);
            let output = running.end();
            assert_eq!((output.code, &output.stdout), (0, &undisturbed.stdout));
            let warning = format!(
                "warning: worker {} (pid {}) was killed by SIGKILL; it is being replaced\n",
                victim + 1,
                pids[victim]
            );
            assert!(output.stderr.contains(&warning), "{}", output.stderr);
        }
    });
}

#[test]
fn the_table_may_come_from_standard_input() {
    for workers in ["1", "2"] {
        let output = within(60, move || {
            master(["tune", "-", "--format", "lines", "--workers", workers])
                .input(IRIS)
                .end()
        });
        assert_is_the_iris_grid(&output);
    }
}

#[test]
fn tables_come_in_many_dialects() {
    let names = "sepal length,sepal width,petal length,petal width,species\n";
    // The class in front, as many tables have it.
    let rows = IRIS.lines().filter_map(|line| line.rsplit_once(','));
    let turned = rows.fold(String::new(), |text, (features, class)| {
        text + class + "," + features + "\n"
    });
    let quoted = IRIS.replace("Iris-", "\"Iris, ").replace('\n', "\"\n");
    let quoted = quoted.trim_end().trim_end_matches("\n\"").to_owned();
    let none: &[&str] = &[];
    for (dialect, text, options) in [
        ("as shipped", IRIS.to_owned(), none),
        ("CRLF", IRIS.replace('\n', "\r\n"), none),
        ("byte order mark", format!("\u{feff}{IRIS}"), none),
        ("tabs", IRIS.replace(',', "\t"), none),
        ("semicolons", IRIS.replace(',', ";"), none),
        ("blanks", IRIS.replace(',', " , "), none),
        ("quoted classes", quoted, none),
        ("no newline at the end", IRIS.trim_end().to_owned(), none),
        ("header", format!("{names}{IRIS}"), none),
        (
            "header, said",
            format!("{names}{IRIS}"),
            &["--header", "yes"],
        ),
        ("no header, said", IRIS.to_owned(), &["--header", "no"]),
        ("label by number", turned.clone(), &["--label", "1"]),
        ("label from the end", turned.clone(), &["--label", "-5"]),
        (
            "label by name",
            format!("species,a,b,c,d\n{turned}"),
            &["--label", "species"],
        ),
        (
            "all at once",
            format!("\u{feff}species;a;b;c;d\n{}", turned.replace(',', ";")).replace('\n', "\r\n"),
            &["--label", "species"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("iris.txt");
        write(&path, &text);
        let path = path.display().to_string();
        let output = tune(&[&[path.as_str(), "--format", "lines"], options].concat());
        assert_eq!(output.stderr, "", "{dialect}");
        assert_is_the_iris_grid(&output);
    }
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = long_table(&folder);
        let options = ["tune", &path, "--format", "lines", "-v", "--workers", "2"];
        let long = || master(options.iter().chain(&LONG));
        let (mut one, mut other) = (long(), long());
        let pids = [one.worker_pids(2), other.worker_pids(2)].concat();
        assert!(eventually(30, || pids.iter().all(|pid| is_at_work(*pid))));
        let short = master(["tune", "--format", "lines"]).end();
        assert_is_the_iris_grid(&short);
        let (one, other) = (one.end(), other.end());
        assert_eq!((one.code, other.code), (0, 0));
        assert_eq!(one.stdout, other.stdout);
    });
}

#[test]
fn a_run_leaves_no_process_and_no_memory() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = long_table(&folder);
        let options = ["tune", &path, "-v", "--workers", "2"];
        let mut running = master(options.iter().chain(&LONG));
        let pids = running.worker_pids(2);
        let pid = running.pid();
        assert!(eventually(30, || pids.iter().all(|pid| is_at_work(*pid))));
        assert_eq!(boards_of(pid).len(), 1);
        assert_eq!(running.end().code, 0);
        // At once: whoever has seen the master's end has seen that of its workers.
        for worker in pids {
            assert!(!is_alive(worker) && !is_zombie(worker), "{worker} is left");
        }
        assert_eq!(boards_of(pid), Vec::<PathBuf>::new());
    });
}

#[test]
fn fault_44_a_reader_that_has_seen_enough_ends_the_output_quietly() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide.csv");
        write(&path, &table(4_000, 2));
        for format in ["table", "lines", "json", "csv"] {
            // 12,000 cells are more than a pipe holds, so `head` is gone before all is written.
            let script =
                r#"{ "$0" tune "$1" --k 1:3001 --format "$2"; echo "code $?" >&2; } | head -1"#;
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", script]);
            shell.arg(binary("master")).arg(&path).arg(format);
            let output = Running::start(shell).end();
            assert_eq!(output.stdout.lines().count(), 1, "{format}");
            assert_eq!(output.stderr, "code 0\n", "{format}");
        }
    });
}

#[test]
fn fault_44_an_output_that_nobody_reads_is_no_error() {
    for format in ["table", "lines", "json", "csv"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let output = within(60, move || {
            Command::new(binary("master"))
                .args(["tune", "--format", format])
                .stdin(Stdio::null())
                .stdout(writer)
                .output()
                .unwrap()
        });
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{format}");
    }
}

#[test]
fn fault_44_streams_that_were_closed_before_the_start_are_no_error() {
    within(60, || {
        for closed in [">&-", "2>&-", "<&-", "<&- >&- 2>&-"] {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c");
            shell.arg(format!(
                r#""$0" tune -v --format lines {closed}; echo "code $?""#
            ));
            shell.arg(binary("master"));
            let output = Running::start(shell).end();
            let last = output.stdout.lines().last();
            assert_eq!(last, Some("code 0"), "{closed}: {}", output.stderr);
            let is_quiet = |line: &str| line.starts_with("OS PID ");
            assert!(output.stderr.lines().all(is_quiet), "{}", output.stderr);
        }
    });
}

#[test]
fn an_output_that_cannot_be_written_is_told() {
    let full = fs::File::create("/dev/full").unwrap();
    let output = within(60, move || {
        Command::new(binary("master"))
            .arg("tune")
            .stdout(full)
            .output()
            .unwrap()
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.starts_with("error: cannot write the report: No space left on device"),
        "{stderr}"
    );
}

#[test]
fn the_worker_executable_may_be_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("my worker");
    fs::copy(binary("worker"), &copy).unwrap();
    let elsewhere = |path: &Path| {
        let path = path.display().to_string();
        tune(&["--format", "lines", "--worker-exe", &path])
    };
    assert_is_the_iris_grid(&elsewhere(&copy));
    let output = elsewhere(&folder.path().join("none"));
    assert_eq!(output.code, 2);
    assert!(
        output.stderr.contains("no worker executable at") && output.stderr.contains("cargo build"),
        "{}",
        output.stderr
    );
}
