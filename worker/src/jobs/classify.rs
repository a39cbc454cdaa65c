//! `classify`: the classes of unknown samples, by the nearest of known ones.
//!
//! The computation is that of `tune`, with all known samples training and the rows of the task to be classified.

use brigade_protocol::{
    jobs::classify::{ClassifyBlock, Rows, SAMPLES, Verdict},
    shm::SharedSamples,
};

use super::tune::{Prepared, all_train, classify};
use crate::{Context, Registry, TaskError};

pub(super) fn register(registry: &mut Registry) {
    registry.register::<ClassifyBlock, _>(|rows, context| {
        context.state(Classifier::open)?.classify(&rows)
    });
}

/// What a worker keeps between blocks.
struct Classifier {
    samples: SharedSamples,
    prepared: Option<Prepared>,
}

impl Classifier {
    fn open(context: &Context) -> Result<Self, TaskError> {
        let fd = context.segment(SAMPLES)?.try_clone()?;
        Ok(Self {
            samples: SharedSamples::open(fd)?,
            prepared: None,
        })
    }

    fn classify(&mut self, rows: &Rows) -> Result<Vec<Verdict>, TaskError> {
        let samples = self.samples.samples()?;
        let prepared = match self.prepared.take() {
            Some(prepared) if prepared.has_scale(rows.scale) => prepared,
            _ => Prepared::new(&samples, all_train(samples.len()), 0, rows.scale)?,
        };
        let prepared = self.prepared.insert(prepared);
        Ok(classify(prepared, &samples, rows)?)
    }
}
