//! `master run`, through the binaries: what commands are given, and what becomes of their output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    process::Command,
    time::{Duration, Instant},
};

use brigade_tests::{Output, binary, children_of, eventually, master, within, write};
use nix::sys::signal::Signal;

fn run(arguments: &[&str], input: &str) -> Output {
    master(["run"].iter().chain(arguments)).input(input).end()
}

/// Through a shell, for pipes and redirections around it.
fn through_shell(script: &str) -> std::process::Output {
    let script = script.replace("RUN", &format!("{} run", binary("master").display()));
    Command::new("sh").args(["-c", &script]).output().unwrap()
}

#[test]
fn an_input_is_one_argument_whatever_is_in_it() {
    within(30, || {
        let evil = [
            "a b",
            "$(touch evil)",
            "`touch evil`",
            "; touch evil",
            "*",
            "-n",
            "\"",
            "'",
        ];
        let arguments: Vec<&str> = ["-k", "printf", "[%s]", "{}", ":::"]
            .into_iter()
            .chain(evil)
            .collect();
        let output = run(&arguments, "");
        output.assert_quiet_success();
        assert_eq!(output.stdout, evil.map(|word| format!("[{word}]")).concat());
        for quotes in ["{}", "\"{}\"", "'{}'"] {
            let script = format!("printf '[%s]' {quotes}");
            let arguments: Vec<&str> = ["-k", "--shell", &script, ":::"]
                .into_iter()
                .chain(evil)
                .collect();
            let output = run(&arguments, "");
            output.assert_quiet_success();
            assert_eq!(
                output.stdout,
                evil.map(|word| format!("[{word}]")).concat(),
                "{script}"
            );
        }
    });
}

#[test]
fn arguments_and_output_may_be_any_bytes() {
    within(30, || {
        let raw = OsStr::from_bytes(b"\xff\xfe a");
        let mut command = Command::new(binary("master"));
        command.args(["run", "printf", "%s", ":::"]).arg(raw);
        assert_eq!(command.output().unwrap().stdout, raw.as_bytes());
        let output = through_shell("printf '\\377\\n' | RUN printf %s");
        assert_eq!(output.stdout, b"\xff");
        let output = run(&["echo"], "a\0b\nc\n");
        assert_eq!((output.code, output.stdout.as_str()), (3, "c\n"));
        assert!(output.stderr.contains("NUL byte"), "{}", output.stderr);
    });
}

#[test]
fn output_comes_in_one_piece_a_job_and_each_stream_where_it_belongs() {
    within(60, || {
        let script = "for i in 1 2 3 4 5 6 7 8; do echo {} $i; echo e{} $i >&2; sleep 0.01; done";
        let output = run(
            &["-j", "4", "--shell", script, ":::", "a", "b", "c", "d"],
            "",
        );
        assert_eq!(output.code, 0);
        for (text, prefix) in [(&output.stdout, ""), (&output.stderr, "e")] {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(lines.len(), 32);
            for job in lines.chunks(8) {
                let name = job[0].split(' ').next().unwrap();
                let expected: Vec<String> = (1..=8).map(|i| format!("{name} {i}")).collect();
                assert_eq!(job, expected);
                assert!(name.starts_with(prefix));
            }
        }
    });
}

#[test]
fn lines_are_shown_while_the_command_goes_on() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        let gate = folder.path().join("gate");
        let script = format!(
            "printf 'fir'; sleep 0.05; echo st; until test -e {}; do sleep 0.01; done; printf last",
            gate.display()
        );
        let mut running = master([
            "run",
            "--line-buffer",
            "--tag",
            "--shell",
            &script,
            ":::",
            "x",
        ]);
        assert_eq!(running.stdout_line(), "x\tfirst\n");
        write(&gate, "");
        assert_eq!(running.stdout_line(), "x\tlast");
        assert_eq!(running.end().code, 0);
    });
}

#[test]
fn large_output_passes_through_a_file_without_a_name() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "TMPDIR={} RUN -k -j2 --shell 'head -c {{}} /dev/zero; echo {{}}' ::: 100000000 30000000 | wc -c",
            folder.path().display()
        );
        let child = std::thread::spawn(move || through_shell(&script));
        let output = child.join().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "130000019");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    });
}

#[test]
fn large_output_takes_no_memory() {
    within(60, || {
        let script = "head -c 150000000 /dev/zero; sleep 60";
        let running = master(["run", "-j1", "--shell", script, ":::", "x"]);
        let peak = |pid: i32| -> u64 {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            line.and_then(|line| line.split_whitespace().next()?.parse().ok())
                .unwrap_or(0)
        };
        let spooled = || {
            let blocks = fs::read_dir(format!("/proc/{}/fd", running.pid()))
                .unwrap()
                .flatten();
            let sizes = blocks.filter_map(|entry| fs::metadata(entry.path()).ok());
            sizes.map(|file| file.len()).max().unwrap_or(0)
        };
        assert!(eventually(30, || spooled() > 149_000_000), "{}", spooled());
        let worker = *children_of(running.pid()).first().unwrap();
        for pid in [running.pid(), worker] {
            assert!(peak(pid) < 60_000, "{} KiB", peak(pid));
        }
    });
}

#[test]
fn what_a_command_leaves_in_the_background_holds_nobody_up() {
    within(30, || {
        let began = Instant::now();
        let output = run(&["--shell", "echo {}; sleep 50 & true", ":::", "a"], "");
        output.assert_quiet_success();
        assert_eq!(output.stdout, "a\n");
        assert!(began.elapsed() < Duration::from_secs(20));
    });
}

