//! Options of a pool: limits that bite, and what the workers live under.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Ended, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, LookAround, Misdeed, Recall, Remember},
    },
};
use brigade_tests::{builder, eventually, is_alive, is_stopped, pool, sleep, within};

#[test]
fn fault_34_workers_are_replaced_after_their_tasks_and_nothing_stalls() {
    within(60, || {
        let pool = builder(2).max_tasks_per_worker(3).start().unwrap();
        let mut tasks_of = BTreeMap::new();
        for pid in pool.map::<Fault, _>(vec![Misdeed::None; 60]) {
            *tasks_of.entry(pid.unwrap()).or_insert(0) += 1;
        }
        assert!(tasks_of.values().all(|tasks| *tasks <= 3), "{tasks_of:?}");
        assert!(tasks_of.len() >= 20);
        // All at once, and then nothing more is submitted: refilling depends on nobody.
        let single = builder(1).max_tasks_per_worker(1).start().unwrap();
        let handles = single.map_async::<Fault, _>(vec![Misdeed::None; 20]);
        let pids: BTreeSet<_> = handles.wait().into_iter().map(Result::unwrap).collect();
        assert_eq!(pids.len(), 20);
        assert_eq!(single.stats().deaths, 0);
        single.join();
    });
}

#[test]
fn a_task_that_eats_memory_fails_alone() {
    within(60, || {
        let pool = builder(1).max_memory_per_worker(200 << 20).start().unwrap();
        assert!(
            pool.submit::<Fault>(Misdeed::EatMemory(20 << 20))
                .unwrap()
                .wait()
                .is_ok()
        );
        let greedy = pool.submit::<Fault>(Misdeed::EatMemory(4 << 30)).unwrap();
        let error = greedy.wait().unwrap_err();
        let aborted = Ended::Killed(nix::libc::SIGABRT);
        assert!(
            matches!(&error, TaskError::WorkerDied { how, .. } if *how == aborted),
            "{error:?}"
        );
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    });
}

#[test]
fn an_initializer_prepares_every_worker_and_its_replacements() {
    within(20, || {
        let pool = builder(2)
            .initializer::<Remember>(42)
            .unwrap()
            .max_tasks_per_worker(2)
            .start()
            .unwrap();
        for recalled in pool.map::<Recall, _>(vec![(); 20]) {
            let (number, times) = recalled.unwrap();
            assert_eq!(number, 42);
            assert!(times <= 2, "the state is the worker's own");
        }
    });
}

/// The reason that a pool with this initializer gives up with.
fn initialized_with(misdeed: Misdeed) -> String {
    within(20, || {
        let pool = builder(2)
            .initializer::<Fault>(misdeed)
            .unwrap()
            .start()
            .unwrap();
        let reason = pool.map::<Echo, _>([1]).next().unwrap().unwrap_err();
        assert!(matches!(reason, TaskError::PoolBroken(_)), "{reason:?}");
        let pids = pool.worker_pids();
        assert!(eventually(5, || pids.iter().all(|pid| !is_alive(*pid))));
        let refused = pool.submit::<Echo>(1).unwrap_err();
        assert_eq!(refused.to_string(), reason.to_string());
        pool.join();
        reason.to_string()
    })
}

#[test]
fn fault_33_an_initializer_that_never_returns_is_given_up_with_the_remedy() {
    within(30, || {
        let pool = builder(2)
            .initializer::<Fault>(sleep(3_600_000))
            .unwrap()
            .initializer_limit(Duration::from_millis(300))
            .start()
            .unwrap();
        let pids = pool.worker_pids();
        let began = Instant::now();
        let error = pool.submit::<Echo>(1).unwrap().wait().unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(5), "{error}");
        let text = error.to_string();
        for part in ["initializer", "initializer_limit"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(error, TaskError::PoolBroken(_)), "{error:?}");
        assert!(eventually(5, || pids.iter().all(|pid| !is_alive(*pid))));
    });
}

#[test]
fn an_initializer_may_take_as_long_as_its_limit_says_whatever_tasks_may() {
    within(30, || {
        let pool = builder(1)
            .initializer::<Fault>(sleep(400))
            .unwrap()
            .timeout(Duration::from_millis(100))
            .start()
            .unwrap();
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    });
}

