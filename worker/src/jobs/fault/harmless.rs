//! Tasks that do no harm and tell what the worker has.

use std::{env, fs, process};

use brigade_protocol::jobs::fault::{LookAround, Recall, Remember, Surroundings};
use nix::{
    sched::{CpuSet, sched_getaffinity},
    unistd::Pid,
};

use crate::{Context, Registry, TaskError};

/// What [`Remember`] leaves in the worker, and how often it was asked for.
struct Stored {
    number: u64,
    recalled: u64,
}

impl Stored {
    fn new() -> Self {
        Self {
            number: 0,
            recalled: 0,
        }
    }
}

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Remember, _>(|number, context| {
        stored(context)?.number = number;
        Ok(())
    });
    registry.register::<Recall, _>(|(), context| {
        let stored = stored(context)?;
        stored.recalled += 1;
        Ok((stored.number, stored.recalled))
    });
    registry.register::<LookAround, _>(|variable, context| look_around(&variable, context));
}

fn stored(context: &mut Context) -> Result<&mut Stored, TaskError> {
    context.state(|_| Ok(Stored::new()))
}

fn look_around(variable: &str, context: &Context) -> Result<Surroundings, TaskError> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let directory = fs::canonicalize(env::current_dir()?)?;
    Ok(Surroundings {
        pid: process::id(),
        index: context.worker_index(),
        directory: directory.display().to_string(),
        variable: env::var(variable).ok(),
        cores: (0..CpuSet::count())
            .filter(|core| allowed.is_set(*core).unwrap_or(false))
            .collect(),
    })
}
