//! Every way to give a pool work and to take what comes of it, over real worker processes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics"
)]

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Pool, SubmitError, TaskError, Until,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Fault, Misdeed},
    },
    wait,
};
use brigade_tests::{
    Nested, binary, block_on, builder, cpu_ticks, eventually, is_alive, kill, pool, sleep, within,
};
use nix::sys::signal::Signal;

fn append(path: &Path, line: &str) -> Misdeed {
    Misdeed::AppendLine {
        path: path.display().to_string(),
        line: line.into(),
    }
}

#[test]
fn map_async_gives_all_outcomes_in_the_order_of_the_inputs() {
    within(20, || {
        let pool = pool(2);
        let handle = pool.map_async::<Echo, _>(0..1_000);
        let outputs: Vec<u64> = handle.wait().into_iter().map(Result::unwrap).collect();
        assert!(outputs.into_iter().eq(0..1_000));
        let handle = pool.map_async::<Fault, _>(vec![sleep(60_000); 4]);
        assert!(!handle.is_done());
        handle.cancel();
        assert!(eventually(5, || handle.is_done()));
        assert_eq!(handle.wait(), vec![Err(TaskError::Cancelled); 4]);
    });
}

#[test]
fn starmap_takes_arguments_that_become_inputs() {
    within(20, || {
        let pool = pool(2);
        let outputs: Vec<_> = pool
            .starmap::<EchoBytes, _>([[1_u8, 2], [3, 4]])
            .map(Result::unwrap)
            .collect();
        assert_eq!(outputs, [[1, 2], [3, 4]]);
    });
}

#[test]
fn waiting_for_the_first_leaves_the_others_open() {
    within(20, || {
        let pool = pool(2);
        let submit = |misdeed| pool.submit::<Fault>(misdeed).unwrap();
        let waited = wait(
            [submit(sleep(60_000)), submit(sleep(1))],
            Until::FirstCompleted,
            None,
        );
        assert_eq!((waited.done.len(), waited.open.len()), (1, 1));
        assert_eq!((waited.done[0].0, waited.open[0].0), (1, 0));
    });
}

#[test]
fn waiting_for_the_first_error_passes_over_what_went_well() {
    within(20, || {
        let pool = pool(2);
        let submit = |misdeed| pool.submit::<Fault>(misdeed).unwrap();
        let handles = [
            submit(sleep(60_000)),
            submit(Misdeed::None),
            submit(Misdeed::Error("no".into())),
        ];
        assert!(eventually(5, || handles[1].is_done()));
        let waited = wait(handles, Until::FirstError, None);
        assert_eq!(waited.open.len(), 1);
        assert!(
            waited
                .done
                .iter()
                .any(|(at, outcome)| *at == 1 && outcome.is_ok())
        );
        assert!(
            waited
                .done
                .iter()
                .any(|(at, outcome)| *at == 2 && outcome.is_err())
        );
    });
}

#[test]
fn waiting_for_all_ends_with_the_last_or_with_the_time() {
    within(20, || {
        let pool = pool(2);
        let submit = |misdeed| pool.submit::<Fault>(misdeed).unwrap();
        let all = wait(
            [submit(sleep(1)), submit(sleep(20))],
            Until::AllCompleted,
            None,
        );
        assert_eq!((all.done.len(), all.open.len()), (2, 0));
        let limit = Some(Duration::from_millis(100));
        let some = wait(
            [submit(sleep(60_000)), submit(sleep(1))],
            Until::AllCompleted,
            limit,
        );
        assert_eq!((some.done.len(), some.open.len()), (1, 1));
    });
}