#[test]
fn fault_33_an_initializer_that_crashes_is_given_up_with_what_it_said() {
    let reason = initialized_with(Misdeed::Complain("the licence server is down".into()));
    assert!(reason.contains("was killed by SIGABRT"), "{reason}");
    assert!(reason.contains("the licence server is down"), "{reason}");
}

#[test]
fn fault_33_an_initializer_that_fails_or_exits_is_given_up_with_the_reason() {
    let reason = initialized_with(Misdeed::Error("no such model".into()));
    assert!(
        reason.contains("the initializer `fault` failed: it no such model"),
        "{reason}"
    );
    let reason = initialized_with(Misdeed::Exit(0));
    assert!(reason.contains("exited with code 0"), "{reason}");
}

#[test]
fn fault_36_an_endless_iterator_is_taken_as_results_are() {
    within(30, || {
        let taken = AtomicU64::new(0);
        let pool = pool(2);
        let inputs = (0_u64..).inspect(|_| {
            taken.fetch_add(1, Ordering::Relaxed);
        });
        let mut outputs = pool.map::<Echo, _>(inputs);
        for n in 0..10_000 {
            assert_eq!(outputs.next(), Some(Ok(n)));
            let ahead = taken.load(Ordering::Relaxed) - n;
            assert!(ahead < 20_000, "{ahead} inputs were taken ahead");
        }
    });
}

#[test]
fn fault_37_workers_wait_for_a_slow_consumer() {
    within(30, || {
        let pool = pool(2);
        let mut outputs = pool.map_unordered::<Echo, _>(0_u64..);
        outputs.next().unwrap().1.unwrap();
        // Nobody takes results: the pool goes on until it has what one look may bring, and no further.
        thread::sleep(Duration::from_millis(200));
        let before = pool.stats().submitted;
        thread::sleep(Duration::from_millis(200));
        assert_eq!(pool.stats().submitted, before, "tasks went on");
        assert!(before < 10_000, "{before} results were buffered");
    });
}

#[test]
fn a_full_queue_makes_submitting_wait() {
    within(30, || {
        let pool = builder(1).max_queued(4).start().unwrap();
        let mut most = 0;
        let handles: Vec<_> = (0..40)
            .map(|_| {
                let handle = pool.submit::<Fault>(sleep(5)).unwrap();
                most = pool.stats().queued.max(most);
                handle
            })
            .collect();
        assert!(most <= 4, "{most} were queued");
        assert!(handles.into_iter().all(|handle| handle.wait().is_ok()));
    });
}

#[test]
fn a_task_has_a_time_limit_of_its_own_or_the_pools() {
    within(30, || {
        let pool = builder(2).timeout(Duration::from_secs(20)).start().unwrap();
        let limit = Duration::from_millis(80);
        let short = pool
            .submit_with_timeout::<Fault>(limit, sleep(60_000))
            .unwrap();
        let long = pool.submit::<Fault>(sleep(300)).unwrap();
        let error = short.wait().unwrap_err();
        assert!(
            matches!(error, TaskError::TimedOut { limit: told, attempt: 1, worker, .. } if told == limit && worker > 0),
            "{error:?}"
        );
        assert!(long.wait().is_ok());
    });
}

#[test]
fn the_time_of_a_task_is_counted_from_its_start_and_not_from_its_submission() {
    within(30, || {
        let pool = builder(1)
            .timeout(Duration::from_millis(400))
            .start()
            .unwrap();
        let handles = pool.map_async::<Fault, _>(vec![sleep(100); 10]);
        assert!(handles.wait().iter().all(Result::is_ok));
    });
}

#[test]
fn a_timed_out_task_is_tried_again_when_asked_for() {
    within(30, || {
        let pool = builder(1)
            .timeout(Duration::from_millis(60))
            .retries(1)
            .start()
            .unwrap();
        let error = pool
            .submit::<Fault>(sleep(60_000))
            .unwrap()
            .wait()
            .unwrap_err();
        assert!(
            matches!(error, TaskError::TimedOut { attempt: 2, .. }),
            "{error:?}"
        );
    });
}

