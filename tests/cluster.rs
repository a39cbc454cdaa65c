//! Several machines, through the binaries: a real NATS server, and hosts that have joined it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use brigade_tests::{Nats, Output, Running, eventually, kill, master, within};
use nix::sys::signal::Signal;

/// What the command gives without a server.
fn here(arguments: &[&str]) -> Output {
    master(arguments).end()
}

/// The same command on a server's hosts.
fn on(nats: &Nats, arguments: &[&str]) -> Output {
    start_on(nats, arguments).end()
}

fn start_on(nats: &Nats, arguments: &[&str]) -> Running {
    let (url, (command, rest)) = (nats.url(), arguments.split_first().unwrap());
    let head = [command, "--backend", url.as_str()];
    master(head.into_iter().chain(rest.iter().copied()))
}

#[test]
fn the_iris_grid_over_two_hosts_equals_the_local_one_and_the_data_is_sent_once() {
    within(120, || {
        let nats = Nats::start();
        let _hosts = [nats.host(1, &[]), nats.host(1, &[])];
        let local = here(&["tune", "--format", "csv"]);
        for _ in 0..2 {
            let remote = on(&nats, &["tune", "--format", "csv"]);
            assert_eq!(
                (remote.code, &remote.stdout),
                (0, &local.stdout),
                "{}",
                remote.stderr
            );
        }
        // Both hosts are of one machine, and both grids of one data set.
        let sets = fs::read_dir(nats.data_folder()).unwrap().flatten();
        let sets: Vec<_> = sets
            .map(|entry| entry.file_name().into_string().unwrap())
            .filter(|name| !name.contains('.'))
            .collect();
        assert_eq!(sets.len(), 1, "{sets:?}");
        assert_eq!(sets[0].len(), 64, "the SHA-256 of the bytes: {sets:?}");
    });
}

#[test]
fn a_data_set_that_was_changed_on_a_host_is_fetched_again() {
    within(120, || {
        let nats = Nats::start();
        let _host = nats.host(1, &[]);
        let first = on(&nats, &["tune", "--format", "csv"]);
        let file = fs::read_dir(nats.data_folder())
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_none())
            .unwrap();
        let bytes = fs::read(&file).unwrap();
        let mut spoilt = bytes.clone();
        let last = spoilt.len() - 1;
        spoilt[last] ^= 1;
        fs::write(&file, &spoilt).unwrap();
        let _other = nats.host(1, &["--jobs", "tune-*"]);
        let second = on(&nats, &["tune", "--format", "csv"]);
        assert_eq!((second.code, second.stdout), (0, first.stdout));
        assert_eq!(fs::read(&file).unwrap(), bytes);
    });
}

