//! Faults of processes: what hangs is killed, alone and with all it has started, and nothing is left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use brigade::{
    SubmitError, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{
    Running, boards_of, builder, eventually, is_alive, is_stopped, kill, pool, program, sleep,
    wait_until_ready, within,
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
fn fault_16_a_worker_that_is_stopped_before_it_begins_its_tasks_keeps_none_of_them() {
    within(60, || {
        let pool = builder(2)
            .timeout(Duration::from_millis(300))
            .grace(Duration::from_millis(100))
            .start()
            .unwrap();
        wait_until_ready(&pool, 2);
        let stopped = pool.worker_pids()[0];
        kill(stopped, Signal::SIGSTOP);
        assert!(eventually(10, || is_stopped(stopped)));
        let handles: Vec<_> = (0..50).map(|n| pool.submit::<Echo>(n).unwrap()).collect();
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.wait(), Ok(n));
        }
        assert!(eventually(10, || !pool.worker_pids().contains(&stopped)));
        assert!(!is_alive(stopped));
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
    // Whether there was a board to be swept, when the next pool started.
    let sweeps = || {
        let (master, pids) = serving();
        let pid = master.pid();
        // Stopped, so that no worker can clean up; then killed, workers first.
        kill(pid, Signal::SIGSTOP);
        assert!(eventually(10, || is_stopped(pid)));
        // What it had started is nobody's then.
        let (worker, strays) = (pids[0], &pids[1..]);
        for process in [worker, pid] {
            kill(process, Signal::SIGKILL);
        }
        master.end();
        let there_were = boards_of(pid).len();
        drop(pool(1));
        assert_eq!(boards_of(pid), Vec::<std::path::PathBuf>::new());
        assert!(
            eventually(2, || strays.iter().all(|pid| !is_alive(*pid))),
            "of {strays:?} some live on"
        );
        there_were == 1
    };
    // The pool of another test may be faster now and then.
    within(60, move || assert!((0..5).any(|_| sweeps())));
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