#[test]
fn programs_that_cannot_be_run_are_told_of_with_the_remedy() {
    within(30, || {
        let output = run(&["no-such-program", "{}", ":::", "1", "2"], "");
        assert_eq!(output.code, 2);
        assert_eq!(
            output.stderr,
            "error: there is no program no-such-program, in no folder of PATH\n"
        );
        let output = run(&["cat {} | wc", ":::", "a"], "");
        assert_eq!(output.code, 2);
        assert!(output.stderr.contains("add --shell"), "{}", output.stderr);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        write(folder.path().join("data").as_path(), "x");
        write(
            folder.path().join("script").as_path(),
            "#!/no/such/interpreter\n",
        );
        write(folder.path().join("text").as_path(), "no script");
        for name in ["script", "text"] {
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for (program, expected) in [
            (path("none"), "no such program"),
            (path("data"), "chmod +x"),
            (path("script"), "interpreter that its first line names"),
            (path("text"), "nor a script that begins with `#!`"),
        ] {
            let output = run(&["{}", "x", ":::", &program, "/bin/true"], "");
            assert_eq!(output.code, 3, "{}", output.stderr);
            assert!(output.stderr.contains(expected), "{}", output.stderr);
        }
        let long = "x".repeat(200_000);
        let output = run(&["echo"], &format!("{long}\nok\n"));
        assert_eq!((output.code, output.stdout.as_str()), (3, "ok\n"));
        assert!(output.stderr.contains("longer than the system allows"));
    });
}

#[test]
fn failures_make_exit_code_3_and_a_summary_and_the_rest_is_delivered() {
    within(30, || {
        let output = run(
            &[
                "-k",
                "--shell",
                "echo {}; exit {}",
                ":::",
                "0",
                "3",
                "0",
                "5",
            ],
            "",
        );
        assert_eq!((output.code, output.stdout.as_str()), (3, "0\n3\n0\n5\n"));
        assert_eq!(
            output.stderr,
            "error: 2 of 4 jobs failed, first job 2 (exit code 3): echo 3; exit 3\n"
        );
        let output = run(
            &[
                "-k",
                "-j1",
                "--halt",
                "soon,fail=1",
                "--shell",
                "exit {}",
                ":::",
                "1",
                "0",
            ],
            "",
        );
        assert_eq!(output.code, 3);
        assert!(
            output
                .stderr
                .contains("1 was not run to the end because of --halt"),
            "{}",
            output.stderr
        );
        let output = run(&["echo", "{}"], "");
        output.assert_quiet_success();
        assert_eq!(output.stdout, "");
    });
}

#[test]
fn every_format_says_what_came_of_each_job() {
    within(30, || {
        let arguments = [
            "-k",
            "--shell",
            "printf 'é\\n'; echo {} >&2; exit {}",
            ":::",
            "0",
            "3",
        ];
        let output = |format| {
            let all = ["--format", format].into_iter().chain(arguments);
            run(&all.collect::<Vec<_>>(), "")
        };
        let json = output("json").stdout;
        let jobs: Vec<serde_json::Value> = json
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(jobs.len(), 2);
        assert_eq!(
            (&jobs[1]["exit"], &jobs[1]["stdout"], &jobs[1]["stderr"]),
            (&3.into(), &"é\n".into(), &"3\n".into())
        );
        let csv = output("csv").stdout;
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "job,exit,signal,attempts,began,seconds,command");
        assert!(lines[2].starts_with("2,3,0,1,"), "{csv}");
        let table = output("table").stdout;
        assert!(
            table.contains("exit code 3")
                && table.ends_with("succeeded: 1, failed: 1, not run: 0\n"),
            "{table}"
        );
    });
}

#[test]
fn columns_of_csv_may_hold_anything() {
    within(30, || {
        let input = "name,text\n\"a, b\",\"line 1\nline 2\"\nc,\"say \"\"x\"\"\"\n";
        let output = run(
            &[
                "-k", "--csv", "--header", ":", "printf", "[%s|%s]", "{text}", "{1}",
            ],
            input,
        );
        output.assert_quiet_success();
        assert_eq!(output.stdout, "[line 1\nline 2|a, b][say \"x\"|c]");
    });
}

#[test]
fn guards_hold_jobs_back_and_say_why() {
    within(30, || {
        let mut running = master(["run", "--memfree", "900T", "echo", ":::", "1"]);
        let line = running.stderr_line(|line| line.starts_with("waiting: "));
        assert!(line.contains("--memfree wants"), "{line}");
        brigade_tests::kill(running.pid(), Signal::SIGINT);
        let output = running.end();
        assert_eq!((output.code, output.stdout.as_str()), (130, ""));
        let began = Instant::now();
        let output = run(&["-k", "--delay", "0.1", "echo", ":::", "1", "2", "3"], "");
        assert_eq!(output.stdout, "1\n2\n3\n");
        assert!(began.elapsed() >= Duration::from_millis(200));
    });
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    within(30, || {
        let output = through_shell("seq 100000 | RUN -k echo | head -n 2");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2\n");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    });
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    within(30, || {
        for (arguments, expected) in [
            (
                &["--backend", "threads", "echo", ":::", "1"][..],
                "leave out --backend threads",
            ),
            (
                &["--format", "json", "-u", "echo", ":::", "1"],
                "leave them out, or --format",
            ),
            (
                &["echo", "::::", "/no/such/file"],
                "/no/such/file: no such file",
            ),
            (&["-C", "(", "echo", ":::", "1"], "no regular expression"),
            (&["--halt", "now", "echo", ":::", "1"], "now,fail=1"),
            (&["--resume", "echo", ":::", "1"], "--joblog"),
            (&["-j", "0", "echo", ":::", "1"], "share of the cores"),
        ] {
            let output = run(arguments, "");
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (2, ""),
                "{arguments:?}"
            );
            assert!(output.stderr.contains(expected), "{}", output.stderr);
        }
    });
}
