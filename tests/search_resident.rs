//! `master search` that stays: asked again and again, watching its files, and losing its workers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use brigade_tests::{Running, Terminal, binary, eventually, kill, within};
use nix::sys::signal::Signal;
use tempfile::TempDir;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("master"));
    command.current_dir(folder).arg("search").args(arguments);
    command
}

/// A search that is asked through a pipe.
struct Resident(Running);

impl Resident {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let all = [&["--interactive", "--format", "json"], arguments].concat();
        Self(Running::start(command(folder, &all)))
    }

    /// Asks, and returns the found lines as `path:text`.
    fn ask(&mut self, pattern: &str) -> BTreeSet<String> {
        self.0.send(&format!("{pattern}\n"));
        let mut all = BTreeSet::new();
        loop {
            let line: serde_json::Value = serde_json::from_str(&self.0.stdout_line()).unwrap();
            assert_eq!(line["pattern"], pattern);
            if let Some(found) = line["found"].as_u64() {
                assert_eq!(found, all.len() as u64);
                return all;
            }
            all.insert(format!(
                "{}:{}",
                line["path"].as_str().unwrap(),
                line["text"].as_str().unwrap()
            ));
        }
    }

    /// Asks until this is the answer.
    fn comes_to(&mut self, pattern: &str, expected: &[&str]) {
        let expected: BTreeSet<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        let mut last = BTreeSet::new();
        let is_there = eventually(20, || {
            last = self.ask(pattern);
            last == expected
        });
        assert!(is_there, "expected {expected:?}, found {last:?}");
    }
}

#[test]
fn patterns_are_read_from_a_pipe_one_a_line() {
    within(30, || {
        let tree = tree(&[("a", "one\ntwo\n"), ("b", "two\n")]);
        let mut run = Running::start(command(tree.path(), &["--interactive"]));
        run.send("one\n\n");
        assert_eq!(run.stdout_line(), "a:1:one\n");
        run.stderr_line(|line| line.starts_with("Found 1 'one' in 1 file in "));
        run.send("absent\ntwo\r\n");
        run.stderr_line(|line| line.starts_with("Found 0 'absent'"));
        assert_eq!(
            [run.stdout_line(), run.stdout_line()],
            ["a:2:two\n", "b:1:two\n"]
        );
        let output = run.end();
        assert_eq!((output.code, output.stdout.as_str()), (0, ""));
    });
}

