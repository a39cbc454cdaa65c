//! Faults of processes: what hangs is killed, alone and with all it has started, and nothing is left behind.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics"
)]

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Pool, SubmitError, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{
    Running, boards_of, builder, children_of, eventually, is_alive, kill, pool, program, sleep,
    within,
};
use nix::sys::signal::Signal;

#[test]
fn fault_16_a_hung_task_is_ended_and_its_slot_refilled() {
    within(30, || {
        let limit = Duration::from_millis(100);
        let grace = Duration::from_millis(200);
        let pool = builder(1).timeout(limit).grace(grace).start().unwrap();
        pool.submit::<Echo>(1).unwrap().wait().unwrap();
        // The second does not even notice SIGTERM.
        for misdeed in [sleep(3_600_000), Misdeed::Freeze] {
            let worker = pool.worker_pids()[0];
            let began = Instant::now();
            let error = pool.submit::<Fault>(misdeed).unwrap().wait().unwrap_err();
            assert!(matches!(error, TaskError::TimedOut { .. }), "{error:?}");
            assert!(began.elapsed() < Duration::from_secs(5));
            assert!(eventually(5, || !is_alive(worker)));
            assert_eq!(pool.submit::<Echo>(2).unwrap().wait(), Ok(2));
        }
    });
}

#[test]
fn fault_16_sigterm_comes_first_and_sigkill_not_before_the_grace() {
    within(60, || {
        let limit = Duration::from_millis(50);
        let ended_after = |grace, misdeed| {
            let pool = builder(1).timeout(limit).grace(grace).start().unwrap();
            pool.submit::<Echo>(1).unwrap().wait().unwrap();
            let began = Instant::now();
            let error = pool.submit::<Fault>(misdeed).unwrap().wait().unwrap_err();
            assert!(matches!(error, TaskError::TimedOut { .. }), "{error:?}");
            began.elapsed()
        };
        let grace = Duration::from_secs(20);
        let asked = ended_after(grace, sleep(3_600_000));
        assert!(asked < grace, "it was not asked to end");
        // This one does not notice that it is asked.
        let grace = Duration::from_millis(700);
        let forced = ended_after(grace, Misdeed::Freeze);
        assert!(forced >= limit + grace, "killed after {forced:?}");
    });
}

#[test]
fn fault_16_the_grace_bites_at_joining_as_well() {
    within(30, || {
        let pool = builder(1)
            .grace(Duration::from_millis(100))
            .start()
            .unwrap();
        let handle = pool.submit::<Fault>(Misdeed::Freeze).unwrap();
        thread::sleep(Duration::from_millis(100));
        assert!(handle.cancel());
        assert_eq!(handle.wait(), Err(TaskError::Cancelled));
        pool.join();
    });
}

