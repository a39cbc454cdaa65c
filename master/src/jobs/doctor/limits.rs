//! Time that runs out, workers that wear out, and more work than anybody takes.

use std::{
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Handle, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};

use super::{
    Check, Finding, Ward,
    ward::{answers, promise, told, until},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        number: 16,
        fault: "a task hangs and ignores SIGTERM",
        show: hangs,
    },
    Check {
        number: 17,
        fault: "kills aimed at other tasks?",
        show: aims,
    },
    Check {
        number: 23,
        fault: "stopped, and continued later",
        show: pauses,
    },
    Check {
        number: 33,
        fault: "the initialiser crashes",
        show: bad_start,
    },
    Check {
        number: 34,
        fault: "a fresh worker for every task",
        show: recycles,
    },
    Check {
        number: 36,
        fault: "an endless iterator",
        show: endless,
    },
    Check {
        number: 37,
        fault: "a slow consumer",
        show: slow_consumer,
    },
];

fn nap(ms: u64) -> Misdeed {
    Misdeed::Sleep(Duration::from_millis(ms))
}

fn hangs(ward: &Ward) -> Finding {
    let limit = Duration::from_millis(100);
    let pool = ward
        .builder(1)
        .timeout(limit)
        .grace(limit)
        .start()
        .map_err(told)?;
    answers(&pool)?;
    let outcome = pool.submit::<Fault>(Misdeed::Freeze).map_err(told)?.wait();
    answers(&pool)?;
    match outcome {
        Err(error @ TaskError::TimedOut { .. }) => Ok(error.to_string()),
        other => Err(format!("{other:?}")),
    }
}

fn aims(ward: &Ward) -> Finding {
    let pool = ward
        .builder(2)
        .grace(Duration::from_millis(1))
        .start()
        .map_err(told)?;
    let limit = Duration::from_millis(5);
    let mut kills = 0;
    for _ in 0..10 {
        let guilty = pool
            .submit_with_timeout::<Fault>(limit, nap(60_000))
            .map_err(told)?;
        for n in 0..20 {
            let outcome = pool.submit::<Echo>(n).map_err(told)?.wait();
            promise(
                outcome == Ok(n),
                format!("an innocent task came to {outcome:?}"),
            )?;
        }
        kills += u32::from(matches!(guilty.wait(), Err(TaskError::TimedOut { .. })));
    }
    promise(
        kills == 10,
        format!("{kills} kills, each hit its task only"),
    )
}

fn pauses(ward: &Ward) -> Finding {
    let pool = ward
        .builder(1)
        .timeout(Duration::from_millis(400))
        .start()
        .map_err(told)?;
    answers(&pool)?;
    let task = Misdeed::Spin(Duration::from_millis(100));
    let handle = pool.submit::<Fault>(task).map_err(told)?;
    until("the task is with its worker", || pool.stats().queued == 0)?;
    pool.pause();
    thread::sleep(Duration::from_millis(600));
    pool.resume();
    handle.wait().map_err(told)?;
    Ok("600 ms of pause did not count against 400 ms".into())
}

fn bad_start(ward: &Ward) -> Finding {
    let began = Instant::now();
    let words = "no licence".to_owned();
    let builder = ward
        .builder(2)
        .initializer::<Fault>(Misdeed::Complain(words));
    let pool = builder.map_err(told)?.start().map_err(told)?;
    let outcome = pool.map::<Echo, _>([1]).next();
    let Some(Err(error @ TaskError::PoolBroken(_))) = outcome else {
        return Err(format!("{outcome:?}"));
    };
    let quoted = error.to_string().contains("no licence");
    promise(
        quoted,
        format!(
            "given up after {} ms, its words quoted",
            began.elapsed().as_millis()
        ),
    )
}

fn recycles(ward: &Ward) -> Finding {
    let pool = ward
        .builder(1)
        .max_tasks_per_worker(1)
        .start()
        .map_err(told)?;
    let outcomes = pool.map_async::<Fault, _>(vec![Misdeed::None; 20]).wait();
    let mut pids = outcomes
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(told)?;
    pids.sort_unstable();
    pids.dedup();
    promise(
        pids.len() == 20,
        format!("20 tasks in {} workers", pids.len()),
    )
}

fn endless(ward: &Ward) -> Finding {
    let pool = ward.pool(2)?;
    let mut taken = 0_u64;
    let inputs = (0..).inspect(|_| taken += 1);
    let count = pool.map::<Echo, _>(inputs).take(5_000).flatten().count();
    promise(
        count == 5_000 && taken < 25_000,
        format!("{taken} inputs taken for {count} results"),
    )
}

fn slow_consumer(ward: &Ward) -> Finding {
    let pool = ward.pool(2)?;
    let mut outputs = pool.map_unordered::<Echo, _>(0_u64..);
    let first = outputs.next().map(|(_, outcome)| outcome);
    promise(matches!(first, Some(Ok(_))), "no first result")?;
    let mut submitted = pool.stats().submitted;
    let mut quiet_looks = 0;
    until("the workers wait", || {
        let now = pool.stats().submitted;
        quiet_looks = if now == submitted { quiet_looks + 1 } else { 0 };
        submitted = now;
        // Each look is 2 ms after the one before.
        quiet_looks == 25
    })?;
    promise(
        submitted < 20_000,
        format!("the workers wait after {submitted} results"),
    )
}

/// Whether handles all say that they were cancelled.
pub(super) fn all_cancelled(handles: Vec<Handle<Fault>>) -> bool {
    let mut outcomes = handles.into_iter().map(Handle::wait);
    outcomes.all(|outcome| outcome == Err(TaskError::Cancelled))
}
