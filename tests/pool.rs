//! The pool as a library, over real worker processes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{collections::HashSet, time::Duration};

use brigade::{
    Chunks, Pool, SubmitError, TaskError, as_completed,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{binary, is_alive, title_of, wait_until_ready, within};

fn pool(workers: usize) -> Pool {
    Pool::builder()
        .workers(workers)
        .worker_executable(binary("worker"))
        .start()
        .unwrap()
}

fn nap(ms: u64) -> Misdeed {
    Misdeed::Sleep(Duration::from_millis(ms))
}

#[test]
fn a_task_is_given_its_input_and_gives_its_output() {
    within(20, || {
        let pool = pool(2);
        let handle = pool.submit::<Echo>(7).unwrap();
        assert_eq!(handle.id(), 0);
        assert_eq!(handle.wait(), Ok(7));
        pool.join();
    });
}

#[test]
fn a_map_keeps_the_order_of_its_inputs_and_an_unordered_one_their_positions() {
    within(60, || {
        let pool = pool(3);
        let outputs: Vec<u64> = pool.map::<Echo, _>(0..20_000).map(Result::unwrap).collect();
        assert!(outputs.into_iter().eq(0..20_000));

        let inputs: Vec<u64> = (0..5_000).map(|n| n * 3).collect();
        let mut seen: Vec<(u64, u64)> = pool
            .map_unordered::<Echo, _>(inputs)
            .map(|(position, output)| (position, output.unwrap()))
            .collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq((0..5_000).map(|n| (n, n * 3))));
    });
}

#[test]
fn chunks_of_any_size_change_nothing_but_speed() {
    within(60, || {
        let pool = pool(2);
        for size in [1, 2, 7, 100, 5_000] {
            let chunks = Chunks::Of(size.try_into().unwrap());
            let outputs = pool.map::<Echo, _>(0..4_321).chunks(chunks);
            assert!(outputs.map(Result::unwrap).eq(0..4_321), "chunks of {size}");
        }
        let inputs = (0..40_u8).map(|n| vec![n; 300_000]);
        let outputs = pool
            .map::<EchoBytes, _>(inputs)
            .chunks(Chunks::Of(7.try_into().unwrap()));
        for (n, output) in (0..40_u8).zip(outputs) {
            assert_eq!(output.unwrap(), vec![n; 300_000]);
        }
    });
}

#[test]
fn of_a_chunk_whose_worker_dies_only_the_running_task_fails() {
    within(60, || {
        let pool = pool(2);
        let misdeed = |n: usize| match n {
            13 | 14 => Misdeed::Exit(1),
            30 => Misdeed::HalfFrame,
            40 => Misdeed::Panic("at 40".into()),
            _ => Misdeed::None,
        };
        for size in [5, 64] {
            let chunks = Chunks::Of(size.try_into().unwrap());
            let outcomes: Vec<_> = pool
                .map::<Fault, _>((0..60).map(misdeed))
                .chunks(chunks)
                .collect();
            for (n, outcome) in outcomes.iter().enumerate() {
                match n {
                    13 | 14 | 30 => assert!(
                        matches!(outcome, Err(TaskError::WorkerDied { attempt: 1, .. })),
                        "{n}: {outcome:?}"
                    ),
                    40 => assert!(
                        matches!(outcome, Err(TaskError::Failed { .. })),
                        "{outcome:?}"
                    ),
                    _ => assert!(outcome.is_ok(), "{n} in chunks of {size}: {outcome:?}"),
                }
            }
        }
    });
}

#[test]
fn no_task_of_a_chunk_runs_twice_when_its_worker_dies() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let once = |n: usize| folder.path().join(n.to_string()).display().to_string();
        // Each makes a file and is killed if it was not there: without retries all die, each once.
        let pool = pool(2);
        let chunks = Chunks::Of(10.try_into().unwrap());
        let misdeeds = || (0..30).map(|n| Misdeed::DieOnce(once(n)));
        let died = pool.map::<Fault, _>(misdeeds()).chunks(chunks);
        assert_eq!(died.filter(Result::is_err).count(), 30);
        let fine = pool.map::<Fault, _>(misdeeds()).chunks(chunks);
        assert_eq!(fine.map(Result::unwrap).count(), 30);
    });
}

