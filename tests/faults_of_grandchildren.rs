//! What tasks have started ends with their worker, however that ends.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{thread, time::Duration};

use brigade::{
    Pool, TaskError,
    jobs::fault::{Fault, Misdeed},
};
use brigade_tests::{builder, children_of, eventually, is_alive, kill, program, sleep, within};
use nix::sys::signal::Signal;

/// A worker's child, and the pool it is in.
fn with_grandchild(has_own_session: bool) -> (Pool, i32) {
    let pool = builder(1)
        .grace(Duration::from_millis(200))
        .start()
        .unwrap();
    let child = pool
        .submit::<Fault>(Misdeed::LeaveChild { has_own_session })
        .unwrap();
    let child = i32::try_from(child.wait().unwrap()).unwrap();
    assert!(is_alive(child));
    (pool, child)
}

fn ends(child: i32) -> bool {
    eventually(5, || !is_alive(child))
}

#[test]
fn fault_20_grandchildren_end_with_a_worker_that_is_killed() {
    within(30, || {
        let (pool, child) = with_grandchild(false);
        kill(pool.worker_pids()[0], Signal::SIGKILL);
        assert!(ends(child));
        let (pool, child) = with_grandchild(false);
        let _ = pool.submit::<Fault>(Misdeed::Segfault).unwrap().wait();
        assert!(ends(child));
    });
}

#[test]
fn fault_20_grandchildren_end_with_a_worker_that_is_ended_for_its_task() {
    within(60, || {
        for has_own_session in [false, true] {
            let (pool, child) = with_grandchild(has_own_session);
            let limit = Duration::from_millis(50);
            let slow = pool
                .submit_with_timeout::<Fault>(limit, sleep(60_000))
                .unwrap();
            assert!(matches!(slow.wait(), Err(TaskError::TimedOut { .. })));
            assert!(ends(child), "timed out, own session: {has_own_session}");

            let (pool, child) = with_grandchild(has_own_session);
            let frozen = pool
                .submit_with_timeout::<Fault>(limit, Misdeed::Freeze)
                .unwrap();
            assert!(matches!(frozen.wait(), Err(TaskError::TimedOut { .. })));
            assert!(ends(child), "frozen, own session: {has_own_session}");

            let (pool, child) = with_grandchild(has_own_session);
            let running = pool.submit::<Fault>(sleep(60_000)).unwrap();
            thread::sleep(Duration::from_millis(20));
            assert!(running.cancel());
            assert!(ends(child), "cancelled, own session: {has_own_session}");
        }
    });
}

/// A pool of one worker with a child in a session of its own and a daemon, and these two.
fn with_strays() -> (Pool, [i32; 2]) {
    let (pool, child) = with_grandchild(true);
    let daemon = pool.submit::<Fault>(Misdeed::LeaveDaemon).unwrap();
    let daemon = i32::try_from(daemon.wait().unwrap()).unwrap();
    assert!(is_alive(daemon));
    (pool, [child, daemon])
}

#[test]
fn fault_20_what_has_left_its_group_and_its_parent_ends_with_a_worker_that_crashes() {
    within(60, || {
        for misdeed in [
            Misdeed::Segfault,
            Misdeed::Abort,
            Misdeed::Signal(Signal::SIGKILL as i32),
            Misdeed::Exit(0),
            Misdeed::BadFrame,
        ] {
            let (pool, strays) = with_strays();
            let outcome = pool.submit::<Fault>(misdeed.clone()).unwrap().wait();
            assert!(outcome.is_err());
            let are_gone = || strays.iter().all(|pid| !is_alive(*pid));
            assert!(eventually(2, are_gone), "{misdeed:?}");
        }
        let (pool, strays) = with_strays();
        kill(pool.worker_pids()[0], Signal::SIGKILL);
        assert!(eventually(2, || strays.iter().all(|pid| !is_alive(*pid))));
        let (pool, strays) = with_strays();
        let limit = Duration::from_millis(50);
        let slow = pool
            .submit_with_timeout::<Fault>(limit, sleep(60_000))
            .unwrap();
        assert!(matches!(slow.wait(), Err(TaskError::TimedOut { .. })));
        assert!(eventually(2, || strays.iter().all(|pid| !is_alive(*pid))));
    });
}

#[test]
fn fault_20_what_a_crashed_worker_left_is_gone_when_its_pool_is() {
    within(60, || {
        for is_joined in [false, true] {
            let (pool, strays) = with_strays();
            let _ = pool.submit::<Fault>(Misdeed::Segfault).unwrap().wait();
            if is_joined {
                pool.join();
            } else {
                drop(pool);
            }
            // SIGKILL has been sent, which takes a moment.
            assert!(eventually(1, || strays.iter().all(|pid| !is_alive(*pid))));
        }
    });
}

#[test]
fn fault_20_what_a_crashed_worker_left_is_gone_when_its_master_ends_at_once() {
    within(60, || {
        for _ in 0..5 {
            let output = program("prober", ["crash"]).end();
            let stray: i32 = output.stdout.trim().parse().unwrap();
            assert!(eventually(1, || !is_alive(stray)), "{stray} lives on");
        }
    });
}

#[test]
fn fault_20_only_what_belongs_to_the_dead_worker_is_ended() {
    within(30, || {
        let (_neighbour, innocent) = with_strays();
        for _ in 0..3 {
            let (pool, strays) = with_strays();
            let _ = pool.submit::<Fault>(Misdeed::Segfault).unwrap().wait();
            assert!(eventually(2, || strays.iter().all(|pid| !is_alive(*pid))));
        }
        assert!(innocent.iter().all(|pid| is_alive(*pid)));
        for pid in innocent {
            kill(pid, Signal::SIGKILL);
        }
    });
}

#[test]
fn fault_20_what_another_worker_of_the_pool_has_started_lives_on() {
    within(30, || {
        let pool = builder(2).start().unwrap();
        let workers = pool.worker_pids();
        let child = Misdeed::LeaveChild {
            has_own_session: true,
        };
        while workers.iter().any(|pid| children_of(*pid).is_empty()) {
            let children = pool.map::<Fault, _>(vec![child.clone(); 2]);
            children.for_each(|child| assert!(child.is_ok()));
        }
        let [guilty, innocent] = [children_of(workers[0]), children_of(workers[1])];
        kill(workers[0], Signal::SIGKILL);
        assert!(eventually(5, || !guilty.iter().any(|pid| is_alive(*pid))));
        // The search for them may not be over with the last of them.
        for _ in 0..50 {
            assert!(innocent.iter().all(|pid| is_alive(*pid)));
            thread::sleep(Duration::from_millis(2));
        }
        assert!(is_alive(workers[1]));
    });
}

#[test]
fn fault_20_grandchildren_end_with_the_pool() {
    within(60, || {
        for has_own_session in [false, true] {
            let (pool, child) = with_grandchild(has_own_session);
            drop(pool);
            assert!(ends(child), "dropped, own session: {has_own_session}");
            let (pool, child) = with_grandchild(has_own_session);
            pool.join();
            assert!(ends(child), "joined, own session: {has_own_session}");
        }
    });
}
