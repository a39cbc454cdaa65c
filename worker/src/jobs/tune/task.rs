//! The task around the computation: finds the shared samples, prepares them once per worker and split.

use brigade_protocol::{
    jobs::tune::{Input, SAMPLES, ScoreBlock, Tally},
    shm::SharedSamples,
};

use super::{Prepared, score};
use crate::{Context, Registry, TaskError};

pub(crate) fn register(registry: &mut Registry) {
    registry.register::<ScoreBlock, _>(|input, context| context.state(Tuner::open)?.score(&input));
}

/// What a worker keeps between blocks.
struct Tuner {
    samples: SharedSamples,
    prepared: Option<Prepared>,
}

impl Tuner {
    fn open(context: &Context) -> Result<Self, TaskError> {
        let fd = context.segment(SAMPLES)?.try_clone()?;
        Ok(Self {
            samples: SharedSamples::open(fd)?,
            prepared: None,
        })
    }

    fn score(&mut self, input: &Input) -> Result<Tally, TaskError> {
        let samples = self.samples.samples()?;
        let prepared = match self.prepared.take() {
            Some(prepared) if prepared.fits(input) => prepared,
            _ => Prepared::new(&samples, input.split, input.partition, input.scale)?,
        };
        let prepared = self.prepared.insert(prepared);
        Ok(score(prepared, &samples, input)?)
    }
}
