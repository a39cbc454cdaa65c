//! Chaos: workers die all the time, and every task has its one outcome all the same.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Pool, TaskError,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{
    boards_of, builder, children_of, eventually, is_zombie, open_descriptors, within,
};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

/// A number and a sum over it, so that a result cannot be mistaken for another.
fn checked(number: u64) -> Vec<u8> {
    let sum = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    [number.to_le_bytes(), sum.to_le_bytes()].concat()
}

/// Kills a worker, each time another one, every 10 ms until told to stop; returns how many it killed.
fn kill_on(pool: &Pool, is_over: &AtomicBool) -> u64 {
    let (mut killed, mut random) = (0, 42_usize);
    while !is_over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(10));
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let pids = pool.worker_pids();
        if let Some(pid) = pids.get((random >> 33) % pids.len().max(1)) {
            // It may have ended in between.
            killed += u64::from(signal::kill(Pid::from_raw(*pid), Signal::SIGKILL).is_ok());
        }
    }
    killed
}

/// Runs checksummed tasks under fire and returns the number of kills.
fn under_fire(tasks: u64) -> u64 {
    let pool = builder(4).retries(1_000).start().unwrap();
    let is_over = AtomicBool::new(false);
    let killed = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_on(&pool, &is_over));
        let mut seen = vec![false; usize::try_from(tasks).unwrap()];
        for (position, output) in pool.map_unordered::<EchoBytes, _>((0..tasks).map(checked)) {
            assert_eq!(output.unwrap(), checked(position));
            let at = usize::try_from(position).unwrap();
            assert!(
                !std::mem::replace(&mut seen[at], true),
                "task {position} came twice"
            );
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(seen.into_iter().all(|seen| seen), "a result is missing");
        killer.join().unwrap()
    });
    let stats = pool.stats();
    assert_eq!(
        (stats.submitted, stats.finished, stats.lost),
        (tasks, tasks, 0)
    );
    pool.join();
    killed
}

#[test]
fn under_fire_every_one_of_100_000_results_comes_exactly_once() {
    within(120, || {
        let killed = under_fire(100_000);
        assert!(killed > 0, "nobody was killed");
    });
}

#[test]
#[ignore = "takes long: run it in release mode"]
fn under_fire_every_one_of_1_000_000_results_comes_exactly_once() {
    within(600, || {
        let began = Instant::now();
        let killed = under_fire(1_000_000);
        eprintln!("1,000,000 tasks, {killed} kills, {:?}", began.elapsed());
    });
}

/// Crashes workers so often and asserts that nothing is left of them. Alone in its process, or it would count
/// what other tests have.
fn crash(times: usize) {
    let me = i32::try_from(std::process::id()).unwrap();
    let pool = builder(2).start().unwrap();
    pool.submit::<Echo>(1).unwrap().wait().unwrap();
    let before = open_descriptors(me);
    let crashes = std::iter::repeat_n(Misdeed::Exit(1), times);
    let died = pool
        .map::<Fault, _>(crashes)
        .filter(|outcome| matches!(outcome, Err(TaskError::WorkerDied { .. })));
    assert_eq!(died.count(), times);
    assert!(eventually(10, || {
        let children = children_of(me);
        children.len() == 2 && !children.into_iter().any(is_zombie)
    }));
    assert!(eventually(10, || open_descriptors(me) <= before + 2));
    assert_eq!(boards_of(me).len(), 1);
    let pids: BTreeSet<_> = pool.worker_pids().into_iter().collect();
    pool.join();
    assert!(children_of(me).is_disjoint(&pids));
    assert!(boards_of(me).is_empty());
}

#[test]
#[ignore = "takes long and wants the process to itself: run it in release mode, by its name"]
fn faults_25_26_and_28_ten_thousand_crashes_leave_nothing() {
    within(600, || {
        let began = Instant::now();
        crash(10_000);
        eprintln!("10,000 crashes, {:?}", began.elapsed());
    });
}
