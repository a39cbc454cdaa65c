//! `master demo sleepers`, through the binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    process::Command,
    time::{Duration, Instant},
};

use brigade_tests::{Output, binary, kill, master, within};
use nix::sys::signal::Signal;

fn sleepers(arguments: &str) -> Output {
    let arguments = format!("demo sleepers {arguments}");
    master(arguments.split_whitespace()).end()
}

/// The number and the time of `0 sleeps for 4.69 seconds`.
fn sleeper(line: &str) -> (usize, f64) {
    let (number, rest) = line.split_once(" sleeps for ").unwrap();
    let seconds = rest.strip_suffix(" seconds").unwrap();
    (number.parse().unwrap(), seconds.parse().unwrap())
}

#[test]
fn the_lines_come_as_in_the_chapter_and_the_shortest_sleep_ends_first() {
    within(60, || {
        let output = sleepers("--max-seconds 0.6 --seed 11");
        assert_eq!(output.code, 0);
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!(lines.len(), 13, "{lines:#?}");
        assert_eq!(lines[..2], ["Creating 5 tasks", "Waiting for 5 tasks"]);
        assert_eq!(lines[12], "Done with the sleepers");
        let slept: Vec<(usize, f64)> = lines[2..7].iter().map(|line| sleeper(line)).collect();
        assert!((0..5).eq(slept.iter().map(|(number, _)| *number)));
        assert!(
            slept
                .iter()
                .all(|(_, seconds)| (0.0..=0.6).contains(seconds))
        );
        let woken: Vec<f64> = lines[7..12]
            .iter()
            .map(|line| {
                let number = line.strip_suffix(" awakens, refreshed").unwrap();
                slept[number.parse::<usize>().unwrap()].1
            })
            .collect();
        assert!(woken.is_sorted(), "{woken:?}");
        let again = sleepers("--max-seconds 0.6 --seed 11");
        let times = |output: &Output| output.stdout.lines().take(7).collect::<Vec<_>>().join("\n");
        assert_eq!(times(&again), times(&output));
        assert_ne!(
            times(&sleepers("--max-seconds 0.6 --seed 12")),
            times(&output)
        );
    });
}

#[test]
fn many_wait_together_as_long_as_one() {
    within(60, || {
        let began = Instant::now();
        let output = sleepers("--count 20000 --max-seconds 1");
        assert_eq!(output.code, 0);
        assert_eq!(
            output.stdout.matches(" awakens, refreshed\n").count(),
            20_000
        );
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "one after another: 10,000 seconds"
        );
        assert!(output.stderr.starts_with("slept ") && output.stderr.contains(" on one thread"));
    });
}

#[test]
fn ctrl_c_wakes_nobody_and_says_who_still_sleeps() {
    within(60, || {
        let mut run = master("demo sleepers --count 3 --max-seconds 86400 --seed 1".split(' '));
        let lines: Vec<String> = (0..5).map(|_| run.stdout_line()).collect();
        assert!(lines[4].starts_with("2 sleeps for "), "{lines:?}");
        kill(run.pid(), Signal::SIGINT);
        let output = run.end();
        assert_eq!((output.code, output.stdout.as_str()), (130, ""));
        assert_eq!(output.stderr, "interrupted: 3 of 3 were still asleep\n");
    });
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    within(60, || {
        let master = binary("master");
        let script = format!(
            "{} demo sleepers --count 100000 --max-seconds 1 | head -n 2",
            master.display()
        );
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "Creating 100000 tasks\nWaiting for 100000 tasks\n"
        );
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    });
}

#[test]
fn what_cannot_be_slept_is_refused() {
    within(60, || {
        for arguments in [
            "--count 0",
            "--count 1000001",
            "--max-seconds -1",
            "--max-seconds NaN",
        ] {
            let output = sleepers(arguments);
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (2, ""),
                "{arguments}"
            );
        }
    });
}
