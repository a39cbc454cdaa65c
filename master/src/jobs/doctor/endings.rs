//! Callbacks, closing, and leaving with work undone.

use std::{
    panic,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use brigade::{
    SubmitError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};

use super::{
    Check, Finding, Ward,
    limits::all_cancelled,
    ward::{answers, is_alive, promise, told, until},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        number: 35,
        fault: "a callback panics",
        show: callback,
    },
    Check {
        number: 39,
        fault: "a task for a closed pool",
        show: closed,
    },
    Check {
        number: 40,
        fault: "tasks while the pool is closed",
        show: racing,
    },
    Check {
        number: 41,
        fault: "leaving with work undone",
        show: leaving,
    },
];

fn callback(ward: &Ward) -> Finding {
    let pool = ward.pool(1)?;
    let called = Arc::new(AtomicU32::new(0));
    for n in 0..20 {
        let called = Arc::clone(&called);
        pool.submit::<Echo>(n).map_err(told)?.on_done(move |_| {
            called.fetch_add(1, Ordering::Relaxed);
            if n == 3 {
                // A panic without its message on the user's screen.
                panic::resume_unwind(Box::new("on purpose"));
            }
        });
    }
    answers(&pool)?;
    pool.join();
    let called = called.load(Ordering::Relaxed);
    promise(
        called == 20,
        format!("{called} of 20 callbacks were called"),
    )
}

fn closed(ward: &Ward) -> Finding {
    let pool = ward.pool(1)?;
    pool.close();
    match pool.submit::<Echo>(1) {
        Err(SubmitError::Closed) => Ok(SubmitError::Closed.to_string()),
        other => Err(format!("{:?}", other.map(|handle| handle.id()))),
    }
}

fn racing(ward: &Ward) -> Finding {
    let pool = ward.pool(2)?;
    let (done, lost) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Ok(handle) = pool.submit::<Echo>(7) {
                    let counter = if handle.wait() == Ok(7) { &done } else { &lost };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(Duration::from_millis(30));
        pool.close();
    });
    let (done, lost) = (done.into_inner(), lost.into_inner());
    promise(lost == 0, format!("{done} accepted and done, {lost} lost"))
}

fn leaving(ward: &Ward) -> Finding {
    let pool = ward.pool(2)?;
    let long = || Misdeed::Sleep(Duration::from_mins(10));
    let submit = |_| pool.submit::<Fault>(long()).map_err(told);
    let handles = (0..20).map(submit).collect::<Result<Vec<_>, _>>()?;
    let pids = pool.worker_pids();
    // As dropping it, but on purpose: this program is to exit as its checks end.
    pool.terminate();
    promise(all_cancelled(handles), "20 handles say `cancelled`")?;
    until("the workers have ended", || {
        !pids.iter().any(|pid| is_alive(*pid))
    })?;
    Ok("20 handles say `cancelled`, no process left".into())
}
