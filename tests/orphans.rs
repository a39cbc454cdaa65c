//! Nothing outlives the master, however it ends: no worker, no status board.
//!
//! Fault 18. Every test starts its own master and signals only what that started.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::PathBuf;

use brigade_tests::{
    LONG, Running, boards_of, eventually, is_alive, is_at_work, is_stopped, kill, master, program,
    table, within, write,
};
use nix::sys::{prctl, signal::Signal};
use tempfile::TempDir;

/// The longest that anything may live on after the master, in seconds.
const AFTERLIFE: u64 = 2;

/// A `master tune` with work for half a minute or more, and its workers, all of them in the middle of it.
struct Victim {
    running: Running,
    workers: Vec<i32>,
    _folder: TempDir,
}

impl Victim {
    fn start(workers: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.csv");
        write(&path, &table(20_000, 8));
        let (path, number) = (path.display().to_string(), workers.to_string());
        let options = ["tune", &path, "-v", "--workers", &number];
        let mut running = master(options.iter().chain(&LONG));
        let workers = running.worker_pids(workers);
        assert!(
            eventually(30, || workers.iter().all(|pid| is_at_work(*pid))),
            "the workers do not work"
        );
        assert_eq!(boards_of(running.pid()).len(), 1);
        Self {
            running,
            workers,
            _folder: folder,
        }
    }

    /// Ends the master by a signal, to it alone.
    fn end_master(&self, signal: Signal) {
        kill(self.running.pid(), signal);
    }

    #[track_caller]
    fn assert_nothing_is_left(self) {
        let pid = self.running.pid();
        // One that is told to end lets its workers finish what they run: their afterlife begins with its end.
        assert_ne!(self.running.end().code, 0);
        assert_gone(&self.workers);
        assert!(
            eventually(AFTERLIFE, || boards_of(pid).is_empty()),
            "left: {:?}",
            boards_of(pid)
        );
    }
}

#[track_caller]
fn assert_gone(workers: &[i32]) {
    let living = || {
        let living = workers.iter().copied().filter(|pid| is_alive(*pid));
        living.collect::<Vec<i32>>()
    };
    assert!(
        eventually(AFTERLIFE, || living().is_empty()),
        "workers {:?} live on",
        living()
    );
}

#[test]
fn fault_18_a_master_that_is_killed_leaves_nothing() {
    within(60, || {
        let victim = Victim::start(3);
        victim.end_master(Signal::SIGKILL);
        victim.assert_nothing_is_left();
    });
}

#[test]
fn fault_18_a_master_that_is_told_to_end_leaves_nothing() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        within(60, move || {
            let victim = Victim::start(2);
            victim.end_master(signal);
            victim.assert_nothing_is_left();
        });
    }
}

#[test]
fn fault_18_a_worker_that_is_stopped_does_not_outlive_its_master() {
    // Orphans come to this process, whose session is theirs: the kernel then does not wake them as it wakes a
    // process group without any parent in its session.
    prctl::set_child_subreaper(true).unwrap();
    for stopped in [1, 2] {
        within(60, move || {
            let victim = Victim::start(2);
            for pid in &victim.workers[..stopped] {
                kill(*pid, Signal::SIGSTOP);
                assert!(eventually(5, || is_stopped(*pid)));
            }
            victim.end_master(Signal::SIGKILL);
            victim.assert_nothing_is_left();
        });
    }
}

#[test]
fn fault_18_a_worker_with_nothing_to_do_does_not_outlive_its_master() {
    within(60, || {
        let mut running = program("prober", ["rest"]);
        let (pid, workers) = (running.pid(), running.worker_pids(1));
        kill(pid, Signal::SIGKILL);
        assert_gone(&workers);
        assert!(eventually(AFTERLIFE, || boards_of(pid).is_empty()));
    });
}

#[test]
fn a_master_that_leaves_main_with_work_in_its_pool_leaves_nothing() {
    // `abandon` drops the pool, `vanish` does not.
    for (how, code) in [("abandon", 70), ("vanish", 0)] {
        within(60, move || {
            let mut running = program("prober", [how]);
            let (pid, workers) = (running.pid(), running.worker_pids(1));
            assert_gone(&workers);
            assert!(eventually(AFTERLIFE, || boards_of(pid).is_empty()));
            assert_eq!(running.end().code, code);
        });
    }
}

#[test]
fn a_board_that_nobody_was_left_to_remove_is_swept_by_the_next_run() {
    within(60, || {
        let victim = Victim::start(2);
        let (pid, workers) = (victim.running.pid(), victim.workers.clone());
        // All of them stand still first, so that none sees another's end: as if killed at one instant.
        for pid in workers.iter().chain([&pid]) {
            kill(*pid, Signal::SIGSTOP);
        }
        assert!(eventually(5, || workers.iter().all(|pid| is_stopped(*pid))));
        assert!(eventually(5, || is_stopped(pid)));
        for pid in workers.iter().chain([&pid]) {
            kill(*pid, Signal::SIGKILL);
        }
        assert_eq!(victim.running.end().code, -(Signal::SIGKILL as i32));
        assert_gone(&workers);
        // The board is still there, unless a pool of some other test has swept it by now.
        master(["tune", "--workers", "1"])
            .end()
            .assert_quiet_success();
        assert_eq!(boards_of(pid), Vec::<PathBuf>::new());
    });
}
