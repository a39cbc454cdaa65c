//! Every way to give a pool work and to take what comes of it, over real worker processes.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use brigade::{
    TaskError, Until,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Fault, Misdeed},
    },
    wait,
};
use brigade_tests::{block_on, eventually, is_at_work, pool, sleep, wait_until_ready, within};

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
        wait_until_ready(&pool, 2);
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
        wait_until_ready(&pool, 1);
        let before = pool.worker_pids();
        let spin = Misdeed::Spin(Duration::from_mins(1));
        let running = pool.submit::<Fault>(spin).unwrap();
        assert!(eventually(10, || is_at_work(before[0])));
        let sent = pool.submit::<Fault>(append(&ran, "sent")).unwrap();
        let queued: Vec<_> = (0..20)
            .map(|_| pool.submit::<Fault>(append(&ran, "queued")).unwrap())
            .collect();
        let innocent = pool.submit::<Fault>(append(&log, "innocent")).unwrap();
        assert!(queued.iter().all(brigade::Handle::cancel));
        assert!(sent.cancel());
        assert!(!sent.cancel(), "it is too late the second time");
        assert!(running.cancel());
        assert_eq!(running.wait(), Err(TaskError::Cancelled));
        assert_eq!(sent.wait(), Err(TaskError::Cancelled));
        for handle in queued {
            assert_eq!(handle.wait(), Err(TaskError::Cancelled));
        }
        assert!(innocent.wait().is_ok());
        assert!(log.exists() && !ran.exists(), "a cancelled task ran");
        assert!(
            eventually(10, || pool.worker_pids() != before),
            "the running one was ended"
        );
        let late = pool.submit::<Echo>(1).unwrap();
        assert!(eventually(5, || late.is_done()));
        assert!(!late.cancel());
        assert_eq!(late.wait(), Ok(1));
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