#[test]
fn fault_23_a_pause_does_not_count_as_time() {
    within(30, || {
        let pool = builder(1)
            .timeout(Duration::from_secs(1))
            .max_tasks_per_worker(100)
            .start()
            .unwrap();
        let worker = pool.worker_pids();
        pool.submit::<Echo>(1).unwrap().wait().unwrap();
        // By the clock it needs more than its time, and it has not ended when it goes on after the pause.
        let handle = pool
            .submit::<Fault>(Misdeed::Spin(Duration::from_millis(2_500)))
            .unwrap();
        thread::sleep(Duration::from_millis(50));
        pool.pause();
        assert!(eventually(5, || is_stopped(worker[0])));
        let began = Instant::now();
        let handle = handle.wait_timeout(Duration::from_secs(2)).unwrap_err();
        assert!(began.elapsed() >= Duration::from_secs(2));
        assert!(
            is_alive(worker[0]),
            "it ran out of time while it was stopped"
        );
        pool.resume();
        handle.wait().unwrap();
        assert_eq!(pool.worker_pids(), worker);
        // And afterwards the limits bite again.
        let slow = pool.submit::<Fault>(sleep(60_000)).unwrap();
        assert!(matches!(slow.wait(), Err(TaskError::TimedOut { .. })));
    });
}

#[test]
fn workers_live_where_they_are_told_to_with_the_environment_they_are_given() {
    within(20, || {
        let folder = tempfile::tempdir().unwrap();
        let pool = builder(2)
            .working_directory(folder.path())
            .env("BRIGADE_TEST", "a = b")
            .env("HOME", "/nowhere")
            .start()
            .unwrap();
        let seen = pool
            .submit::<LookAround>("BRIGADE_TEST".into())
            .unwrap()
            .wait()
            .unwrap();
        let path = fs::canonicalize(folder.path()).unwrap();
        assert_eq!(seen.directory, path.display().to_string());
        assert_eq!(seen.variable.as_deref(), Some("a = b"));
        let changed = pool
            .submit::<LookAround>("HOME".into())
            .unwrap()
            .wait()
            .unwrap();
        assert_eq!(changed.variable.as_deref(), Some("/nowhere"));
        let kept = pool
            .submit::<LookAround>("PATH".into())
            .unwrap()
            .wait()
            .unwrap();
        assert_eq!(kept.variable, std::env::var("PATH").ok());
    });
}

#[test]
fn a_working_directory_that_is_not_there_is_a_reason_to_give_up() {
    within(20, || {
        let pool = builder(1)
            .working_directory("/no/such/folder")
            .start()
            .unwrap();
        let error = pool.map::<Echo, _>([1]).next().unwrap().unwrap_err();
        assert!(
            error.to_string().contains("cannot work in /no/such/folder"),
            "{error}"
        );
    });
}

#[test]
fn pinned_workers_have_a_core_each() {
    within(20, || {
        let cores = thread::available_parallelism().unwrap().get().min(4);
        let pool = builder(cores).pin_workers().start().unwrap();
        let mut of_worker = BTreeMap::new();
        assert!(eventually(10, || {
            pool.map::<Fault, _>(vec![sleep(20); cores]).for_each(drop);
            pool.worker_pids().len() == cores
        }));
        while of_worker.len() < cores {
            let handles = pool.map_async::<LookAround, _>(vec![String::new(); cores * 4]);
            for seen in handles.wait() {
                let seen = seen.unwrap();
                assert_eq!(seen.cores.len(), 1);
                of_worker.insert(seen.index, seen.cores[0]);
            }
        }
        let distinct: BTreeSet<_> = of_worker.values().collect();
        assert_eq!(distinct.len(), cores, "{of_worker:?}");
    });
}

#[test]
fn a_time_limit_counts_although_nobody_waits_for_the_task() {
    within(20, || {
        let pool = builder(1).start().unwrap();
        let _ = pool.submit::<Echo>(1).unwrap().wait();
        // The pool's own thread has gone to sleep without a deadline.
        thread::sleep(Duration::from_millis(100));
        let limit = Duration::from_millis(200);
        let handle = pool
            .submit_with_timeout::<Fault>(limit, sleep(60_000))
            .unwrap();
        assert!(
            eventually(10, || handle.is_done()),
            "nobody looked at the clock"
        );
        assert!(matches!(handle.wait(), Err(TaskError::TimedOut { .. })));
    });
}

#[test]
fn the_time_that_a_pool_was_idle_is_not_its_next_tasks_time() {
    within(20, || {
        let pool = builder(1)
            .timeout(Duration::from_millis(300))
            .start()
            .unwrap();
        let _ = pool.submit::<Echo>(1).unwrap().wait();
        thread::sleep(Duration::from_millis(500));
        assert!(pool.submit::<Fault>(sleep(50)).unwrap().wait().is_ok());
    });
}
