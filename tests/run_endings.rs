//! `master run`, through the binaries: how commands end, and that none is left.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use brigade_tests::{Output, children_of, eventually, is_alive, kill, master, within};
use nix::sys::signal::Signal;
use tempfile::TempDir;

fn run(arguments: &[&str]) -> Output {
    master(["run"].iter().chain(arguments)).end()
}

/// A folder in which commands leave their process ids.
struct Pids(TempDir);

impl Pids {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A script that starts a child, one in a session of its own, and one that has lost its parent there; all note
    /// their ids, and wait.
    fn script(&self) -> String {
        let folder = self.path().display();
        let note =
            format!("echo $$ > {folder}/$$.new; mv {folder}/$$.new {folder}/$$; exec sleep 300");
        format!(
            "echo begun; sh -c '{note}' & setsid sh -c '{note}' & (setsid sh -c '{note}' &); \
             echo $$ > {folder}/$$; wait; sleep 300; true {{}}"
        )
    }

    fn all(&self) -> Vec<i32> {
        let entries = fs::read_dir(self.path()).unwrap().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| name.parse().ok()).collect()
    }

    #[track_caller]
    fn wait_for(&self, count: usize) {
        assert!(
            eventually(30, || self.all().len() >= count),
            "{:?}",
            self.all()
        );
    }

    #[track_caller]
    fn assert_all_gone(&self) {
        let left = || {
            self.all()
                .into_iter()
                .filter(|pid| is_alive(*pid))
                .collect::<Vec<_>>()
        };
        assert!(eventually(5, || left().is_empty()), "left: {:?}", left());
    }
}

#[test]
fn a_command_that_runs_out_of_time_ends_with_all_it_has_started_and_its_output_is_shown() {
    within(60, || {
        let pids = Pids::new();
        let output = run(&["--timeout", "4s", "--shell", &pids.script(), ":::", "x"]);
        assert_eq!((output.code, output.stdout.as_str()), (3, "begun\n"));
        assert!(
            output
                .stderr
                .contains("still running when its time was over"),
            "{}",
            output.stderr
        );
        assert_eq!(pids.all().len(), 4);
        pids.assert_all_gone();
    });
}

#[test]
fn one_that_does_not_want_to_end_is_killed_a_second_later() {
    within(30, || {
        let began = Instant::now();
        let script = "trap 'echo asked' TERM; while :; do sleep 0.05; done; {}";
        let output = run(&["--timeout", "2s", "--shell", script, ":::", "x"]);
        assert_eq!(output.code, 3);
        assert_eq!(output.stdout, "asked\n");
        assert!(began.elapsed() >= Duration::from_secs(3));
    });
}

#[test]
fn nothing_is_left_when_the_master_is_killed() {
    within(60, || {
        let pids = Pids::new();
        let running = master(["run", "-j2", "--shell", &pids.script(), ":::", "x", "y"]);
        pids.wait_for(8);
        kill(running.pid(), Signal::SIGKILL);
        pids.assert_all_gone();
        drop(running);
    });
}

