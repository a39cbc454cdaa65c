//! Faults 21 to 23 through the command line: Ctrl-C, Ctrl-C twice, Ctrl-Z.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    os::unix::process::CommandExt,
    time::{Duration, Instant},
};

use brigade_tests::{
    LONG, boards_of, eventually, is_alive, is_at_work, kill, master, table, within, write,
};
use nix::sys::signal::Signal;

/// A table that takes a second or more to tune with [`LONG`], and the folder that keeps it.
fn long_table() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    write(&path, &table(2_000, 40));
    let path = path.display().to_string();
    (folder, path)
}

/// The state letter of a process.
fn state(pid: i32) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    after_name.chars().next().unwrap_or('-')
}

/// Sends a signal in the middle of the work, and returns how it ended and what was said.
fn interrupted_by(signal: Signal) -> (i32, String) {
    let (_folder, path) = long_table();
    let options = ["tune", &path, "-v", "--workers", "2", "--format", "json"];
    let mut run = master(options.iter().chain(&LONG));
    let (pid, workers) = (run.pid(), run.worker_pids(2));
    assert!(eventually(30, || workers
        .iter()
        .all(|pid| is_at_work(*pid))));
    kill(pid, signal);
    let output = run.end();
    assert!(workers.iter().all(|worker| !is_alive(*worker)));
    assert!(boards_of(pid).is_empty());
    assert!(
        output.stdout.starts_with('{'),
        "what was done is reported: {}",
        output.stdout
    );
    let said = output
        .stderr
        .lines()
        .filter(|line| !line.starts_with("OS PID"));
    (output.code, said.collect::<Vec<_>>().join("\n"))
}

#[test]
fn fault_21_one_ctrl_c_ends_in_good_order_with_a_line() {
    within(60, || {
        let (code, said) = interrupted_by(Signal::SIGINT);
        assert_eq!(code, 130, "{said}");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 2, "{said}");
        assert_eq!(
            lines[0],
            "interrupted: finishing what is running; once more to kill it"
        );
        assert!(lines[1].contains("% of the work was done"), "{said}");
    });
}

#[test]
fn fault_21_sigterm_does_the_same_with_its_own_exit_code() {
    within(60, || {
        let (code, said) = interrupted_by(Signal::SIGTERM);
        assert_eq!(code, 143, "{said}");
        assert!(said.starts_with("terminated: "), "{said}");
    });
}

#[test]
fn fault_22_a_second_ctrl_c_kills() {
    within(60, || {
        // Sums that take minutes: nothing of this ends by itself within the grace.
        let mut run = master([
            "demo",
            "burn",
            "--count",
            "1000000000000",
            "--no-compare",
            "-v",
            "-j",
            "2",
        ]);
        let (pid, workers) = (run.pid(), run.worker_pids(2));
        assert!(eventually(30, || workers
            .iter()
            .all(|worker| is_at_work(*worker))));
        kill(pid, Signal::SIGINT);
        run.stderr_line(|line| line.starts_with("interrupted: "));
        let second = Instant::now();
        kill(pid, Signal::SIGINT);
        let output = run.end();
        // By the exit code, or by the signal itself.
        assert!(
            [130, -2].contains(&output.code),
            "{}: {}",
            output.code,
            output.stderr
        );
        assert!(
            second.elapsed() < Duration::from_secs(4),
            "it waited for the grace"
        );
        assert!(workers.iter().all(|worker| !is_alive(*worker)));
        assert!(boards_of(pid).is_empty());
    });
}

#[test]
fn fault_23_ctrl_z_stops_the_workers_and_going_on_goes_on() {
    within(120, || {
        let (_folder, path) = long_table();
        let mut command = std::process::Command::new(brigade_tests::binary("master"));
        command.args(["tune", &path, "-v", "--workers", "2", "--timeout", "10s"]);
        // In a group of its own, with a parent outside: a group without anybody who could continue it is not stopped,
        // and such may be that of the tests.
        command.args(LONG).process_group(0);
        let mut run = brigade_tests::Running::start(command);
        let (pid, workers) = (run.pid(), run.worker_pids(2));
        assert!(eventually(30, || workers
            .iter()
            .all(|pid| is_at_work(*pid))));
        kill(pid, Signal::SIGTSTP);
        let all: Vec<i32> = workers.iter().copied().chain([pid]).collect();
        assert!(
            eventually(10, || all.iter().all(|pid| state(*pid) == 'T')),
            "not stopped"
        );
        // Longer than the time limit of a task: time that stood still does not count.
        std::thread::sleep(Duration::from_secs(11));
        assert!(
            all.iter().all(|pid| state(*pid) == 'T'),
            "they do not stay stopped"
        );
        kill(pid, Signal::SIGCONT);
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(!output.stderr.contains("error"), "{}", output.stderr);
    });
}

#[test]
fn a_signal_that_was_ignored_from_the_start_stays_ignored() {
    within(60, || {
        let (_folder, path) = long_table();
        let mut command = std::process::Command::new("/bin/sh");
        let script = format!(
            "trap '' INT HUP; exec {} tune {path} -v --format lines {}",
            brigade_tests::binary("master").display(),
            LONG.join(" ")
        );
        command.args(["-c", &script]);
        let mut run = brigade_tests::Running::start(command);
        let pid = run.pid();
        run.worker_pids(1);
        kill(pid, Signal::SIGINT);
        kill(pid, Signal::SIGHUP);
        let output = run.end();
        assert_eq!(
            (output.code, output.stdout.lines().count()),
            (0, 80),
            "{}",
            output.stderr
        );
    });
}
