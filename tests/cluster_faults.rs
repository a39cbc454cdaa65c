//! Several machines when parts of them are lost: every result comes, and comes once.

use std::{collections::BTreeSet, fs, path::Path, thread, time::Duration};

use brigade_tests::{Nats, Output, Running, children_of, eventually, kill, master, within};
use nix::sys::signal::Signal;

/// Numbers whose factors take some ten seconds of two cores to find, and how to say so.
const NUMBERS: [&str; 7] = [
    "factor", "--random", "3000", "--digits", "28", "--seed", "11",
];

/// So soon a silent host is taken for dead.
const SILENCE: [&str; 2] = ["--host-timeout", "3s"];

fn start_on(nats: &Nats, more: &[&str]) -> Running {
    let url = nats.url();
    let all = NUMBERS.iter().chain(&SILENCE).chain(more).copied();
    master(all.chain(["--backend", &url]))
}

/// Whether all results are there, each once, as this machine alone finds them.
#[track_caller]
fn assert_whole(output: &Output) {
    assert_eq!(output.code, 0, "{}", output.stderr);
    let local = master(NUMBERS).end();
    assert_eq!(output.stdout.lines().count(), 3_000, "{}", output.stderr);
    assert!(
        output.stdout == local.stdout,
        "not the same factors: {}",
        output.stderr
    );
}

/// Waits until the job has done something and has more to do.
fn wait_for_work(nats: &Nats) {
    assert!(
        eventually(60, || nats.status()["jobs"][0]["done"].as_u64() > Some(50)),
        "{}",
        nats.status()
    );
}

#[test]
fn a_host_that_is_killed_costs_time_and_nothing_else() {
    within(180, || {
        let nats = Nats::start();
        let doomed = nats.host(1, &[]);
        let _host = nats.host(1, &[]);
        let factor = start_on(&nats, &[]);
        wait_for_work(&nats);
        kill(doomed.pid(), Signal::SIGKILL);
        assert_whole(&factor.end());
    });
}

#[test]
fn a_host_that_joins_late_helps() {
    within(180, || {
        let nats = Nats::start();
        let mut factor = start_on(&nats, &[]);
        factor.stderr_line(|line| line.contains("no host takes tasks"));
        let _host = nats.host(2, &[]);
        assert_whole(&factor.end());
    });
}

#[test]
fn a_host_that_hangs_for_a_while_is_worked_around_and_its_late_results_are_dropped() {
    within(180, || {
        let nats = Nats::start();
        let silent = nats.host(1, &[]);
        let _host = nats.host(1, &[]);
        let factor = start_on(&nats, &[]);
        wait_for_work(&nats);
        // As when the network between it and the server is cut, but the connection stays.
        kill(silent.pid(), Signal::SIGSTOP);
        thread::sleep(Duration::from_secs(6));
        kill(silent.pid(), Signal::SIGCONT);
        assert_whole(&factor.end());
    });
}

#[test]
fn a_master_that_is_killed_is_resumed_and_does_nothing_twice() {
    within(240, || {
        let nats = Nats::start();
        let _host = nats.host(1, &["--allow-run"]);
        let log = nats.folder().join("ran");
        let shell = format!("echo {{}} >> {}; sleep 0.2; echo {{}}", log.display());
        let inputs: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        let url = nats.url();
        let start = |more: &[&str]| {
            let mut arguments = vec!["run", "-k", "-j", "4", "--backend", &url];
            arguments.extend(SILENCE.iter().chain(more));
            arguments.extend(["--shell", &shell, ":::"]);
            arguments.extend(inputs.iter().map(String::as_str));
            master(arguments)
        };
        let mut first = start(&[]);
        let said = first.stderr_line(|line| line.contains("--resume-job"));
        let job = said
            .split_whitespace()
            .nth(1)
            .unwrap()
            .trim_end_matches(';')
            .to_owned();
        assert!(eventually(60, || lines(&log) >= 12), "{}", lines(&log));
        kill(first.pid(), Signal::SIGKILL);
        drop(first);
        let seen = nats.status();
        assert!(seen["jobs"][0]["master_pid"].is_null(), "{seen}");
        let done_before = seen["jobs"][0]["result_messages"].as_u64().unwrap();
        assert!(done_before > 3, "{seen}");
        let output = start(&["--resume-job", &job]).end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let expected = inputs.join("\n") + "\n";
        assert_eq!(output.stdout, expected);
        // What was running when the master died may have run twice, and nothing else.
        let ran = lines(&log);
        assert!((40..=40 + 8).contains(&ran), "{ran}");
        assert!(eventually(20, || nats.status()["jobs"]
            .as_array()
            .is_some_and(Vec::is_empty)));
        let again = start(&["--resume-job", &job]).end();
        assert_eq!(again.code, 2);
        assert!(again.stderr.contains("there is no job"), "{}", again.stderr);
    });
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn a_server_that_is_killed_and_restarted_loses_nothing() {
    within(240, || {
        let mut nats = Nats::start();
        let _hosts = [nats.host(1, &[]), nats.host(1, &[])];
        let mut factor = start_on(&nats, &[]);
        wait_for_work(&nats);
        for _ in 0..2 {
            nats.kill();
            factor.stderr_line(|line| line.contains("is lost"));
            nats.restart();
            factor.stderr_line(|line| line.contains("is back"));
            thread::sleep(Duration::from_secs(1));
        }
        assert_whole(&factor.end());
    });
}

#[test]
fn a_server_that_hangs_for_a_while_costs_time_and_nothing_else() {
    within(240, || {
        let nats = Nats::start();
        let _hosts = [nats.host(1, &[]), nats.host(1, &[])];
        let factor = start_on(&nats, &[]);
        wait_for_work(&nats);
        nats.signal(Signal::SIGSTOP);
        thread::sleep(Duration::from_secs(10));
        nats.signal(Signal::SIGCONT);
        assert_whole(&factor.end());
    });
}

#[test]
fn a_task_that_ends_its_hosts_is_given_up_after_five_and_the_others_are_done() {
    within(240, || {
        let nats = Nats::start();
        let url = nats.url();
        let mut host = nats.host(1, &["--allow-run"]);
        let mut run = master([
            "run",
            "-k",
            "--backend",
            &url,
            "--host-timeout",
            "1s",
            "--shell",
            "[ {} = bad ] && kill -9 $(ps -o ppid= -p $PPID); echo {}",
            ":::",
            "a",
            "bad",
            "b",
        ]);
        let mut killed = BTreeSet::new();
        run.stderr_line(|line| line.starts_with("job "));
        let ended = loop {
            if !brigade_tests::is_alive(host.pid()) {
                killed.insert(host.pid());
                host = nats.host(1, &["--allow-run"]);
            }
            if !brigade_tests::is_alive(run.pid()) {
                break run.end();
            }
            thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(ended.stdout, "a\nb\n", "{}", ended.stderr);
        assert_eq!(ended.code, 3, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("none of them answered"),
            "{}",
            ended.stderr
        );
        assert_eq!(killed.len(), 5, "{}", ended.stderr);
        assert!(children_of(host.pid()).len() < 10);
    });
}
