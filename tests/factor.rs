//! `master factor`, through the binaries.

use std::{process::Command, thread, time::Duration};

use brigade_tests::{Output, binary, kill_if_there, master, within};
use nix::sys::signal::Signal;

fn factor(arguments: &str, input: &str) -> Output {
    let arguments = format!("factor {arguments}");
    master(arguments.split_whitespace()).input(input).end()
}

#[test]
fn arguments_and_lines_are_factored_as_coreutils_does() {
    within(30, || {
        let output = factor("12 1 97 340282366920938463463374607431768211455", "");
        output.assert_quiet_success();
        let largest = "340282366920938463463374607431768211455: \
                       3 5 17 257 641 65537 274177 6700417 67280421310721";
        assert_eq!(output.stdout, format!("12: 2 2 3\n1:\n97: 97\n{largest}\n"));
        let output = factor("", "12 13\n\n\t+14\r\n15");
        output.assert_quiet_success();
        assert_eq!(output.stdout, "12: 2 2 3\n13: 13\n14: 2 7\n15: 3 5\n");
        assert_eq!(factor("", "").stdout, "");
    });
}

#[test]
fn both_methods_give_what_the_command_factor_gives_in_the_same_order() {
    within(60, || {
        let auto = factor("--random 3000 --seed 42 -j 3", "");
        auto.assert_quiet_success();
        let numbers: Vec<&str> = auto
            .stdout
            .lines()
            .filter_map(|line| line.split(':').next())
            .collect();
        let numbers = numbers.join("\n");
        assert_eq!(numbers.lines().count(), 3000);
        assert_eq!(factor("--method trial -j 3", &numbers).stdout, auto.stdout);
        assert_eq!(factor("--backend threads", &numbers).stdout, auto.stdout);
        let words = numbers.split_whitespace();
        if let Ok(coreutils) = Command::new("factor").args(words).output() {
            assert_eq!(String::from_utf8_lossy(&coreutils.stdout), auto.stdout);
        }
    });
}

#[test]
fn what_is_no_number_is_told_with_its_line_and_the_rest_is_done() {
    within(30, || {
        let input = "6\n0\n-7\nsix 8\n340282366920938463463374607431768211456\n9\n";
        let output = factor("", input);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (3, "6: 2 3\n8: 2 2 2\n9: 3 3\n")
        );
        let said: Vec<&str> = output.stderr.lines().collect();
        assert_eq!(said.len(), 4, "{said:?}");
        assert!(
            said[0].starts_with("error: line 2: 0 has no prime factors"),
            "{said:?}"
        );
        assert!(said[1].starts_with("error: line 3: `-7` is negative"));
        assert!(said[2].starts_with("error: line 4: `six` is no whole number"));
        assert!(said[3].starts_with("error: line 5:") && said[3].contains("too large"));
        let output = factor("-5 6", "");
        assert_eq!((output.code, output.stdout.as_str()), (3, "6: 2 3\n"));
        assert!(
            output
                .stderr
                .starts_with("error: argument 1: `-5` is negative")
        );
    });
}

#[test]
fn only_primes_when_only_primes_are_wanted() {
    within(30, || {
        let output = factor("--primes 4 5 6 7", "");
        output.assert_quiet_success();
        assert_eq!(output.stdout, "5\n7\n");
        let output = factor("--primes --format csv 4 5", "");
        assert_eq!(output.stdout, "number,factors\n5,5\n");
        let output = factor("--primes 4 6", "");
        assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    });
}

#[test]
fn a_pipe_that_does_not_end_is_answered_line_by_line() {
    within(30, || {
        let mut run = master(["factor"]);
        for (asked, answer) in [
            ("12\n", "12: 2 2 3\n"),
            ("35\n", "35: 5 7\n"),
            ("1\n", "1:\n"),
        ] {
            run.send(asked);
            assert_eq!(run.stdout_line(), answer);
        }
        assert_eq!(run.end().code, 0);
    });
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    within(30, || {
        let master = binary("master");
        let script = format!("{} factor --random 100000000 | head -n 2", master.display());
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    });
}

#[test]
fn workers_killed_in_the_middle_cost_nothing() {
    within(60, || {
        let arguments = "factor --random 30000 --seed 7 --method trial -j 2 -v --retries 20";
        let undisturbed = factor("--random 30000 --seed 7", "").stdout;
        let mut run = master(arguments.split(' '));
        for _ in 0..3 {
            for pid in run.worker_pids(1) {
                thread::sleep(Duration::from_millis(10));
                kill_if_there(pid, Signal::SIGKILL);
            }
        }
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(
            output.stderr.contains("was killed by SIGKILL"),
            "{}",
            output.stderr
        );
        assert!(output.stdout == undisturbed, "results differ");
    });
}