#[test]
fn a_callback_is_given_the_outcome_and_may_submit() {
    within(20, || {
        let pool = Arc::new(pool(2));
        let (told, hear) = mpsc::channel();
        let inner = Arc::clone(&pool);
        pool.submit::<Echo>(4).unwrap().on_done(move |outcome| {
            let next = inner.submit::<Echo>(outcome.unwrap() + 1).unwrap();
            next.on_done(move |outcome| told.send(outcome).unwrap());
        });
        assert_eq!(hear.recv().unwrap(), Ok(5));
        let (told, hear) = mpsc::channel();
        let failing = pool.submit::<Fault>(Misdeed::Exit(3)).unwrap();
        failing.on_done(move |outcome| told.send(outcome).unwrap());
        assert!(matches!(
            hear.recv().unwrap(),
            Err(TaskError::WorkerDied { .. })
        ));
    });
}

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
fn fault_35_a_callback_that_panics_harms_no_other_and_no_result() {
    within(20, || {
        let pool = pool(2);
        let seen = Arc::new(AtomicU64::new(0));
        for n in 0..100 {
            let seen = Arc::clone(&seen);
            pool.submit::<Echo>(n).unwrap().on_done(move |outcome| {
                assert_ne!(outcome, Ok(50), "on purpose");
                seen.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(pool.submit::<Echo>(7).unwrap().wait(), Ok(7));
        pool.join();
        assert_eq!(seen.load(Ordering::Relaxed), 99);
    });
}

#[test]
fn a_handle_is_a_future_that_needs_no_runtime() {
    within(20, || {
        let pool = pool(2);
        assert_eq!(block_on(pool.submit::<Echo>(9).unwrap()), Ok(9));
        let sum = block_on(async {
            let (one, two) = (
                pool.submit::<Echo>(1).unwrap(),
                pool.submit::<Echo>(2).unwrap(),
            );
            one.await.unwrap() + two.await.unwrap()
        });
        assert_eq!(sum, 3);
        let slow = pool.submit::<Fault>(sleep(300)).unwrap();
        assert!(block_on(slow).is_ok());
        let failed = block_on(pool.submit::<Fault>(Misdeed::Abort).unwrap());
        assert!(matches!(failed, Err(TaskError::WorkerDied { .. })));
    });
}

#[test]
fn tasks_of_higher_priority_go_first_and_equals_keep_their_order() {
    within(20, || {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("order");
        let pool = pool(1);
        // Holds the worker, with one task behind it, until everything is queued.
        let gate: Vec<_> = (0..2)
            .map(|_| pool.submit::<Fault>(sleep(300)).unwrap())
            .collect();
        let handles: Vec<_> = [(0, "a"), (-3, "z"), (5, "x"), (0, "b"), (9, "w"), (5, "y")]
            .map(|(priority, name)| {
                pool.submit_with_priority::<Fault>(priority, append(&log, name))
                    .unwrap()
            })
            .into();
        for handle in gate.into_iter().chain(handles) {
            handle.wait().unwrap();
        }
        let order = fs::read_to_string(&log).unwrap();
        assert_eq!(order.split_whitespace().collect::<String>(), "wxyabz");
    });
}

#[test]
fn queued_sent_and_running_tasks_can_be_cancelled_and_others_are_none_the_worse() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        let (ran, log) = (folder.path().join("ran"), folder.path().join("log"));
        let pool = pool(1);
        let before = pool.worker_pids();
        let running = pool.submit::<Fault>(sleep(60_000)).unwrap();
        let sent = pool.submit::<Fault>(append(&ran, "sent")).unwrap();
        let queued: Vec<_> = (0..20)
            .map(|_| pool.submit::<Fault>(append(&ran, "queued")).unwrap())
            .collect();
        let innocent = pool.submit::<Fault>(append(&log, "innocent")).unwrap();
        assert!(queued.iter().all(brigade::Handle::cancel));
        assert!(sent.cancel());
        assert!(!sent.cancel(), "it is too late the second time");
        thread::sleep(Duration::from_millis(50));
        assert!(running.cancel());
        assert_eq!(running.wait(), Err(TaskError::Cancelled));
        assert_eq!(sent.wait(), Err(TaskError::Cancelled));
        for handle in queued {
            assert_eq!(handle.wait(), Err(TaskError::Cancelled));
        }
        assert!(innocent.wait().is_ok());
        assert!(log.exists() && !ran.exists(), "a cancelled task ran");
        assert_ne!(pool.worker_pids(), before, "the running one was ended");
        let late = pool.submit::<Echo>(1).unwrap();
        assert!(eventually(5, || late.is_done()));
        assert!(!late.cancel());
        assert_eq!(late.wait(), Ok(1));
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
            .map(|_| pool.submit::<Fault>(sleep(30)).unwrap())
            .collect();
        assert!(eventually(10, || handles[0].is_done()));
        pool.cancel_queued();
        pool.close();
        let outcomes: Vec<_> = handles.into_iter().map(brigade::Handle::wait).collect();
        let cancelled = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert!((15..20).contains(&cancelled), "{cancelled} of 20");
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

#[test]
fn waiting_for_room_or_for_the_end_takes_no_processor_time() {
    // In a process of its own, because other tests of this one compute.
    within(30, || {
        let began = Instant::now();
        let output = brigade_tests::program("prober", ["patience"]).end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let spent: u64 = output.stdout.trim().parse().unwrap();
        assert!(began.elapsed() > Duration::from_millis(900));
        assert!(
            spent < 300,
            "{spent} ms of processor time to wait for a second"
        );
    });
}
