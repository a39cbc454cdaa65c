//! The same tasks and the same handles over threads of this process.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{thread, time::Duration};

use brigade::{
    Pool, PoolBuilder, SubmitError, TaskError, TaskFailure, as_completed,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed, Recall, Remember},
    },
};
use brigade_tests::{block_on, eventually, sleep, within};

fn builder(workers: usize) -> PoolBuilder {
    Pool::builder()
        .workers(workers)
        .threads(brigade_worker::jobs::registry())
}

fn pool(workers: usize) -> Pool {
    builder(workers).start().unwrap()
}

#[test]
fn threads_run_the_same_tasks_behind_the_same_handles() {
    within(20, || {
        let pool = pool(3);
        assert_eq!(pool.submit::<Echo>(7).unwrap().wait(), Ok(7));
        let outputs = pool.map::<Echo, _>(0..20_000).map(Result::unwrap);
        assert!(outputs.eq(0..20_000));
        assert_eq!(pool.map_unordered::<Echo, _>(0..500).count(), 500);
        assert_eq!(block_on(pool.submit::<Echo>(8).unwrap()), Ok(8));
        let handles = [5, 1].map(|ms| pool.submit::<Fault>(sleep(ms)).unwrap());
        assert_eq!(as_completed(handles).count(), 2);
        assert_eq!(
            pool.submit::<Fault>(Misdeed::None).unwrap().wait(),
            Ok(std::process::id())
        );
        pool.join();
    });
}

#[test]
fn a_panic_and_an_error_fail_their_task_only() {
    within(20, || {
        let pool = pool(2);
        let panicked = pool.submit::<Fault>(Misdeed::Panic("ouch".into())).unwrap();
        let failed = pool.submit::<Fault>(Misdeed::Error("no".into())).unwrap();
        assert!(matches!(
            panicked.wait(),
            Err(TaskError::Failed { failure: TaskFailure::Panicked { message, .. }, .. })
                if message == "ouch"
        ));
        assert!(matches!(
            failed.wait(),
            Err(TaskError::Failed {
                failure: TaskFailure::Returned { .. },
                ..
            })
        ));
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    });
}

#[test]
fn a_task_over_its_time_resolves_and_another_thread_takes_over() {
    within(20, || {
        let pool = builder(1)
            .timeout(Duration::from_millis(50))
            .start()
            .unwrap();
        let slow = pool.submit::<Fault>(sleep(2_000)).unwrap();
        let next = pool.submit::<Echo>(1).unwrap();
        assert!(matches!(slow.wait(), Err(TaskError::TimedOut { .. })));
        assert_eq!(next.wait(), Ok(1));
    });
}

#[test]
fn no_task_is_overlooked_once_there_are_time_limits() {
    within(30, || {
        // The clock waits for the same news as the threads do, and must not keep it to itself.
        let pool = builder(1).timeout(Duration::from_secs(20)).start().unwrap();
        for n in 0..300 {
            assert_eq!(pool.submit::<Echo>(n).unwrap().wait(), Ok(n));
            if n % 10 == 0 {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
}

#[test]
fn what_is_queued_can_be_cancelled_and_what_runs_cannot() {
    within(20, || {
        let pool = pool(1);
        let running = pool.submit::<Fault>(sleep(300)).unwrap();
        let queued = pool.submit::<Fault>(sleep(300)).unwrap();
        assert!(eventually(5, || pool.stats().queued == 1));
        assert!(queued.cancel());
        assert!(!running.cancel());
        assert_eq!(queued.wait(), Err(TaskError::Cancelled));
        assert!(running.wait().is_ok());
    });
}

#[test]
fn threads_come_and_go_and_enough_of_them_stay() {
    within(60, || {
        let pool = pool(4);
        for round in 0..200 {
            // From many to one again and again: each time one has to stay.
            pool.resize(if round % 2 == 0 { 1 } else { 8 });
            assert_eq!(pool.submit::<Echo>(round).unwrap().wait(), Ok(round));
        }
        pool.join();
    });
}

#[test]
fn an_initializer_prepares_each_thread_or_breaks_the_pool() {
    within(20, || {
        let pool = builder(2)
            .initializer::<Remember>(42)
            .unwrap()
            .start()
            .unwrap();
        assert_eq!(pool.submit::<Recall>(()).unwrap().wait().unwrap().0, 42);
        let initializer = Misdeed::Error("no licence".into());
        let broken = builder(1)
            .initializer::<Fault>(initializer)
            .unwrap()
            .start()
            .unwrap();
        let reason = match broken.submit::<Echo>(1) {
            Ok(handle) => handle.wait().unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(reason.contains("no licence"), "{reason}");
    });
}

#[test]
fn closing_joining_and_dropping_resolve_everything() {
    within(20, || {
        let first = pool(2);
        let handles: Vec<_> = (0..100).map(|n| first.submit::<Echo>(n).unwrap()).collect();
        first.close();
        assert_eq!(first.submit::<Echo>(1).unwrap_err(), SubmitError::Closed);
        first.join();
        assert!(handles.iter().all(brigade::Handle::is_done));
        let second = pool(1);
        let running = second.submit::<Fault>(sleep(1_000)).unwrap();
        let queued = second.submit::<Echo>(1).unwrap();
        drop(second);
        assert_eq!(running.wait(), Err(TaskError::Cancelled));
        assert_eq!(queued.wait(), Err(TaskError::Cancelled));
    });
}
