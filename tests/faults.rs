//! The faults of process pools, one by one, with real processes: only the guilty task fails.
//!
//! Each test names the number of its fault. `crowd` puts a fault among good tasks and asserts that these
//! are none the worse.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{fmt::Debug, fs, path::Path, thread, time::Duration};

use brigade::{
    Ended, Task, TaskError, TaskFailure,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{builder, eventually, is_alive, kill, pool, program, wait_until_ready, within};
use nix::sys::signal::Signal;

/// Runs a misdeed in the middle of 400 good tasks, and returns what became of it.
#[track_caller]
fn crowd(misdeed: Misdeed) -> TaskError {
    within(30, move || {
        let pool = pool(2);
        let mut good: Vec<_> = (0..200)
            .map(|n| (n, pool.submit::<Echo>(n).unwrap()))
            .collect();
        let guilty = pool.submit::<Fault>(misdeed).unwrap();
        good.extend((200..400).map(|n| (n, pool.submit::<Echo>(n).unwrap())));
        for (n, handle) in good {
            assert_eq!(handle.wait(), Ok(n), "an innocent task");
        }
        let error = guilty.wait().unwrap_err();
        // Both slots work again.
        wait_until_ready(&pool, 2);
        pool.join();
        error
    })
}

#[track_caller]
fn assert_died(error: &TaskError, expected: &Ended) {
    assert!(
        matches!(error, TaskError::WorkerDied { how, attempt: 1, worker, .. } if how == expected && *worker > 0),
        "{error:?}"
    );
}

#[test]
fn fault_1_killing_idle_workers_costs_nothing() {
    within(30, || {
        let pool = pool(2);
        for round in 0..20 {
            assert_eq!(pool.submit::<Echo>(round).unwrap().wait(), Ok(round));
            let pids = pool.worker_pids();
            kill(pids[0], Signal::SIGKILL);
            if round % 2 == 0 {
                kill(pids[1], Signal::SIGKILL);
            }
            // What is given to the dead before their death is noticed is not lost.
            let handles: Vec<_> = (0..10).map(|n| pool.submit::<Echo>(n).unwrap()).collect();
            for (n, handle) in (0..).zip(handles) {
                assert_eq!(handle.wait(), Ok(n), "round {round}");
            }
            assert!(eventually(5, || {
                let now = pool.worker_pids();
                now.len() == 2 && !now.contains(&pids[0])
            }));
        }
    });
}

/// Maps until `kills` workers have been killed, one after another, in the middle of their work. `input` makes the
/// input number `n`, which the output must equal. Returns how many tasks were lost.
fn lost_to<T>(kills: usize, tasks: u64, input: impl Fn(u64) -> T::Input + Copy) -> usize
where
    T: Task<Input: PartialEq<T::Output>, Output: Debug>,
{
    let pool = pool(2);
    thread::scope(|scope| {
        let killer = scope.spawn(|| {
            let mut killed = 0;
            while killed < kills {
                // Long enough for those that have taken the places of others to be at work.
                thread::sleep(Duration::from_millis(20));
                let pids = pool.worker_pids();
                if let Some(pid) = pids.get(killed % 2) {
                    // It may have ended in between.
                    let pid = nix::unistd::Pid::from_raw(*pid);
                    let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
                    killed += 1;
                }
            }
        });
        let mut lost = 0;
        while !killer.is_finished() {
            let mut next = 0;
            for outcome in pool.map::<T, _>((0..tasks).map(input)) {
                match outcome {
                    Ok(output) => assert!(input(next) == output, "task {next}: {output:?}"),
                    Err(error) => {
                        assert_died(&error, &Ended::Killed(libc_sigkill()));
                        lost += 1;
                    }
                }
                next += 1;
            }
            assert_eq!(next, tasks, "every task has an outcome");
        }
        lost
    })
}

#[test]
fn faults_2_and_4_killing_busy_workers_at_any_moment_costs_at_most_the_running_task() {
    within(60, || {
        let lost = lost_to::<Echo>(60, 100_000, |n| n);
        assert!(lost <= 60, "{lost} tasks were lost to 60 kills");
    });
}

fn libc_sigkill() -> i32 {
    Signal::SIGKILL as i32
}

#[test]
fn fault_3_a_worker_killed_half_way_through_a_result() {
    assert_died(
        &crowd(Misdeed::HalfFrame),
        &Ended::Killed(Signal::SIGKILL as i32),
    );
}

#[test]
fn fault_3_workers_killed_while_the_pipe_is_full_of_their_results() {
    within(60, || {
        let bytes =
            |n: u64| vec![n.to_le_bytes()[0]; 5_000 + 7 * usize::try_from(n % 1_000).unwrap()];
        let lost = lost_to::<EchoBytes>(60, 5_000, bytes);
        assert!(lost <= 60, "{lost} tasks were lost to 60 kills");
    });
}

#[test]
fn fault_4_a_task_that_kills_its_process() {
    assert_died(&crowd(Misdeed::Signal(9)), &Ended::Killed(9));
    assert_died(
        &crowd(Misdeed::Segfault),
        &Ended::Killed(Signal::SIGSEGV as i32),
    );
    assert_died(
        &crowd(Misdeed::Abort),
        &Ended::Killed(Signal::SIGABRT as i32),
    );
}

#[test]
fn fault_5_a_task_that_exits_as_if_all_were_well() {
    assert_died(&crowd(Misdeed::Exit(0)), &Ended::Exited(0));
}

#[test]
fn fault_6_a_task_that_exits_with_a_code() {
    let error = crowd(Misdeed::Exit(3));
    assert_died(&error, &Ended::Exited(3));
    assert!(
        error
            .to_string()
            .contains("exited with code 3 while it ran the task"),
        "{error}"
    );
}

#[test]
fn fault_8_a_panic_is_told_and_the_worker_kept() {
    within(20, || {
        let pool = pool(1);
        let before = pool.submit::<Fault>(Misdeed::None).unwrap().wait().unwrap();
        let error = pool
            .submit::<Fault>(Misdeed::Panic("ouch".into()))
            .unwrap()
            .wait()
            .unwrap_err();
        let TaskError::Failed {
            failure,
            worker,
            attempt: 1,
            input_index: None,
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!(u32::try_from(worker), Ok(before));
        let TaskFailure::Panicked {
            message,
            location,
            backtrace,
        } = failure
        else {
            panic!("{failure:?}");
        };
        assert_eq!(message, "ouch");
        assert!(location.contains("fault.rs:"), "{location}");
        assert!(backtrace.contains("fault"), "{backtrace}");
        let after = pool.submit::<Fault>(Misdeed::None).unwrap().wait().unwrap();
        assert_eq!(before, after, "the worker was kept");
    });
}

#[test]
fn an_error_that_a_task_returns_is_told_and_the_worker_kept() {
    let error = crowd(Misdeed::Error("no such luck".into()));
    assert!(
        error
            .to_string()
            .starts_with("the task failed: no such luck (worker "),
        "{error}"
    );
}

#[test]
fn fault_14_a_corrupt_length_is_refused_without_allocating() {
    let error = crowd(Misdeed::BadLength);
    assert!(
        matches!(&error, TaskError::WorkerDied { how: Ended::Babbled(why), .. }
            if why.contains("claims 4294967295 bytes, above the limit")),
        "{error:?}"
    );
}

#[test]
fn a_frame_of_noise_ends_that_worker_only() {
    let error = crowd(Misdeed::BadFrame);
    assert!(
        matches!(
            &error,
            TaskError::WorkerDied {
                how: Ended::Babbled(_),
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn fault_15_a_task_may_print() {
    within(20, || {
        let output = program("prober", ["print", "100000"]).end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let text = "x".repeat(100_000);
        assert_eq!(output.stdout, format!("{text}\nsame worker: true\n"));
        assert_eq!(output.stderr, text);
    });
}

#[test]
fn fault_19_a_pool_outlives_the_thread_that_started_it() {
    within(20, || {
        let pool = thread::spawn(|| pool(2)).join().unwrap();
        let pids = pool.worker_pids();
        thread::sleep(Duration::from_millis(50));
        assert!(pids.iter().all(|pid| is_alive(*pid)));
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        assert_eq!(pool.worker_pids(), pids);
    });
}

/// Where it is told to people and other programs what time it is: the beginning of a job in a job log, the time of a
/// log record, the age of a forecast. Everywhere else, time is measured.
const TELL_THE_TIME: [&str; 6] = [
    "master/src/jobs/logs/demo.rs",
    "master/src/jobs/run/ended.rs",
    "master/src/jobs/weather/",
    "master/src/report/weather",
    "worker/src/jobs/logs/handler.rs",
    "worker/src/jobs/run.rs",
];

#[test]
fn fault_24_no_wall_clock_where_time_is_measured() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = ["master/src", "worker/src", "protocol/src"]
        .map(|folder| root.join(folder))
        .to_vec();
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                let name = path.strip_prefix(&root).unwrap().to_string_lossy();
                if TELL_THE_TIME.iter().any(|told| name.starts_with(told)) {
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                for word in ["SystemTime", "CLOCK_REALTIME", "chrono::"] {
                    assert!(!text.contains(word), "{} uses {word}", path.display());
                }
            }
        }
    }
    assert!(files > 100, "the sources have moved");
}

#[test]
fn a_board_that_somebody_removes_harms_no_task() {
    within(30, || {
        let pool = pool(1);
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        let me = i32::try_from(std::process::id()).unwrap();
        // All boards of this process, those of other tests too: none of them may mind.
        for board in brigade_tests::boards_of(me) {
            let _ = fs::remove_file(board);
        }
        kill(pool.worker_pids()[0], Signal::SIGKILL);
        assert!(eventually(10, || {
            pool.submit::<Echo>(2)
                .is_ok_and(|handle| handle.wait() == Ok(2))
        }));
    });
}

#[test]
fn a_kind_that_the_worker_does_not_know_fails_with_the_kinds_it_does() {
    #[derive(Debug)]
    struct Unheard;
    impl Task for Unheard {
        const KIND: &'static str = "unheard.of";
        type Input = ();
        type Output = ();
    }
    within(20, || {
        let pool = pool(1);
        let error = pool.submit::<Unheard>(()).unwrap().wait().unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("no task kind `unheard.of`; it knows: echo"),
            "{message}"
        );
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    });
}

#[test]
fn fault_45_a_task_is_tried_again_only_when_asked_for() {
    within(20, || {
        let folder = tempfile::tempdir().unwrap();
        let once = |name: &str| Misdeed::DieOnce(folder.path().join(name).display().to_string());
        let strict = pool(1);
        let error = strict
            .submit::<Fault>(once("a"))
            .unwrap()
            .wait()
            .unwrap_err();
        assert_died(&error, &Ended::Killed(9));
        let lenient = builder(1).retries(1).start().unwrap();
        assert!(lenient.submit::<Fault>(once("b")).unwrap().wait().is_ok());
        let error = lenient
            .submit::<Fault>(Misdeed::Exit(1))
            .unwrap()
            .wait()
            .unwrap_err();
        assert!(
            matches!(error, TaskError::WorkerDied { attempt: 2, .. }),
            "{error:?}"
        );
    });
}

#[test]
fn fault_45_no_task_of_a_map_runs_twice_whenever_its_worker_is_killed() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines").display().to_string();
        let pool = pool(2);
        let tasks = 40_000_u32;
        let appends = (0..tasks).map(|n| Misdeed::AppendLine {
            path: path.clone(),
            line: n.to_string(),
        });
        let mut is_done = Vec::new();
        for (n, outcome) in pool.map::<Fault, _>(appends).enumerate() {
            is_done.push(outcome.is_ok());
            // In the middle of much that is finished and not sent yet.
            if n % 1_000 == 500 {
                for pid in pool.worker_pids().into_iter().take(1) {
                    // It may have ended in between.
                    let pid = nix::unistd::Pid::from_raw(pid);
                    let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
                }
            }
        }
        let mut times = vec![0; is_done.len()];
        for line in fs::read_to_string(&path).unwrap().lines() {
            times[line.parse::<usize>().unwrap()] += 1;
        }
        let lost = is_done.iter().filter(|is_done| !**is_done).count();
        assert!(lost <= 40, "{lost} tasks were lost to 40 kills");
        for (n, (times, is_done)) in times.into_iter().zip(is_done).enumerate() {
            assert!(times <= 1, "task {n} ran {times} times");
            assert!(times == 1 || !is_done, "task {n} did not run");
        }
    });
}