#[test]
fn nothing_is_left_when_it_is_interrupted_and_what_ends_in_time_is_shown() {
    within(60, || {
        let pids = Pids::new();
        let mut running = master([
            "run",
            "-j2",
            "--shell",
            &pids.script(),
            ":::",
            "x",
            "y",
            "z",
        ]);
        pids.wait_for(8);
        kill(running.pid(), Signal::SIGINT);
        running.stderr_line(|line| line.starts_with("interrupted: "));
        kill(running.pid(), Signal::SIGINT);
        let output = running.end();
        assert_eq!(output.code, 130, "{}", output.stderr);
        pids.assert_all_gone();

        let folder = tempfile::tempdir().unwrap();
        let (begun, gate) = (folder.path().join("begun"), folder.path().join("gate"));
        let script = format!(
            "touch {}; until test -e {}; do sleep 0.01; done; echo {{}}",
            begun.display(),
            gate.display()
        );
        let mut running = master(["run", "-j1", "--shell", &script, ":::", "1", "2", "3"]);
        assert!(eventually(30, || begun.exists()));
        kill(running.pid(), Signal::SIGTERM);
        running.stderr_line(|line| line.starts_with("terminated: "));
        fs::write(&gate, "").unwrap();
        let output = running.end();
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (143, "1\n"),
            "{}",
            output.stderr
        );
        assert!(
            output.stderr.contains("2 were not run"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn a_worker_that_is_killed_takes_its_command_along_and_no_other() {
    within(60, || {
        let pids = Pids::new();
        let gate = pids.path().join("gate");
        let script = format!(
            "if test {{}} = x; then {}; fi; until test -e {}; do sleep 0.01; done; echo {{}}",
            pids.script(),
            gate.display()
        );
        let mut running = master(["run", "-j2", "-v", "--shell", &script, ":::", "x", "y"]);
        let workers = running.worker_pids(2);
        pids.wait_for(4);
        let shells = pids.all();
        let of_x = workers
            .iter()
            .find(|worker| children_of(**worker).iter().any(|pid| shells.contains(pid)));
        kill(*of_x.unwrap(), Signal::SIGKILL);
        fs::write(&gate, "").unwrap();
        let output = running.end();
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (3, "y\n"),
            "{}",
            output.stderr
        );
        assert!(
            output.stderr.contains("error: job 1 (worker "),
            "{}",
            output.stderr
        );
        pids.assert_all_gone();
    });
}

#[test]
fn halting_now_ends_what_runs_and_halting_soon_does_not() {
    within(60, || {
        let pids = Pids::new();
        let wait = "until test $(ls FOLDER | wc -l) -ge 4; do sleep 0.01; done; echo bad; exit 7";
        let script = format!(
            "if test {{}} = bad; then {}; else {}; fi",
            wait.replace("FOLDER", &pids.path().display().to_string()),
            pids.script()
        );
        let output = run(&[
            "-j2",
            "--halt",
            "now,fail=1",
            "--shell",
            &script,
            ":::",
            "x",
            "bad",
            "y",
        ]);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (3, "bad\n"),
            "{}",
            output.stderr
        );
        assert!(
            output
                .stderr
                .contains("2 were not run to the end because of --halt"),
            "{}",
            output.stderr
        );
        pids.assert_all_gone();
        let script = "test {} = 1 && exit 1; sleep 0.3; echo {}";
        let output = run(&[
            "-j2",
            "--halt",
            "soon,fail=1",
            "--shell",
            script,
            ":::",
            "1",
            "2",
            "3",
            "4",
        ]);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (3, "2\n"),
            "{}",
            output.stderr
        );
    });
}

/// The numbers of the jobs in a log, in its order.
fn logged(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .skip(1)
        .map(|line| line.split('\t').next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_log_goes_on_where_a_killed_master_left_it() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("log");
        let log = path.display().to_string();
        let gate = folder.path().join("gate").display().to_string();
        let script =
            format!("test {{}} -le 3 || until test -e {gate}; do sleep 0.01; done; echo {{}}");
        let arguments = [
            "run", "-k", "-j2", "--joblog", &log, "--resume", "--shell", &script, ":::", "1", "2",
            "3", "4", "5",
        ];
        let running = master(arguments);
        assert!(eventually(30, || path.exists() && logged(&path).len() == 3));
        kill(running.pid(), Signal::SIGKILL);
        drop(running);
        fs::write(&gate, "").unwrap();
        let output = master(arguments).end();
        output.assert_quiet_success();
        assert_eq!(output.stdout, "4\n5\n");
        let mut numbers = logged(&path);
        numbers.sort();
        assert_eq!(numbers, ["1", "2", "3", "4", "5"]);
        let output = run(&["--joblog", &log, "--resume", "echo", ":::", "other"]);
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("job 1 was another command"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn a_command_is_tried_again_when_asked_for_and_only_the_last_try_is_shown() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "cd {}; echo x >> {{}}; wc -l < {{}}; test $(wc -l < {{}}) -ge 3",
            folder.path().display()
        );
        let output = run(&[
            "-k",
            "--retries",
            "2",
            "--format",
            "json",
            "--shell",
            &script,
            ":::",
            "a",
            "b",
        ]);
        output.assert_quiet_success();
        for line in output.stdout.lines() {
            assert!(
                line.contains("\"attempts\":3") && line.contains("\"stdout\":\"3\\n\""),
                "{line}"
            );
        }
        let output = run(&["--shell", "test -e x", ":::", "a"]);
        assert_eq!(output.code, 3);
    });
}
