//! The faults of process pools, one by one, with real processes: only the guilty task fails.
//!
//! Each test names the number of its fault. `crowd` puts a fault among good tasks and asserts that these
//! are none the worse.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics"
)]

use std::{
    collections::BTreeSet, fmt::Debug, fs, path::Path, process::Command, thread, time::Duration,
};

use brigade::{
    Ended, Pool, PoolBuilder, StartError, Task, TaskError, TaskFailure,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{
    Output, Running, binary, children_of, eventually, is_alive, is_zombie, kill, open_descriptors,
    program, within,
};
use nix::sys::signal::Signal;

fn builder(workers: usize) -> PoolBuilder {
    Pool::builder()
        .workers(workers)
        .worker_executable(binary("worker"))
}

fn pool(workers: usize) -> Pool {
    builder(workers).start().unwrap()
}

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
        let pids: BTreeSet<u32> = pool
            .map::<Fault, _>(vec![Misdeed::Sleep(Duration::from_millis(100)); 2])
            .map(Result::unwrap)
            .collect();
        assert_eq!(pids.len(), 2, "the slot was not refilled");
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
            .starts_with("the task no such luck (worker "),
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
fn faults_25_and_28_a_thousand_crashes_leave_no_zombie_and_no_descriptor() {
    within(120, || {
        let pool = pool(2);
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        let mine = |pool: &Pool| pool.worker_pids().into_iter().collect::<BTreeSet<i32>>();
        let before = open_descriptors(me);
        let crashes = vec![Misdeed::Exit(1); 1_000];
        let died = pool.map::<Fault, _>(crashes).filter(|outcome| {
            matches!(
                outcome,
                Err(TaskError::WorkerDied {
                    how: Ended::Exited(1),
                    ..
                })
            )
        });
        assert_eq!(died.count(), 1_000);
        // A hundred thousand queued tasks take no descriptors either.
        let echoes = pool.map::<Echo, _>(0..100_000).map(Result::unwrap);
        assert_eq!(echoes.sum::<u64>(), (0..100_000).sum());
        assert!(eventually(5, || {
            let workers = mine(&pool);
            workers.len() == 2 && workers.iter().all(|pid| !is_zombie(*pid))
        }));
        // Other tests of this process have pools of their own, so children and descriptors come and go.
        assert!(
            eventually(20, || children_of(me)
                .iter()
                .filter(|pid| is_zombie(**pid))
                .count()
                == 0),
            "zombies are left"
        );
        assert!(
            eventually(60, || open_descriptors(me) <= before + 12),
            "{} descriptors, {before} before",
            open_descriptors(me)
        );
        pool.join();
    });
}

#[test]
fn fault_29_a_worker_has_its_own_descriptors_and_no_others() {
    within(20, || {
        assert_own_descriptors_only(&program("prober", ["descriptors"]).end());
        // A descriptor that the master was born with, and that a child of it would inherit.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$0\" descriptors 9< /dev/zero"])
            .arg(binary("prober"));
        assert_own_descriptors_only(&Running::start(command).end());
    });
}

/// Of a worker that has listed its descriptors.
#[track_caller]
fn assert_own_descriptors_only(output: &Output) {
    let list = output.stdout.trim().trim_start_matches("the task ");
    let list = &list[..list.rfind(" (worker").unwrap()];
    let kinds: Vec<String> = list
        .lines()
        .map(|line| {
            let (number, target) = line.split_once(' ').unwrap();
            let kind = target.split([':', '-']).next().unwrap_or(target);
            format!("{number} {kind}")
        })
        .collect();
    let (fixed, mut own) = (kinds[..5].to_vec(), kinds[5..].to_vec());
    assert_eq!(
        fixed,
        ["0 /dev/null", "1 pipe", "2 pipe", "3 pipe", "4 pipe"],
        "{list}"
    );
    // The lane and the log are closed again. The lifeline has two, and one is the status board.
    for kind in &mut own {
        kind.drain(..2);
    }
    own.sort_unstable();
    let expected = ["/dev/shm/brigade", "anon_inode", "anon_inode"];
    assert_eq!(own, expected, "{list}");
}

#[test]
fn fault_29_workers_have_nothing_of_each_other_and_what_they_start_has_nothing_of_theirs() {
    within(30, || {
        let pool = pool(3);
        let workers = pool.worker_pids();
        // The eight that the test above names.
        let have = |count| workers.iter().all(|pid| open_descriptors(*pid) == count);
        assert!(eventually(10, || have(8)), "more than their own");
        let child = pool
            .submit::<Fault>(Misdeed::LeaveChild {
                has_own_session: false,
            })
            .unwrap();
        let child = i32::try_from(child.wait().unwrap()).unwrap();
        assert!(
            eventually(5, || open_descriptors(child) == 3),
            "a worker's child has {} descriptors",
            open_descriptors(child)
        );
    });
}

#[test]
fn fault_42_a_worker_of_another_build_is_refused_and_both_are_named() {
    within(20, || {
        let pool = Pool::builder()
            .workers(2)
            .worker_executable(binary("stranger"))
            .start()
            .unwrap();
        let error = pool
            .submit::<Echo>(1)
            .map_or_else(|_| None, |handle| handle.wait().err());
        let message = error.map_or_else(
            || {
                pool.map::<Echo, _>([1])
                    .next()
                    .unwrap()
                    .unwrap_err()
                    .to_string()
            },
            |error| error.to_string(),
        );
        for part in [
            "0.0.9",
            "0123456789abcdef",
            brigade_protocol::BUILD_ID,
            "cargo build",
        ] {
            assert!(message.contains(part), "{message}");
        }
        pool.join();
    });
}

#[test]
fn another_program_as_worker_is_given_up_with_a_reason() {
    within(20, || {
        let pool = Pool::builder()
            .workers(2)
            .worker_executable("/bin/true")
            .start()
            .unwrap();
        let error = pool.map::<Echo, _>([1]).next().unwrap().unwrap_err();
        assert!(
            matches!(&error, TaskError::PoolBroken(why) if why.contains("exited with code 0")),
            "{error:?}"
        );
    });
}

#[test]
fn a_worker_executable_that_is_not_there_is_an_error_with_the_remedy() {
    let error = builder(2)
        .worker_executable("/no/such/worker")
        .start()
        .unwrap_err();
    assert!(matches!(error, StartError::NoWorker { .. }), "{error:?}");
    assert!(error.to_string().contains("cargo build"), "{error}");
}

#[test]
fn fault_43_a_worker_executable_that_is_just_being_written_is_waited_for() {
    within(20, || {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("worker");
        fs::copy(binary("worker"), &copy).unwrap();
        let writer = fs::OpenOptions::new().append(true).open(&copy).unwrap();
        let closer = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(writer);
        });
        let pool = builder(2).worker_executable(&copy).start().unwrap();
        assert_eq!(pool.submit::<Echo>(5).unwrap().wait(), Ok(5));
        closer.join().unwrap();
    });
}

