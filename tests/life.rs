//! The life of a pool over real worker processes: it grows, is closed, drained, joined and terminated.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use brigade::{
    Pool, SubmitError, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{
    Nested, binary, builder, cpu_ticks, eventually, is_alive, kill, pool, sleep, within,
};
use nix::sys::signal::Signal;

#[test]
fn fault_21_draining_cancels_what_waits_and_finishes_what_runs() {
    within(30, || {
        let pool = pool(1);
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        let worker = pool.worker_pids()[0];
        let before = cpu_ticks(worker);
        let spin = Misdeed::Spin(Duration::from_secs(1));
        let running = pool.submit::<Fault>(spin).unwrap();
        let waiting: Vec<_> = (0..20)
            .map(|_| pool.submit::<Fault>(sleep(60_000)).unwrap())
            .collect();
        assert!(eventually(10, || cpu_ticks(worker) > before + 2));
        pool.control().drain();
        for handle in waiting {
            assert_eq!(handle.wait(), Err(TaskError::Cancelled));
        }
        assert!(running.wait().is_ok());
        assert_eq!(pool.submit::<Echo>(1).unwrap_err(), SubmitError::Closed);
        pool.join();
    });
}

#[test]
fn joining_with_a_time_limit_gives_the_pool_back() {
    within(20, || {
        let pool = pool(1);
        let handle = pool.submit::<Fault>(sleep(400)).unwrap();
        let pool = pool.join_timeout(Duration::from_millis(20)).unwrap_err();
        assert_eq!(pool.submit::<Echo>(1).unwrap_err(), SubmitError::Closed);
        assert!(pool.join_timeout(Duration::from_secs(10)).is_ok());
        assert!(handle.wait().is_ok());
    });
}

#[test]
fn fault_39_a_closed_pool_finishes_what_it_has_and_refuses_the_rest() {
    within(20, || {
        let pool = pool(2);
        let handles: Vec<_> = (0..50).map(|n| pool.submit::<Echo>(n).unwrap()).collect();
        pool.close();
        assert_eq!(pool.submit::<Echo>(1).unwrap_err(), SubmitError::Closed);
        let refused = pool.map_async::<Echo, _>(0..2).wait();
        assert_eq!(refused, vec![Err(TaskError::Cancelled); 2]);
        for (n, handle) in (0..).zip(handles) {
            assert_eq!(handle.wait(), Ok(n));
        }
        pool.join();
    });
}

#[test]
fn terminating_ends_running_tasks_at_once() {
    within(20, || {
        let pool = pool(2);
        let handles: Vec<_> = (0..4)
            .map(|_| pool.submit::<Fault>(sleep(60_000)).unwrap())
            .collect();
        let pids = pool.worker_pids();
        pool.terminate();
        for handle in handles {
            assert_eq!(handle.wait(), Err(TaskError::Cancelled));
        }
        assert!(eventually(5, || pids.iter().all(|pid| !is_alive(*pid))));
    });
}

#[test]
fn cancelling_the_queue_lets_running_tasks_end() {
    within(20, || {
        let pool = pool(1);
        pool.submit::<Echo>(1).unwrap().wait().unwrap();
        let handles: Vec<_> = (0..20)
            .map(|_| pool.submit::<Fault>(sleep(200)).unwrap())
            .collect();
        assert!(eventually(10, || handles[0].is_done()));
        pool.cancel_queued();
        pool.close();
        let outcomes: Vec<_> = handles.into_iter().map(brigade::Handle::wait).collect();
        // What ran was finished, and what waited behind it was not begun.
        let finished = outcomes
            .iter()
            .take_while(|outcome| outcome.is_ok())
            .count();
        assert!((1..=5).contains(&finished), "{finished} of 20");
        assert!(outcomes[finished..].iter().all(Result::is_err));
        pool.join();
    });
}

#[test]
fn a_pool_grows_and_shrinks_while_work_is_in_flight() {
    within(60, || {
        let pool = pool(1);
        thread::scope(|scope| {
            scope.spawn(|| {
                for size in [4, 1, 3, 2, 5, 1, 2] {
                    pool.resize(size);
                    assert_eq!(pool.stats().workers, size);
                    thread::sleep(Duration::from_millis(60));
                }
            });
            let outputs = pool.map::<Echo, _>(0..40_000).map(Result::unwrap);
            assert!(outputs.eq(0..40_000));
        });
        assert!(eventually(5, || pool.worker_pids().len() == 2));
        assert_eq!(pool.stats().deaths, 0, "nobody was killed for it");
        pool.resize(0);
        assert_eq!(pool.stats().workers, 1);
        assert_eq!(pool.submit::<Echo>(3).unwrap().wait(), Ok(3));
        pool.join();
    });
}

#[test]
fn the_numbers_of_a_pool_add_up() {
    within(20, || {
        let pool = builder(2).retries(1).start().unwrap();
        pool.map::<Echo, _>(0..100).for_each(drop);
        let _ = pool.submit::<Fault>(Misdeed::Exit(1)).unwrap().wait();
        let _ = pool
            .submit::<Fault>(Misdeed::Error("no".into()))
            .unwrap()
            .wait();
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.finished, stats.lost), (102, 101, 1));
        assert_eq!((stats.retried, stats.deaths), (1, 2));
        assert_eq!((stats.queued, stats.open, stats.workers), (0, 0, 2));
    });
}

#[test]
fn events_tell_of_starts_and_of_deaths_but_not_of_ordered_ends() {
    within(20, || {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let observer = Arc::clone(&seen);
        let pool = builder(1)
            .on_event(move |event| observer.lock().unwrap().push(format!("{event:?}")))
            .start()
            .unwrap();
        let _ = pool.submit::<Fault>(Misdeed::Exit(3)).unwrap().wait();
        assert_eq!(pool.submit::<Echo>(3).unwrap().wait(), Ok(3));
        pool.join();
        let seen = seen.lock().unwrap();
        let kinds: Vec<&str> = seen
            .iter()
            .filter_map(|event| event.split(' ').next())
            .collect();
        assert_eq!(kinds, ["WorkerStarted", "WorkerDied", "WorkerStarted"]);
        assert!(seen[1].contains("Exited(3)"), "{seen:?}");
    });
}

#[test]
fn a_task_may_start_a_pool_of_its_own() {
    within(30, || {
        let outer = Pool::builder()
            .workers(2)
            .worker_executable(binary("nester"))
            .start()
            .unwrap();
        let inner = binary("worker").display().to_string();
        let inputs = (0..4).map(|_| (inner.clone(), 1_000, false));
        for outcome in outer.map::<Nested, _>(inputs) {
            let (sum, pids) = outcome.unwrap();
            assert_eq!(sum, 499_500);
            assert!(pids.iter().all(|pid| !is_alive(*pid)));
        }
        outer.join();
    });
}

#[test]
fn the_workers_of_a_nested_pool_end_with_the_worker_that_started_them() {
    within(30, || {
        let outer = Pool::builder()
            .workers(1)
            .worker_executable(binary("nester"))
            .start()
            .unwrap();
        let inner = binary("worker").display().to_string();
        let handle = outer.submit::<Nested>((inner, 10, true)).unwrap();
        let worker = outer.worker_pids()[0];
        assert!(eventually(10, || brigade_tests::children_of(worker).len() == 2));
        let nested = brigade_tests::children_of(worker);
        kill(worker, Signal::SIGKILL);
        assert!(matches!(handle.wait(), Err(TaskError::WorkerDied { .. })));
        assert!(eventually(5, || nested.iter().all(|pid| !is_alive(*pid))));
    });
}
