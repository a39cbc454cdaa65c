//! `scripts/bench-processes.sh`, which measures as `master bench` does, from outside.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use brigade_tests::{Running, binary, children_of, eventually, kill, within};
use nix::sys::signal::Signal;

/// The script that measures from outside, with the binary of this build.
fn script(arguments: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(root.join("scripts/bench-processes.sh"));
    command.args(arguments.split_whitespace());
    command.env("MASTER", binary("master"));
    command
}

#[test]
fn the_script_pins_each_worker_to_one_core() {
    within(60, || {
        let arguments = "--pinned 2 MASTER demo burn --count 40000000000 -j 2 --no-compare";
        let master = binary("master").display().to_string();
        let run = Running::start(script(&arguments.replace("MASTER", &master)));
        let pid = run.pid();
        let master_of = || {
            let mut children = children_of(pid).into_iter();
            children.find(|child| {
                let command = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
                command.starts_with(master.as_bytes())
            })
        };
        assert!(eventually(30, || master_of().is_some()));
        let master = master_of().unwrap();
        let is_pinned = |worker: &i32| {
            let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap_or_default();
            let list = status
                .lines()
                .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
            list.is_some_and(|list| list.trim().parse::<u32>().is_ok())
        };
        let is_done = eventually(30, || {
            let workers = children_of(master);
            workers.len() == 2 && workers.iter().all(is_pinned)
        });
        kill(master, Signal::SIGKILL);
        assert!(is_done, "no worker was pinned");
        drop(run.end());
    });
}

#[test]
fn the_script_says_what_it_lacks_and_how_it_is_used() {
    within(30, || {
        let help = Running::start(script("-h")).end();
        assert_eq!(help.code, 0);
        assert!(help.stdout.starts_with("Usage: scripts/bench-processes.sh"));
        let wrong = Running::start(script("-w 1,x")).end();
        assert_eq!(wrong.code, 2);
        assert!(
            wrong.stderr.contains("no list of numbers"),
            "{}",
            wrong.stderr
        );
        // A path with all that it needs, and no hyperfine.
        let folder = tempfile::tempdir().unwrap();
        for tool in ["bash", "env", "dirname", "nproc", "tr", "sort", "seq"] {
            let found = ["/usr/bin", "/bin"].map(|bin| Path::new(bin).join(tool));
            let found = found.into_iter().find(|path| path.exists()).unwrap();
            symlink(found, folder.path().join(tool)).unwrap();
        }
        let mut command = script("-w 1");
        command.env("PATH", folder.path());
        let lacking = Running::start(command).end();
        assert_eq!(lacking.code, 2, "{}", lacking.stderr);
        assert!(
            lacking.stderr.contains("apt-get install hyperfine"),
            "{}",
            lacking.stderr
        );
    });
}
