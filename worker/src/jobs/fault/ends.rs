//! Ends of queues in a worker.

use std::{process, time::Duration};

use brigade_protocol::{
    jobs::fault::{Answer, Consume, Consumption, Parcel, Produce, Production, Then},
    queue::QueueError,
};
use nix::sys::signal::Signal;

use crate::{Registry, TaskError};

/// How long an end waits for the one before it to end.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Produce, _>(|production, _| produce(&production));
    registry.register::<Consume, _>(|consumption, _| consume(&consumption));
    registry.register::<Answer, _>(|(questions, answers), _| {
        let (questions, mut answers) = (questions.open(OPEN_LIMIT)?, answers.open()?);
        let mut count = 0;
        for question in questions {
            answers.put(&question?)?;
            count += 1;
        }
        Ok(count)
    });
}

fn produce(production: &Production) -> Result<u64, TaskError> {
    let mut producer = production.ticket.open()?;
    let mut put = 0;
    while put < production.count {
        let parcel = Parcel::new(process::id(), put, production.load_bytes);
        if production.until_full {
            match producer.try_put(&parcel) {
                Err(QueueError::Full) => break,
                other => other?,
            }
        } else {
            producer.put(&parcel)?;
        }
        put += 1;
    }
    end(production.then)?;
    Ok(put)
}

fn consume(consumption: &Consumption) -> Result<Vec<(u32, u64)>, TaskError> {
    let mut consumer = consumption.ticket.open(OPEN_LIMIT)?;
    let mut got = Vec::new();
    while (got.len() as u64) < consumption.count {
        match consumer.get_timeout(consumption.limit) {
            Ok(parcel) => got.push((parcel.from, parcel.number)),
            Err(QueueError::Closed) => break,
            Err(error) => return Err(error.into()),
        }
    }
    end(consumption.then)?;
    Ok(got)
}

fn end(then: Then) -> Result<(), TaskError> {
    match then {
        Then::Close => Ok(()),
        Then::Die => super::die_of(Signal::SIGKILL),
    }
}
