//! A chunk that this host has taken, until its results have left.

use std::{sync::Arc, time::Instant};

use async_nats::jetstream::{Message, message::Acker};
use brigade_protocol::{Task, jobs::run::RunCommand};

use super::{
    super::{
        failure::Failure,
        wire::{Chunk, Description, Print, decode, print},
    },
    outcome::Outcome,
};
use crate::TaskError;

/// A chunk that comes back more often has ended its hosts.
const MOST_DELIVERIES: i64 = 5;

/// A chunk that has been given away so often is under suspicion.
const SUSPICIOUS: i64 = 3;

pub(super) struct InHand {
    pub(super) chunk: Chunk,
    pub(super) acker: Arc<Acker>,
    /// How often the server has given it to a host.
    pub(super) delivered: i64,
    pub(super) prints: Vec<Print>,
    pub(super) outcomes: Vec<Option<Outcome>>,
    left: usize,
    pub(super) since: Instant,
    /// The local pool could not do it.
    pub(super) is_spoilt: bool,
}

impl InHand {
    /// What is in a message.
    ///
    /// # Errors
    /// How to have the server forget it, when it is no chunk.
    pub(super) fn open(message: Message) -> Result<Self, Box<Acker>> {
        let delivered = message.info().map_or(1, |info| info.delivered);
        let (message, acker) = message.split();
        let acker = Box::new(acker);
        let Some(chunk) = decode::<Chunk>(&message.payload) else {
            return Err(acker);
        };
        let Some(items) = chunk.items().filter(|items| !items.is_empty()) else {
            return Err(acker);
        };
        let prints: Vec<Print> = items.iter().map(|item| print(&chunk.kind, item)).collect();
        Ok(Self {
            acker: Arc::from(acker),
            delivered,
            outcomes: vec![None; prints.len()],
            left: prints.len(),
            since: Instant::now(),
            is_spoilt: false,
            prints,
            chunk,
        })
    }

    /// Whether it may be what its hosts have died of, so that it is to run by itself.
    pub(super) fn is_suspicious(&self) -> bool {
        self.delivered >= SUSPICIOUS
    }

    /// Why it is not given to the pool.
    pub(super) fn refusal(&self, description: &Description) -> Option<Failure> {
        if self.delivered > MOST_DELIVERIES {
            let deliveries = u64::try_from(self.delivered - 1).unwrap_or_default();
            return Some(Failure::Undelivered { deliveries });
        }
        // Whatever the job says of itself, commands run here only if its owner lets them.
        let is_command = self.chunk.kind == RunCommand::KIND;
        (is_command && !description.starts_processes).then(|| {
            Failure::Other("was refused: the job did not say that it runs commands".into())
        })
    }

    /// All its tasks fail like this.
    pub(super) fn refuse(&mut self, failure: Failure) {
        self.outcomes.fill(Some(Err(failure)));
        self.left = 0;
    }

    /// Takes the outcome of one task; whether it was the last.
    pub(super) fn put(&mut self, index: usize, outcome: Result<Vec<u8>, TaskError>) -> bool {
        let Some(slot) = self.outcomes.get_mut(index).filter(|slot| slot.is_none()) else {
            return false;
        };
        *slot = Some(outcome.map_err(|error| {
            let text = error.to_string();
            Failure::of(error).unwrap_or_else(|| {
                self.is_spoilt = true;
                Failure::Other(text)
            })
        }));
        self.left -= 1;
        self.left == 0
    }
}
