//! Race: adds one, many times, in three ways.

use std::{process, time::Instant};

use brigade_protocol::jobs::race::{Add, Added, Adding, Way};

use crate::{Registry, TaskError};

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Add, _>(|adding, _| add(&adding));
}

fn add(adding: &Adding) -> Result<Added, TaskError> {
    let mut start = adding.start.open()?;
    let mut time = |add: &mut dyn FnMut() -> Result<(), TaskError>| {
        start.wait()?;
        let began = Instant::now();
        add()?;
        Ok::<_, TaskError>(began.elapsed())
    };
    let times = 0..adding.times;
    let took = match adding.way {
        Way::Unsynchronised(ticket) => {
            let counter = ticket.open()?;
            time(&mut || {
                for _ in times.clone() {
                    let seen = counter.get();
                    counter.set(seen.wrapping_add(1));
                }
                Ok(())
            })?
        }
        Way::Atomic(ticket) => {
            let counter = ticket.open()?;
            time(&mut || {
                for _ in times.clone() {
                    counter.fetch_add(1);
                }
                Ok(())
            })?
        }
        Way::Locked(ticket) => {
            let counter = ticket.open()?;
            time(&mut || {
                for _ in times.clone() {
                    *counter.lock()? += 1;
                }
                Ok(())
            })?
        }
    };
    Ok(Added {
        pid: process::id(),
        took,
    })
}