#[test]
fn a_pattern_that_is_none_is_told_and_the_next_one_answered() {
    within(30, || {
        let tree = tree(&[("a", "one(\n")]);
        let run = Running::start(command(tree.path(), &["--interactive", "--regex"]));
        let output = run.input("one(\none.\n").end();
        assert_eq!((output.code, output.stdout.as_str()), (3, "a:1:one(\n"));
        assert!(
            output
                .stderr
                .starts_with("error: pattern `one(` is no regular"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn a_killed_worker_costs_a_reload_and_a_warning() {
    within(60, || {
        let files: Vec<(String, String)> = (0..200)
            .map(|number| (format!("f{number}"), format!("needle {number}\n")))
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (&path[..], &text[..]))
            .collect();
        let tree = tree(&files);
        let mut search = Resident::start(tree.path(), &["-v", "-j", "2"]);
        let mut workers = search.0.worker_pids(2);
        let all = search.ask("needle");
        assert_eq!(all.len(), 200);
        for round in 0..6 {
            kill(workers[round % 2], Signal::SIGKILL);
            if round < 3 {
                search.0.stderr_line(|line| {
                    line.contains("was killed by SIGKILL; it is being replaced")
                });
                workers[round % 2] = search.0.worker_pids(1)[0];
            }
            assert_eq!(search.ask("needle"), all, "round {round}");
            if round >= 3 {
                // Asked at once: the answer is complete even if nobody has noticed the death yet.
                workers[round % 2] = search.0.worker_pids(1)[0];
            }
        }
        assert_eq!(search.0.end().code, 0);
    });
}

#[test]
fn a_worker_that_does_not_answer_in_time_is_told_and_not_waited_for() {
    within(60, || {
        let tree = tree(&[("a", "needle\n"), ("b", "needle\n")]);
        let mut search = Resident::start(tree.path(), &["-v", "-j", "2", "--timeout", "1s"]);
        let workers = search.0.worker_pids(2);
        assert_eq!(search.ask("needle").len(), 2);
        kill(workers[0], Signal::SIGSTOP);
        let began = Instant::now();
        assert_eq!(search.ask("needle").len(), 1);
        assert!(began.elapsed() >= Duration::from_secs(1));
        search
            .0
            .stderr_line(|line| line.contains("1 file not searched: their worker (pid"));
        kill(workers[0], Signal::SIGCONT);
        search.comes_to("needle", &["a:needle", "b:needle"]);
        assert_eq!(search.0.end().code, 3);
    });
}

#[test]
fn watched_files_are_searched_as_they_are_now() {
    within(120, || {
        let tree = tree(&[
            ("a", "needle 1\n"),
            ("empty/.keep", ""),
            ("sub/b", "needle 2\n"),
            ("c.log", "needle\n"),
        ]);
        let path = |name: &str| tree.path().join(name);
        let mut search = Resident::start(tree.path(), &["--watch", "-g", "!*.log"]);
        search.comes_to("needle", &["a:needle 1", "sub/b:needle 2"]);
        fs::write(path("a"), "nothing\nneedle 3\nneedle 4\n").unwrap();
        search.comes_to("needle", &["a:needle 3", "a:needle 4", "sub/b:needle 2"]);
        // In a directory where there was nothing to watch for, and in one that was not there.
        fs::write(path("empty/new"), "needle 5\n").unwrap();
        fs::create_dir_all(path("x/y/z")).unwrap();
        fs::write(path("x/y/z/new"), "needle 6\n").unwrap();
        fs::write(path("x/other.log"), "needle 7\n").unwrap();
        fs::remove_file(path("a")).unwrap();
        search.comes_to(
            "needle",
            &["sub/b:needle 2", "empty/new:needle 5", "x/y/z/new:needle 6"],
        );
        // As editors write: another file, which takes the name.
        fs::write(path("sub/.b.swp"), "needle 8\n").unwrap();
        fs::rename(path("sub/.b.swp"), path("sub/b")).unwrap();
        fs::rename(path("x"), path("moved")).unwrap();
        search.comes_to(
            "needle",
            &[
                "sub/b:needle 8",
                "empty/new:needle 5",
                "moved/y/z/new:needle 6",
            ],
        );
        // A directory of the old name, and what has moved, are watched both.
        fs::create_dir_all(path("x/y/z")).unwrap();
        fs::write(path("x/y/z/again"), "needle 9\n").unwrap();
        fs::write(path("moved/y/z/new"), "needle 10\n").unwrap();
        fs::remove_dir_all(path("sub")).unwrap();
        search.comes_to(
            "needle",
            &[
                "empty/new:needle 5",
                "moved/y/z/new:needle 10",
                "x/y/z/again:needle 9",
            ],
        );
        fs::write(path("a"), "needle 11\n").unwrap();
        fs::remove_dir_all(path("moved")).unwrap();
        fs::remove_dir_all(path("empty")).unwrap();
        search.comes_to("needle", &["a:needle 11", "x/y/z/again:needle 9"]);
        assert_eq!(search.0.end().code, 0);
    });
}

#[test]
fn a_watched_folder_that_is_replaced_is_searched_anew() {
    within(120, || {
        let tree = tree(&[("site/a", "needle 1\n"), ("next/b", "needle 2\n")]);
        let path = |name: &str| tree.path().join(name);
        let mut search = Resident::start(tree.path(), &["--watch", "site"]);
        search.comes_to("needle", &["site/a:needle 1"]);
        // As a deployment does it.
        fs::rename(path("site"), path("old")).unwrap();
        search.comes_to("needle", &[]);
        fs::rename(path("next"), path("site")).unwrap();
        search.comes_to("needle", &["site/b:needle 2"]);
        fs::write(path("site/c"), "needle 3\n").unwrap();
        search.comes_to("needle", &["site/b:needle 2", "site/c:needle 3"]);
        fs::remove_dir_all(path("site")).unwrap();
        search.comes_to("needle", &[]);
        fs::create_dir(path("site")).unwrap();
        fs::write(path("site/d"), "needle 4\n").unwrap();
        search.comes_to("needle", &["site/d:needle 4"]);
        // For a while, what was asked for could not be read.
        assert_eq!(search.0.end().code, 3);
    });
}

#[test]
fn a_change_is_answered_by_itself_and_what_is_none_is_not() {
    within(60, || {
        let tree = tree(&[("a", "needle 1\n")]);
        let mut run = Running::start(command(tree.path(), &["--watch", "-e", "needle"]));
        assert_eq!(run.stdout_line(), "a:1:needle 1\n");
        run.stderr_line(|line| line.starts_with("Found 1 "));
        fs::write(tree.path().join(".hidden"), "needle\n").unwrap();
        std::thread::sleep(Duration::from_millis(700));
        fs::write(tree.path().join("a"), "needle 2\n").unwrap();
        assert_eq!(run.stdout_line(), "a:1:needle 2\n");
        kill(run.pid(), Signal::SIGINT);
        assert_eq!(run.end().code, 130);
    });
}

#[test]
fn many_changes_while_nobody_asks_fill_no_queue() {
    within(60, || {
        let tree = tree(&[("a", "needle\n")]);
        let mut search = Resident::start(tree.path(), &["--watch", "-j", "1"]);
        search.comes_to("needle", &["a:needle"]);
        let began = Instant::now();
        let mut round = 0;
        // More reports than the queue of answers holds, had they to wait for a question.
        while began.elapsed() < Duration::from_secs(3) || round < 400 {
            fs::write(tree.path().join("a"), format!("needle {round}\n")).unwrap();
            round += 1;
            std::thread::sleep(Duration::from_millis(5));
        }
        search.comes_to("needle", &[&format!("a:needle {}", round - 1)]);
        assert_eq!(search.0.end().code, 0);
    });
}

#[test]
fn a_prompt_has_a_history_that_outlives_it() {
    within(60, || {
        let (tree, state) = (
            tree(&[("a", "first\nsecond\n")]),
            tempfile::tempdir().unwrap(),
        );
        let start = || {
            let mut command = command(tree.path(), &["--interactive", "--color", "never"]);
            command.env("XDG_STATE_HOME", state.path());
            Terminal::start(command)
        };
        let mut terminal = start();
        terminal.wait_for("search> ");
        terminal.press("first\r");
        terminal.wait_for("a:1:first");
        terminal.wait_for("Found 1 'first' in 1 file in ");
        terminal.wait_for("search> ");
        terminal.press(":help\r");
        terminal.wait_for("Ctrl-D");
        terminal.wait_for("search> ");
        // Forgotten, and the one before it asked again.
        terminal.press("nonsense\x03");
        terminal.wait_for("search> ");
        terminal.press("\x1b[A\x1b[A\r");
        terminal.wait_for("Found 1 'first' in 1 file in ");
        terminal.wait_for("search> ");
        terminal.press("\x04");
        assert_eq!(terminal.end(), Some(0));
        let mut terminal = start();
        terminal.wait_for("search> ");
        terminal.press("\x1b[A\r");
        terminal.wait_for("Found 1 'first' in 1 file in ");
        terminal.press(":quit\r");
        assert_eq!(terminal.end(), Some(0));
        let history = fs::read_to_string(state.path().join("brigade/search_history")).unwrap();
        assert!(history.contains("first"), "{history}");
    });
}

#[test]
fn a_signal_at_the_prompt_leaves_the_terminal_as_it_was() {
    within(60, || {
        let (tree, state) = (tree(&[("a", "x\n")]), tempfile::tempdir().unwrap());
        let mut command = command(tree.path(), &["--interactive"]);
        command.env("XDG_STATE_HOME", state.path());
        let mut terminal = Terminal::start(command);
        let before = terminal.settings();
        terminal.wait_for("search> ");
        let at_prompt = || terminal.settings().local_flags != before.local_flags;
        assert!(eventually(10, at_prompt), "no prompt of its own");
        kill(terminal.pid(), Signal::SIGTERM);
        let screen = terminal.screen();
        assert_eq!(terminal.end(), Some(143));
        assert_eq!(
            nix::sys::termios::tcgetattr(&screen).unwrap().local_flags,
            before.local_flags
        );
    });
}

#[test]
fn an_answer_that_cannot_be_given_ends_with_its_reason() {
    within(60, || {
        let tree = tree(&[("a", "hello\n")]);
        let mut resident = Resident::start(tree.path(), &["--regex"]);
        resident.0.send("(\n");
        let end: serde_json::Value = serde_json::from_str(&resident.0.stdout_line()).unwrap();
        assert_eq!((&end["pattern"], &end["found"]), (&"(".into(), &0.into()));
        assert!(end["error"].as_str().unwrap().contains("unclosed"), "{end}");
        resident.comes_to("hel+o", &["a:hello"]);
        assert_eq!(resident.0.end().code, 3);
    });
}