#[test]
fn each_task_of_a_chunk_has_its_own_retries() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let once =
            |n: usize| Misdeed::DieOnce(folder.path().join(n.to_string()).display().to_string());
        let pool = Pool::builder()
            .workers(2)
            .retries(1)
            .worker_executable(binary("worker"))
            .start()
            .unwrap();
        let chunks = Chunks::Of(8.try_into().unwrap());
        let outcomes = pool.map::<Fault, _>((0..20).map(once)).chunks(chunks);
        assert_eq!(outcomes.map(Result::unwrap).count(), 20);
        let stats = pool.stats();
        assert_eq!(
            (stats.submitted, stats.finished, stats.retried),
            (20, 20, 20)
        );
    });
}

#[test]
fn a_chunk_size_beyond_all_reason_loses_nothing() {
    within(60, || {
        let pool = pool(2);
        let chunks = Chunks::Of(usize::MAX.try_into().unwrap());
        let outputs = pool.map::<Echo, _>(0..100).chunks(chunks);
        assert!(outputs.map(Result::unwrap).eq(0..100));
    });
}

#[test]
fn cancelled_tasks_leave_the_queue() {
    within(60, || {
        let pool = Pool::builder()
            .workers(1)
            .max_queued(2)
            .worker_executable(binary("worker"))
            .start()
            .unwrap();
        let _busy: Vec<_> = (0..2)
            .map(|_| pool.submit::<Fault>(nap(30_000)).unwrap())
            .collect();
        for n in 0..1_000 {
            let handles = [
                pool.submit::<Echo>(n).unwrap(),
                pool.submit::<Echo>(n).unwrap(),
            ];
            assert!(handles.iter().all(brigade::Handle::cancel), "round {n}");
            assert!(pool.stats().queued < 2, "round {n}");
        }
    });
}

#[test]
fn a_map_over_an_endless_iterator_streams() {
    within(20, || {
        let pool = pool(2);
        let mut taken = 0;
        let inputs = std::iter::repeat_with(|| {
            taken += 1;
            5
        });
        let sum: u64 = pool
            .map::<Echo, _>(inputs)
            .take(3_000)
            .map(Result::unwrap)
            .sum();
        assert_eq!(sum, 15_000);
        assert!(
            taken < 25_000,
            "{taken} inputs were taken for 3,000 outputs"
        );
    });
}

#[test]
fn an_empty_map_ends_at_once() {
    within(20, || {
        let pool = pool(1);
        assert_eq!(pool.map::<Echo, _>([]).count(), 0);
        assert_eq!(pool.map_unordered::<Echo, _>([]).count(), 0);
    });
}

#[test]
fn as_completed_yields_the_quick_before_the_slow() {
    within(20, || {
        let pool = pool(2);
        wait_until_ready(&pool, 2);
        let slow = pool.submit::<Fault>(nap(400)).unwrap();
        let quick = pool.submit::<Fault>(nap(1)).unwrap();
        let order: Vec<u64> = as_completed([slow, quick])
            .map(|handle| {
                assert!(handle.is_done());
                handle.id()
            })
            .collect();
        assert!(order[0] > order[1], "{order:?}");
    });
}

#[test]
fn as_completed_waits_for_several_pools_at_once() {
    within(20, || {
        let (one, other) = (pool(1), pool(1));
        let handles = [
            one.submit::<Fault>(nap(50)).unwrap(),
            other.submit::<Fault>(nap(10)).unwrap(),
            one.submit::<Fault>(nap(1)).unwrap(),
        ];
        let outcomes: Vec<_> = as_completed(handles).map(brigade::Handle::wait).collect();
        assert!(outcomes.len() == 3 && outcomes.iter().all(Result::is_ok));
    });
}

#[test]
fn a_wait_with_a_time_limit_gives_the_handle_back() {
    within(20, || {
        let pool = pool(1);
        let handle = pool.submit::<Fault>(nap(300)).unwrap();
        let handle = handle.wait_timeout(Duration::from_millis(20)).unwrap_err();
        assert!(!handle.is_done());
        assert!(
            handle
                .wait_timeout(Duration::from_secs(10))
                .unwrap()
                .is_ok()
        );
    });
}

