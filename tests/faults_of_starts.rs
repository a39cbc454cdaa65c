//! Faults of starts: a worker executable that is another one, is missing, or is just being written.

use std::{fs, thread, time::Duration};

use brigade::{
    Pool, StartError, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{binary, builder, eventually, is_alive, kill, within};
use nix::sys::signal::Signal;

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
        let survives = || {
            let pool = builder(1)
                .retries(1)
                .worker_executable(&copy)
                .start()
                .unwrap();
            assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
            fs::rename(&copy, &away).unwrap();
            kill(pool.worker_pids()[0], Signal::SIGKILL);
            // Longer than the first tries, and shorter than the last one, unless this machine is very busy.
            thread::sleep(Duration::from_millis(10));
            fs::rename(&away, &copy).unwrap();
            let handle = pool.submit::<Echo>(2);
            handle.is_ok_and(|handle| handle.wait() == Ok(2))
        };
        assert!((0..10).any(|_| survives()));
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
