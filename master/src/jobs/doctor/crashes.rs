//! Workers that end when they should not.

use std::time::Duration;

use brigade::{
    Ended, Pool, TaskError, TaskFailure,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use nix::{
    sys::{
        signal::{Signal, kill},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};

use super::{
    Check, Finding, Ward,
    ward::{answers, descriptors, is_alive, promise, told, until},
};

/// Crashes for the check that nothing is left of them.
const CRASHES: usize = 100;

pub(super) const CHECKS: &[Check] = &[
    Check {
        number: 1,
        fault: "an idle worker is killed",
        show: idle_kill,
    },
    Check {
        number: 2,
        fault: "busy workers are killed",
        show: busy_kill,
    },
    Check {
        number: 3,
        fault: "killed half-way through a result",
        show: |ward| died(ward, Misdeed::HalfFrame, &Ended::Killed(9)),
    },
    Check {
        number: 4,
        fault: "a task dies of a segmentation fault",
        show: |ward| died(ward, Misdeed::Segfault, &Ended::Killed(11)),
    },
    Check {
        number: 5,
        fault: "a task exits with code 0",
        show: |ward| died(ward, Misdeed::Exit(0), &Ended::Exited(0)),
    },
    Check {
        number: 6,
        fault: "a task exits with code 3",
        show: |ward| died(ward, Misdeed::Exit(3), &Ended::Exited(3)),
    },
    Check {
        number: 8,
        fault: "a task panics",
        show: panics,
    },
    Check {
        number: 14,
        fault: "a corrupt length on the wire",
        show: babbles,
    },
    Check {
        number: 20,
        fault: "a killed worker has children",
        show: grandchildren,
    },
    Check {
        number: 25,
        fault: "100 crashes: zombies?",
        show: zombies,
    },
    Check {
        number: 28,
        fault: "100 crashes: open descriptors?",
        show: leaks,
    },
    Check {
        number: 45,
        fault: "a crashed task and retries",
        show: retries,
    },
];

fn sigkill(pid: i32) {
    // It may have ended by itself.
    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
}

fn died(ward: &Ward, misdeed: Misdeed, expected: &Ended) -> Finding {
    let error = ward.crowd(misdeed)?;
    let is_it = matches!(&error, TaskError::WorkerDied { how, .. } if how == expected);
    promise(is_it, error.to_string())
}

fn idle_kill(ward: &Ward) -> Finding {
    let pool = ward.pool(2)?;
    answers(&pool)?;
    let before = pool.worker_pids();
    before.iter().copied().for_each(sigkill);
    answers(&pool)?;
    until("the workers are replaced", || {
        let now = pool.worker_pids();
        now.len() == 2 && now.iter().all(|pid| !before.contains(pid))
    })?;
    Ok("both replaced, the next task is well".into())
}

fn busy_kill(ward: &Ward) -> Finding {
    let pool = ward.builder(2).retries(100).start().map_err(told)?;
    let mut kills = 0;
    for (at, outcome) in (0..).zip(pool.map::<Echo, _>(0..20_000)) {
        if outcome != Ok(at) {
            return Err(format!("task {at} came to {outcome:?}"));
        }
        if at % 2_000 == 1_000 {
            pool.worker_pids().into_iter().take(1).for_each(sigkill);
            kills += 1;
        }
    }
    Ok(format!("{kills} kills, each of 20,000 results once"))
}

fn panics(ward: &Ward) -> Finding {
    let error = ward.crowd(Misdeed::Panic("ouch".into()))?;
    let TaskError::Failed {
        failure: TaskFailure::Panicked {
            message, location, ..
        },
        ..
    } = &error
    else {
        return Err(error.to_string());
    };
    promise(
        message == "ouch",
        format!("`{message}` at {location}, worker kept"),
    )
}

fn babbles(ward: &Ward) -> Finding {
    let error = ward.crowd(Misdeed::BadLength)?;
    let is_it = matches!(
        &error,
        TaskError::WorkerDied {
            how: Ended::Babbled(_),
            ..
        }
    );
    promise(is_it, error.to_string())
}

fn grandchildren(ward: &Ward) -> Finding {
    for has_own_session in [false, true] {
        let grace = Duration::from_millis(200);
        let pool = ward.builder(1).grace(grace).start().map_err(told)?;
        let child = pool.submit::<Fault>(Misdeed::LeaveChild { has_own_session });
        let child = child.map_err(told)?.wait().map_err(told)?;
        let child = i32::try_from(child).map_err(told)?;
        let limit = Duration::from_millis(50);
        let slow = Misdeed::Sleep(Duration::from_mins(1));
        let slow = pool
            .submit_with_timeout::<Fault>(limit, slow)
            .map_err(told)?;
        let outcome = slow.wait();
        promise(outcome.is_err(), "a task outlived its limit")?;
        let gone = until("the worker's child has ended", || !is_alive(child));
        if gone.is_err() {
            sigkill(child);
        }
        gone?;
    }
    Ok("ended with it, also with a session of their own".into())
}

fn crashed(ward: &Ward) -> Result<Pool, String> {
    let pool = ward.pool(2)?;
    answers(&pool)?;
    let crashes = vec![Misdeed::Exit(1); CRASHES];
    let died = pool.map::<Fault, _>(crashes).filter(Result::is_err).count();
    promise(
        died == CRASHES,
        format!("{died} of {CRASHES} crashes were told"),
    )?;
    until("both workers are back", || pool.worker_pids().len() == 2)?;
    Ok(pool)
}

fn zombies(ward: &Ward) -> Finding {
    let pool = crashed(ward)?;
    until("all workers live", || {
        pool.worker_pids().iter().all(|pid| is_alive(*pid))
    })?;
    pool.join();
    // Pools of earlier checks may still be ending. Looked at only: reaping is theirs.
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    until("no child is left", || waitid(Id::All, look).is_err())?;
    Ok("none, and no child left".into())
}

fn leaks(ward: &Ward) -> Finding {
    let before = descriptors();
    crashed(ward)?.join();
    until("the descriptors are closed", || descriptors() <= before)?;
    Ok(format!("{before} before, {} after", descriptors()))
}

fn retries(ward: &Ward) -> Finding {
    let outcome = |retries| -> Result<TaskError, String> {
        let pool = ward.builder(1).retries(retries).start().map_err(told)?;
        let handle = pool.submit::<Fault>(Misdeed::Exit(1)).map_err(told)?;
        handle.wait().err().ok_or_else(|| "a crash was well".into())
    };
    let attempts = [outcome(0)?, outcome(2)?].map(|error| match error {
        TaskError::WorkerDied { attempt, .. } => attempt,
        _ => 0,
    });
    promise(
        attempts == [1, 3],
        format!(
            "tried {} time without, {} with two retries",
            attempts[0], attempts[1]
        ),
    )
}
