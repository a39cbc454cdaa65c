//! Inputs and results that are too large, or that cannot be encoded or decoded.

use brigade::{
    Task, TaskError, TaskFailure,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Huge, Refusing, Unencodable},
    },
};

use super::{
    Check, Finding, Ward,
    ward::{answers, promise, told},
};

/// A result limit for the check of it.
const LIMIT_BYTES: u64 = 1 << 20;

/// What is sent both ways at once.
const LARGE_BYTES: usize = 12 << 20;

pub(super) const CHECKS: &[Check] = &[
    Check {
        number: 9,
        fault: "a result cannot be encoded",
        show: unencodable,
    },
    Check {
        number: 10,
        fault: "a result cannot be decoded",
        show: undecodable,
    },
    Check {
        number: 11,
        fault: "an input cannot be encoded",
        show: bad_input,
    },
    Check {
        number: 12,
        fault: "a result larger than a frame",
        show: large,
    },
    Check {
        number: 13,
        fault: "a result over the limit",
        show: too_large,
    },
    Check {
        number: 38,
        fault: "pipes full in both directions",
        show: both_full,
    },
];

/// What the worker calls `echo`, with other ideas of what goes in and comes out.
#[derive(Debug)]
struct Misunderstood;

impl Task for Misunderstood {
    const KIND: &'static str = Echo::KIND;
    type Input = u64;
    type Output = (String, String);
}

#[derive(Debug)]
struct Refused;

impl Task for Refused {
    const KIND: &'static str = Echo::KIND;
    type Input = Refusing;
    type Output = u64;
}

fn unencodable(ward: &Ward) -> Finding {
    let pool = ward.pool(1)?;
    let error = pool.submit::<Unencodable>(()).map_err(told)?.wait();
    answers(&pool)?;
    let failure = failure(error)?;
    let is_it = matches!(failure, TaskFailure::OutputUnencodable { .. });
    promise(
        is_it && pool.stats().deaths == 0,
        format!("{failure}, worker kept"),
    )
}

fn undecodable(ward: &Ward) -> Finding {
    let pool = ward.pool(1)?;
    let error = pool
        .submit::<Misunderstood>(5_000_000_000)
        .map_err(told)?
        .wait();
    answers(&pool)?;
    match error {
        Err(error @ TaskError::OutputUndecodable { .. }) => Ok(error.to_string()),
        other => Err(format!("{other:?}")),
    }
}

fn bad_input(ward: &Ward) -> Finding {
    let pool = ward.pool(1)?;
    let refused = pool.submit::<Refused>(Refusing);
    answers(&pool)?;
    match refused {
        Err(error) => Ok(error.to_string()),
        Ok(_) => Err("it was submitted".into()),
    }
}

fn large(ward: &Ward) -> Finding {
    let pool = ward.pool(1)?;
    let size = 80 << 20;
    let output = pool
        .submit::<Huge>(size)
        .map_err(told)?
        .wait()
        .map_err(told)?;
    promise(
        output.len() as u64 == size,
        format!("{} MiB came whole", output.len() >> 20),
    )
}

fn too_large(ward: &Ward) -> Finding {
    let pool = ward
        .builder(1)
        .result_limit(LIMIT_BYTES)
        .start()
        .map_err(told)?;
    let outcome = pool.submit::<Huge>(2 * LIMIT_BYTES).map_err(told)?.wait();
    answers(&pool)?;
    let failure = failure(outcome)?;
    let is_it = matches!(failure, TaskFailure::OutputTooLarge { .. });
    promise(
        is_it && pool.stats().deaths == 0,
        format!("{failure}, worker kept"),
    )
}

fn both_full(ward: &Ward) -> Finding {
    let pool = ward.pool(2)?;
    let inputs = (0..4_u8).map(|n| vec![n; LARGE_BYTES / 4]);
    for (n, output) in (0_u8..).zip(pool.map::<EchoBytes, _>(inputs)) {
        let output = output.map_err(told)?;
        promise(
            output.len() == LARGE_BYTES / 4 && output[0] == n,
            "came back changed",
        )?;
    }
    Ok(format!("{} MiB each way, no deadlock", LARGE_BYTES >> 20))
}

fn failure<T>(outcome: Result<T, TaskError>) -> Result<TaskFailure, String> {
    match outcome {
        Err(TaskError::Failed { failure, .. }) => Ok(failure),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("it was well".into()),
    }
}