#[test]
fn fault_43_a_worker_executable_that_stays_open_for_writing_is_given_up() {
    within(20, || {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("worker");
        fs::copy(binary("worker"), &copy).unwrap();
        let _writer = fs::OpenOptions::new().append(true).open(&copy).unwrap();
        let error = builder(1).worker_executable(&copy).start().unwrap_err();
        let busy = Some(nix::libc::ETXTBSY);
        assert!(
            matches!(&error, StartError::Spawn { error, .. } if error.raw_os_error() == busy),
            "{error:?}"
        );
    });
}

#[test]
fn a_worker_that_cannot_be_started_again_for_a_while_is_waited_for() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        let (copy, away) = (folder.path().join("worker"), folder.path().join("away"));
        fs::copy(binary("worker"), &copy).unwrap();
        let pool = builder(1)
            .retries(1)
            .worker_executable(&copy)
            .start()
            .unwrap();
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        fs::rename(&copy, &away).unwrap();
        kill(pool.worker_pids()[0], Signal::SIGKILL);
        let mover = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            fs::rename(&away, &copy).unwrap();
        });
        assert_eq!(pool.submit::<Echo>(2).unwrap().wait(), Ok(2));
        mover.join().unwrap();
    });
}

#[test]
fn a_pool_whose_worker_executable_is_gone_for_good_says_so() {
    within(30, || {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("worker");
        fs::copy(binary("worker"), &copy).unwrap();
        let pool = builder(1).worker_executable(&copy).start().unwrap();
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        fs::remove_file(&copy).unwrap();
        kill(pool.worker_pids()[0], Signal::SIGKILL);
        let outcome = pool
            .submit::<Fault>(Misdeed::Sleep(Duration::from_secs(1)))
            .map(brigade::Handle::wait);
        if let Ok(outcome) = outcome {
            let error = outcome.unwrap_err();
            assert!(
                matches!(&error, TaskError::PoolBroken(why) if why.contains("no worker executable"))
                    || matches!(error, TaskError::WorkerDied { .. }),
                "{error:?}"
            );
        }
    });
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

#[test]
fn a_program_that_says_nothing_is_given_up_and_not_waited_for() {
    within(40, || {
        let folder = tempfile::tempdir().unwrap();
        let mute = folder.path().join("mute");
        brigade_tests::write(&mute, "#!/bin/sh\nexec sleep 600\n");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&mute, mode).unwrap();
        let pool = Pool::builder()
            .workers(2)
            .worker_executable(&mute)
            .start_limit(Duration::from_secs(1))
            .start()
            .unwrap();
        let pids = pool.worker_pids();
        let error = pool.map::<Echo, _>([1]).next().unwrap().unwrap_err();
        assert!(
            matches!(&error, TaskError::PoolBroken(why) if why.contains("did not get ready within 1s")),
            "{error:?}"
        );
        assert!(eventually(5, || pids.iter().all(|pid| !is_alive(*pid))));
    });
}