#[test]
fn fault_17_the_kill_of_a_timed_out_worker_hits_no_other_task() {
    within(90, || {
        let limit = Duration::from_millis(10);
        let pool = builder(2).grace(Duration::from_millis(1)).start().unwrap();
        let (mut timed_out, mut in_time) = (0, 0);
        for round in 0..60_u64 {
            // About half of these end just before their time is up, the others just after.
            let guilty: Vec<_> = (0..4)
                .map(|n| {
                    let nap = Misdeed::Sleep(Duration::from_micros(8_500 + 700 * n));
                    pool.submit_with_timeout::<Fault>(limit, nap).unwrap()
                })
                .collect();
            let innocent: Vec<_> = (0..20).map(|n| pool.submit::<Echo>(n).unwrap()).collect();
            for (n, handle) in (0..).zip(innocent) {
                assert_eq!(handle.wait(), Ok(n), "an innocent task in round {round}");
            }
            for handle in guilty {
                match handle.wait() {
                    Ok(_) => in_time += 1,
                    Err(TaskError::TimedOut { .. }) => timed_out += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(timed_out + in_time, 240);
        assert!(timed_out > 0, "no kill was tried");
    });
}

#[test]
fn fault_17_a_task_cancelled_when_it_has_just_ended_does_not_cost_the_next_one() {
    within(60, || {
        let pool = builder(1).grace(Duration::from_millis(1)).start().unwrap();
        let mut too_late = 0;
        for round in 0..100 {
            // Short tasks, so that the worker is given several at a time.
            assert!(pool.map::<Echo, _>(0..500).all(|echo| echo.is_ok()));
            let before = pool.submit::<Fault>(sleep(2)).unwrap();
            let ended = pool.submit::<Echo>(round).unwrap();
            let innocent = pool.submit::<Fault>(sleep(3)).unwrap();
            // Nothing changes by this, but all that is to be sent is sent now.
            pool.resize(1);
            before.wait().unwrap();
            // Its result waits in the worker for a while, and the next task has begun.
            if !ended.cancel() {
                too_late += 1;
                assert_eq!(ended.wait(), Ok(round));
            }
            assert!(innocent.wait().is_ok(), "an innocent task in round {round}");
        }
        assert!(too_late > 0, "no result waited");
    });
}

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

/// A master at work, with the process ids of its worker and of three grandchildren.
fn serving() -> (Running, Vec<i32>) {
    let mut master = program("prober", ["serve"]);
    let line = master.stderr_line(|line| line.starts_with("pids "));
    let pids = line.split_whitespace().skip(1);
    let pids: Vec<i32> = pids.map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 4);
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    (master, pids)
}

#[test]
fn faults_18_and_26_nothing_outlives_a_master_that_is_killed() {
    within(60, || {
        for signal in [Signal::SIGKILL, Signal::SIGTERM] {
            let (master, pids) = serving();
            let pid = master.pid();
            assert_eq!(boards_of(pid).len(), 1);
            kill(pid, signal);
            master.end();
            assert!(
                eventually(2, || pids.iter().all(|pid| !is_alive(*pid))),
                "{signal}: of {pids:?} some live on"
            );
            assert!(eventually(2, || boards_of(pid).is_empty()), "{signal}");
        }
    });
}

#[test]
fn fault_26_a_board_whose_pool_was_killed_as_a_whole_is_swept_at_the_next_start() {
    within(60, || {
        let (master, pids) = serving();
        let pid = master.pid();
        // Stopped, so that no worker can clean up; then killed, workers first.
        kill(pid, Signal::SIGSTOP);
        // What it had started is nobody's then.
        let (worker, strays) = (pids[0], &pids[1..]);
        for process in [worker, pid] {
            kill(process, Signal::SIGKILL);
        }
        master.end();
        assert_eq!(boards_of(pid).len(), 1, "this is what has to be swept");
        drop(pool(1));
        assert_eq!(boards_of(pid), Vec::<std::path::PathBuf>::new());
        assert!(
            eventually(2, || strays.iter().all(|pid| !is_alive(*pid))),
            "of {strays:?} some live on"
        );
    });
}

#[test]
fn fault_27_a_reader_of_the_board_does_not_take_it_along() {
    within(30, || {
        let mut master = program("prober", ["serve"]);
        master.stderr_line(|line| line.starts_with("pids "));
        let boards = boards_of(master.pid());
        let name = boards[0].file_name().unwrap().to_str().unwrap();
        let reader = program("prober", ["read-board", name]).end();
        assert_eq!(reader.code, 0, "{}", reader.stderr);
        assert!(Path::new("/dev/shm").join(name).exists());
    });
}

#[test]
fn fault_40_a_task_submitted_while_the_pool_ends_is_accepted_or_refused_and_never_lost() {
    within(90, || {
        for round in 0..40 {
            let pool = pool(2);
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        let mut refused = 0;
                        while refused < 3 {
                            match pool.submit::<Echo>(7) {
                                Ok(handle) => assert_eq!(handle.wait(), Ok(7)),
                                Err(error) => {
                                    assert_eq!(error, SubmitError::Closed);
                                    assert!(is_over.load(Ordering::SeqCst));
                                    refused += 1;
                                }
                            }
                        }
                    });
                }
                thread::sleep(Duration::from_micros(300 * round));
                is_over.store(true, Ordering::SeqCst);
                pool.close();
            });
            assert_eq!(pool.stats().lost, 0);
            pool.join();
        }
    });
}

#[test]
fn fault_41_work_pending_at_the_end_is_cancelled_and_its_handles_say_so() {
    within(30, || {
        let pool = pool(1);
        let handles: Vec<_> = (0..50)
            .map(|_| pool.submit::<Fault>(sleep(60_000)).unwrap())
            .collect();
        drop(pool);
        for handle in handles {
            assert_eq!(handle.wait(), Err(TaskError::Cancelled));
        }
    });
}

#[test]
fn fault_41_a_program_that_ends_with_work_pending_does_not_exit_with_success() {
    within(60, || {
        let output = program("prober", ["abandon"]).end();
        assert_eq!(output.code, 70, "{}", output.stderr);
        let says = "error: 2 submitted tasks were dropped before they were done";
        assert!(output.stderr.contains(says), "{}", output.stderr);
        for how in ["finish", "discard"] {
            program("prober", [how]).end().assert_quiet_success();
        }
    });
}