#[test]
fn many_threads_submit_and_wait_at_once() {
    within(60, || {
        let pool = pool(2);
        std::thread::scope(|scope| {
            for thread in 0..16_u64 {
                let pool = &pool;
                scope.spawn(move || {
                    for n in 0..300 {
                        let input = thread * 1_000 + n;
                        assert_eq!(pool.submit::<Echo>(input).unwrap().wait(), Ok(input));
                    }
                });
            }
        });
        pool.join();
    });
}

#[test]
fn a_result_that_nobody_waits_for_is_computed_all_the_same() {
    within(20, || {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("ran").display().to_string();
        let pool = Pool::builder()
            .workers(1)
            .retries(1)
            .worker_executable(binary("worker"))
            .start()
            .unwrap();
        // Makes the file and is killed; the pool's own thread has to see to the second attempt.
        drop(
            pool.submit::<Fault>(Misdeed::DieOnce(mark.clone()))
                .unwrap(),
        );
        let after = pool.submit::<Fault>(Misdeed::None).unwrap();
        assert!(brigade_tests::eventually(10, || after.is_done()));
        assert!(std::path::Path::new(&mark).exists());
    });
}

#[test]
fn joining_finishes_what_was_submitted_and_leaves_no_process() {
    within(20, || {
        let pool = pool(2);
        let handles: Vec<_> = (0..500).map(|n| pool.submit::<Echo>(n).unwrap()).collect();
        let pids = pool.worker_pids();
        pool.join();
        assert!(handles.iter().all(brigade::Handle::is_done));
        assert!(pids.iter().all(|pid| !is_alive(*pid)));
    });
}

#[test]
fn a_pool_dropped_at_once_after_its_start_leaves_nothing() {
    within(20, || {
        for _ in 0..20 {
            let pool = pool(2);
            let pids = pool.worker_pids();
            drop(pool);
            assert!(brigade_tests::eventually(5, || pids
                .iter()
                .all(|pid| !is_alive(*pid))));
        }
    });
}

#[test]
fn a_dropped_pool_cancels_what_is_not_done() {
    within(20, || {
        let pool = pool(1);
        let running = pool.submit::<Fault>(nap(60_000)).unwrap();
        let queued = pool.submit::<Echo>(1).unwrap();
        drop(pool);
        assert_eq!(running.wait(), Err(TaskError::Cancelled));
        assert_eq!(queued.wait(), Err(TaskError::Cancelled));
    });
}

#[test]
fn a_closed_pool_takes_no_more() {
    within(20, || {
        let pool = pool(1);
        pool.close();
        assert_eq!(pool.submit::<Echo>(1).unwrap_err(), SubmitError::Closed);
        let mut map = pool.map::<Echo, _>(0..3);
        assert_eq!(map.next(), Some(Err(TaskError::Cancelled)));
    });
}

#[test]
fn large_inputs_and_outputs_in_both_directions_at_once_do_not_block() {
    // Fault 38: each task fills the pipes of both directions many times over.
    within(60, || {
        let pool = pool(2);
        let inputs = (0..120_u8).map(|n| vec![n; 1 << 20]);
        for (n, output) in (0_u8..).zip(pool.map::<EchoBytes, _>(inputs)) {
            let output = output.unwrap();
            assert_eq!(
                (output.len(), output[0], output[output.len() - 1]),
                (1 << 20, n, n)
            );
        }
    });
}

#[test]
fn work_is_spread_over_all_workers() {
    within(30, || {
        let pool = pool(4);
        wait_until_ready(&pool, 4);
        let inputs = std::iter::repeat_n(nap(20), 16);
        let workers: HashSet<u32> = pool.map::<Fault, _>(inputs).map(Result::unwrap).collect();
        assert_eq!(workers.len(), 4);
    });
}

#[test]
fn processes_carry_a_title_and_a_short_name() {
    within(20, || {
        let pool = Pool::builder()
            .workers(3)
            .title("tune")
            .worker_executable(binary("worker"))
            .start()
            .unwrap();
        wait_until_ready(&pool, 3);
        let titles: Vec<_> = pool.worker_pids().into_iter().map(title_of).collect();
        let expected: Vec<_> = (1..=3)
            .map(|n| {
                (
                    format!("brigade-worker[{n}/3] tune"),
                    format!("brigade-w{n}"),
                )
            })
            .collect();
        assert_eq!(titles, expected);
    });
}
