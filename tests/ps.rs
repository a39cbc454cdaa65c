//! `master ps`, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{thread, time::Duration};

use brigade_tests::{
    Running, boards_of, children_of, eventually, is_alive, kill, master, program, within,
};
use nix::sys::signal::Signal;
use serde_json::Value;

/// The pool of this master as `master ps` shows it.
fn pool_of(pid: i32) -> Option<Value> {
    let output = master(["ps", "--format", "json"]).end();
    assert_eq!(output.stderr, "");
    let whole: Value = serde_json::from_str(&output.stdout).unwrap();
    let pools = whole["pools"].as_array().unwrap();
    assert_eq!(output.code, i32::from(pools.is_empty()));
    pools.iter().find(|pool| pool["master"] == pid).cloned()
}

/// A master whose one worker is at a task that lasts for an hour.
fn sleeper() -> Running {
    let run = program("prober", ["ps"]);
    let pid = run.pid();
    assert!(eventually(20, || pool_of(pid)
        .is_some_and(|pool| pool["workers"][0]["state"] == "busy")));
    run
}

#[test]
fn a_pool_is_shown_with_its_workers_and_what_they_do_and_gone_when_it_ends() {
    within(60, || {
        let run = sleeper();
        let pool = pool_of(run.pid()).unwrap();
        assert_eq!(
            (&pool["title"], &pool["wanted"]),
            (&"prober".into(), &1.into())
        );
        let workers = pool["workers"].as_array().unwrap();
        let pids: Vec<_> = workers
            .iter()
            .map(|worker| worker["pid"].as_i64().unwrap())
            .collect();
        assert!(children_of(run.pid()).into_iter().map(i64::from).eq(pids));
        let worker = &workers[0];
        // Seven tasks came before.
        assert_eq!(
            (&worker["kind"], &worker["task"]),
            (&"fault".into(), &7.into())
        );
        assert_eq!(
            (&worker["done"], &worker["attempt"]),
            (&7.into(), &1.into())
        );
        assert!(worker["resident_bytes"].as_u64().unwrap() > 100 << 10);
        thread::sleep(Duration::from_millis(300));
        let later = pool_of(run.pid()).unwrap();
        let running = |pool: &Value| pool["workers"][0]["running_seconds"].as_f64().unwrap();
        assert!(running(&later) > running(&pool) + 0.25);
        assert!(later["workers"][0]["busy_percent"].as_f64().unwrap() > 30.0);
        assert!(running(&later) <= later["age_seconds"].as_f64().unwrap());

        let pid = run.pid();
        drop(run);
        assert_eq!(pool_of(pid), None);
    });
}

#[test]
fn the_board_of_a_master_and_workers_that_were_all_killed_is_swept() {
    within(60, || {
        let run = sleeper();
        let pid = run.pid();
        let workers = children_of(pid);
        // Stopped, so that the worker cannot see its master die and clear up.
        for worker in &workers {
            kill(*worker, Signal::SIGSTOP);
        }
        kill(pid, Signal::SIGKILL);
        for worker in &workers {
            kill(*worker, Signal::SIGKILL);
        }
        drop(run);
        assert!(eventually(10, || !is_alive(pid)
            && workers.iter().all(|w| !is_alive(*w))));
        let left = boards_of(pid);
        // Another test's pool may have swept it already.
        assert!(left.len() <= 1);
        assert_eq!(pool_of(pid), None);
        assert!(boards_of(pid).is_empty());
    });
}

#[test]
fn watching_shows_it_again_and_again() {
    within(30, || {
        let mut run = master("ps --watch --interval 50ms --format json".split(' '));
        for _ in 0..3 {
            let whole: Value = serde_json::from_str(&run.stdout_line()).unwrap();
            assert!(whole["pools"].is_array());
        }
        let refused = master(["ps", "--interval", "1s"]).end();
        assert_eq!(refused.code, 2);
    });
}
