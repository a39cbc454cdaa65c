//! Options and variables mean the same with every command.

use std::process::Command;

use brigade_tests::{Output, Running, binary, master, within};

/// Runs with variables set.
fn with(variables: &[(&str, &str)], arguments: &str) -> Output {
    let mut command = Command::new(binary("master"));
    command.args(arguments.split_whitespace());
    command.envs(variables.iter().copied());
    Running::start(command).end()
}

#[test]
fn a_variable_that_is_empty_is_as_one_that_is_not_set() {
    within(60, || {
        let output = with(&[("BRIGADE_WORKER", "")], "tune --k 1 --distance ED");
        assert_eq!(output.code, 0, "{}", output.stderr);
        let output = with(&[("BRIGADE_NATS", "")], "cluster status");
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("--server <URL>"),
            "{}",
            output.stderr
        );
        let output = with(&[("BRIGADE_NATS_USER", "")], "factor 6");
        assert_eq!((output.code, output.stdout.as_str()), (0, "6: 2 3\n"));
    });
}

#[test]
fn options_of_other_machines_are_refused_without_them_unless_the_environment_has_them() {
    within(60, || {
        for option in ["--nats-user a:b", "--nats-creds file", "--nats-replicas 3"] {
            let output = with(&[], &format!("factor 6 {option}"));
            assert_eq!(output.code, 2, "{option}");
            let (name, _) = option.split_once(' ').unwrap();
            let expected = format!("{name} goes with --backend nats://");
            assert!(output.stderr.contains(&expected), "{}", output.stderr);
        }
        let output = with(&[("BRIGADE_NATS_USER", "a:b")], "factor 6");
        assert_eq!((output.code, output.stdout.as_str()), (0, "6: 2 3\n"));
    });
}

#[test]
fn color_counts_for_help_and_for_complaints_about_the_command_line() {
    within(60, || {
        let force = [("CLICOLOR_FORCE", "1")];
        let coloured = |arguments| with(&force, arguments).stderr.contains('\u{1b}');
        assert!(coloured("tune --nonsense"));
        assert!(!coloured("tune --nonsense --color never"));
        assert!(!coloured("--color=never tune --nonsense"));
        let plain = with(&[("NO_COLOR", "1")], "tune --nonsense --color always");
        assert!(plain.stderr.contains('\u{1b}'), "{}", plain.stderr);
    });
}

#[test]
fn progress_that_is_asked_for_is_shown_by_all_that_can_take_long() {
    within(120, || {
        for (command, last) in [
            ("factor 6 7 8", "100 %"),
            ("search . -e needle_of_this_test", "100 %"),
            ("demo burn --count 1000 -j 1", "100 %"),
            ("demo race --times 100 -j 1", "100 %"),
            ("imports .", "100 %"),
            ("tune --k 1:5", "100 %"),
        ] {
            let words = command.split_whitespace();
            let output = master(words.chain(["--progress", "always"])).end();
            let said = output
                .stderr
                .lines()
                .any(|line| line.trim_start().starts_with(last));
            assert!(said, "{command}: {}", output.stderr);
            let words = command.split_whitespace();
            let output = master(words.chain(["--progress", "never"])).end();
            assert!(!output.stderr.contains('%'), "{command}: {}", output.stderr);
        }
    });
}