#[test]
fn a_thousand_chunks_of_numbers_over_two_hosts_equal_the_local_result() {
    within(180, || {
        let nats = Nats::start();
        let _hosts = [nats.host(1, &[]), nats.host(1, &[])];
        // Each batch of the command is a millisecond of work at least: here there are more than a thousand.
        let arguments = [
            "factor", "--random", "200000", "--digits", "18", "--seed", "7",
        ];
        let local = here(&arguments);
        let remote = on(&nats, &arguments);
        assert_eq!(remote.code, 0, "{}", remote.stderr);
        assert_eq!(remote.stdout.lines().count(), 200_000);
        assert!(remote.stdout == local.stdout, "not the same factors");
        assert!(eventually(20, || nats.status()["jobs"]
            .as_array()
            .is_some_and(Vec::is_empty)));
        let done: Vec<u64> = nats.status()["hosts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|host| host["done"].as_u64().unwrap())
            .collect();
        assert!(
            done.len() == 2 && done.iter().all(|&done| done > 0),
            "{done:?}"
        );
        assert!(done.iter().sum::<u64>() >= 1000, "{done:?}");
    });
}

#[test]
fn imports_are_found_by_hosts_that_work_elsewhere() {
    within(90, || {
        let nats = Nats::start();
        let _host = nats.host(1, &[]);
        let folder = tempfile::tempdir().unwrap();
        for number in 0..50 {
            let text = format!("import os\nfrom a{number} import b\n");
            fs::write(folder.path().join(format!("m{number}.py")), text).unwrap();
        }
        let run = |more: &[&str]| {
            let mut command = Command::new(brigade_tests::binary("master"));
            command.args(["imports", ".", "--format", "csv"]).args(more);
            command.current_dir(folder.path());
            Running::start(command).end()
        };
        let remote = run(&["--backend", &nats.url()]);
        let local = run(&[]);
        assert_eq!(
            (remote.code, &remote.stdout),
            (0, &local.stdout),
            "{}",
            remote.stderr
        );
        assert!(local.stdout.lines().count() >= 100, "{}", local.stdout);
    });
}

#[test]
fn commands_run_only_on_hosts_that_allow_it_and_large_outputs_arrive_whole() {
    within(120, || {
        let nats = Nats::start();
        let mut unwilling = nats.host(1, &[]);
        let mut run = start_on(
            &nats,
            &[
                "run",
                "-k",
                "--shell",
                "echo {}; head -c 3000000 /dev/zero | tr '\\0' x",
                ":::",
                "a",
                "b",
                "c",
            ],
        );
        unwilling.stderr_line(|line| line.contains("--allow-run"));
        run.stderr_line(|line| line.contains("runs no commands of others"));
        let _willing = nats.host(2, &["--allow-run"]);
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let lengths: Vec<usize> = output.stdout.lines().map(str::len).collect();
        // The x's of one command end where the name of the next begins.
        assert_eq!(lengths, [1, 3_000_001, 3_000_001, 3_000_000]);
    });
}

#[test]
fn a_task_that_fails_on_a_host_fails_here_alone() {
    within(90, || {
        let nats = Nats::start();
        let _host = nats.host(1, &["--allow-run"]);
        let output = on(
            &nats,
            &[
                "run",
                "-k",
                "--shell",
                "echo {}; exit {}",
                ":::",
                "0",
                "3",
                "0",
            ],
        );
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (3, "0\n3\n0\n"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn a_host_of_another_build_says_so_and_takes_nothing() {
    within(120, || {
        let nats = Nats::start();
        let mut command = nats.host_command(1, &[]);
        command.env("BRIGADE_CLUSTER_TEST_BUILD", "feedface");
        let mut other = Running::start(command);
        other.stderr_line(|line| line.starts_with("joined "));
        let mut factor = start_on(&nats, &["factor", "12", "97"]);
        let said = other.stderr_line(|line| line.contains("different builds"));
        assert!(said.contains("feedface"), "{said}");
        let heard = factor.stderr_line(|line| line.contains("takes none of these tasks"));
        assert!(heard.contains("feedface"), "{heard}");
        let _host = nats.host(1, &[]);
        assert_eq!(factor.end().stdout, "12: 2 2 3\n97: 97\n");
        let hosts = nats.status()["hosts"].clone();
        let refusals = hosts.as_array().unwrap().iter();
        let refusals: Vec<_> = refusals
            .filter_map(|host| host["refusal"].as_str())
            .collect();
        assert!(
            refusals.len() == 1 && refusals[0].contains("feedface"),
            "{refusals:?}"
        );
    });
}

#[test]
fn a_host_that_is_told_to_end_finishes_what_it_has() {
    within(90, || {
        let nats = Nats::start();
        let host = nats.host(1, &["--allow-run"]);
        let run = start_on(
            &nats,
            &["run", "--shell", "sleep 2; echo {}", ":::", "done"],
        );
        let url = nats.url();
        assert!(
            eventually(20, || nats.status()["hosts"][0]["chunks"] == 1),
            "{url}"
        );
        kill(host.pid(), Signal::SIGTERM);
        let host = host.end();
        assert_eq!(host.code, 0, "{}", host.stderr);
        assert!(host.stderr.contains("1 task done"), "{}", host.stderr);
        assert_eq!(run.end().stdout, "done\n");
    });
}

#[test]
fn a_job_is_seen_and_can_be_cancelled_from_elsewhere() {
    within(90, || {
        let nats = Nats::start();
        let _host = nats.host(1, &["--allow-run"]);
        let run = start_on(
            &nats,
            &["run", "--shell", "sleep 60; echo {}", ":::", "a", "b"],
        );
        assert!(eventually(20, || nats.status()["jobs"][0]["submitted"]
            .as_u64()
            == Some(2)));
        let seen = nats.status();
        let job = seen["jobs"][0]["job"].as_str().unwrap().to_owned();
        assert!(job.starts_with("run-"), "{seen}");
        assert_eq!(seen["jobs"][0]["master_pid"], run.pid(), "{seen}");
        assert_eq!(seen["hosts"][0]["slots"], 1, "{seen}");
        let cancel = here(&["cluster", "cancel", &job, "--server", &nats.url()]);
        assert_eq!(cancel.code, 0, "{}", cancel.stderr);
        let began = Instant::now();
        let output = run.end();
        assert_ne!(output.code, 0);
        assert!(output.stderr.contains("cancelled by"), "{}", output.stderr);
        assert!(began.elapsed() < Duration::from_secs(15));
        assert!(eventually(20, || {
            let seen = nats.status();
            seen["jobs"].as_array().is_some_and(Vec::is_empty) && seen["hosts"][0]["chunks"] == 0
        }));
        let again = here(&["cluster", "cancel", &job, "--server", &nats.url()]);
        assert_eq!(again.code, 2);
        assert!(again.stderr.contains("there is no job"), "{}", again.stderr);
    });
}

/// Runs a command that must end soon, with an error that says this.
fn refused(arguments: &[&str], words: &[&str]) {
    let began = Instant::now();
    let output = here(arguments);
    assert_eq!(output.code, 2, "{arguments:?} {}", output.stderr);
    for word in words {
        assert!(
            output.stderr.contains(word),
            "`{word}` is not in: {}",
            output.stderr
        );
    }
    assert!(began.elapsed() < Duration::from_secs(25));
}

#[test]
fn what_keeps_a_server_from_being_used_is_told_within_seconds() {
    within(120, || {
        refused(
            &["factor", "12", "--backend", "nats://127.0.0.1:9"],
            &["no NATS server answers", "nats-server -js"],
        );
        refused(&["join", "nats://127.0.0.1:9"], &["no NATS server answers"]);
        refused(
            &["factor", "12", "--backend", "nats://"],
            &["is no address of a NATS server"],
        );
        refused(
            &["factor", "12", "--backend", "http://x"],
            &["possible values"],
        );
        refused(
            &["search", ".", "-e", "x", "--backend", "nats://x"],
            &["this machine only"],
        );
        let without = Nats::start_with(&[], "");
        refused(
            &["factor", "12", "--backend", &without.url()],
            &["has no JetStream"],
        );
        refused(&["join", &without.url()], &["has no JetStream"]);
        let guarded = Nats::start_with(&["-js", "--user", "me", "--pass", "secret"], "");
        let url = guarded.url();
        for user in ["", "me:wrong", "you:secret"] {
            let mut arguments = vec!["factor", "12", "--backend", &url];
            if !user.is_empty() {
                arguments.extend(["--nats-user", user]);
            }
            refused(&arguments, &["refuses us", "--nats-user"]);
        }
        refused(&["join", &url, "--nats-user", "me:wrong"], &["refuses us"]);
        refused(
            &["factor", "12", "--backend", &url, "--nats-user", "me"],
            &["USER:PASSWORD"],
        );
        let _host = guarded.host(1, &["--nats-user", "me:secret"]);
        let mut command = Command::new(brigade_tests::binary("master"));
        command
            .args(["factor", "12", "--backend", &url])
            .env("BRIGADE_NATS_USER", "me:secret");
        assert_eq!(Running::start(command).end().stdout, "12: 2 2 3\n");
    });
}

#[test]
fn hosts_and_masters_need_no_more_than_these_permissions() {
    within(120, || {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cluster.md");
        let page = fs::read_to_string(page).unwrap();
        let start = page.find("authorization {").unwrap();
        let end = start + page[start..].find("```").unwrap();
        let nats = Nats::start_with(&["-js"], &page[start..end]);
        let _host = nats.host(1, &["--nats-user", "host:h-secret", "--allow-run"]);
        let tune = ["tune", "--format", "csv", "--nats-user", "master:m-secret"];
        let remote = on(&nats, &tune);
        assert_eq!(remote.code, 0, "{}", remote.stderr);
        assert_eq!(remote.stdout, here(&tune[..3]).stdout);
        let run = ["run", "--nats-user", "master:m-secret", "echo", ":::", "a"];
        assert_eq!(on(&nats, &run).stdout, "a\n");
        // With a host's password nothing can be made.
        let began = Instant::now();
        let forged = on(&nats, &["factor", "12", "--nats-user", "host:h-secret"]);
        assert_eq!(
            (forged.code, forged.stdout.as_str()),
            (2, ""),
            "{}",
            forged.stderr
        );
        assert!(
            forged.stderr.contains("Permissions Violation"),
            "{}",
            forged.stderr
        );
        assert!(
            began.elapsed() < Duration::from_secs(25),
            "{}",
            forged.stderr
        );
    });
}

#[test]
fn a_server_without_room_or_of_old_is_told_of() {
    within(90, || {
        let full = Nats::start_with(&["-js"], "jetstream { max_file_store: 1MB }\n");
        refused(
            &["factor", "12", "--backend", &full.url()],
            &["has no room", "cluster clean"],
        );
        // It says that it is of version 2.2, and then only answers pings.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let info = r#"INFO {"server_id":"old","version":"2.2.6","proto":1,"host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"jetstream":true}"#;
                let _ = stream.write_all(format!("{info}\r\n").as_bytes());
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                for line in lines.map_while(Result::ok) {
                    if line.starts_with("PING") {
                        let _ = stream.write_all(b"PONG\r\n");
                    }
                }
            }
        });
        refused(
            &["factor", "12", "--backend", &url],
            &["version 2.2.6", "2.9 or later"],
        );
    });
}
