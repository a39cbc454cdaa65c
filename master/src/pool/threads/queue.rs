//! Tasks that wait for a thread: the highest priority first, then in order.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
};

use crate::pool::{core::Terms, outcome::Ticket};

/// A task with its number and its terms.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) terms: Terms,
    pub(super) ticket: Ticket,
}

#[derive(Debug, Default)]
pub(super) struct Queue(BTreeMap<Reverse<i32>, VecDeque<Job>>);

impl Queue {
    pub(super) fn push(&mut self, job: Job) {
        let level = self.0.entry(Reverse(job.terms.priority)).or_default();
        level.push_back(job);
    }

    pub(super) fn pop(&mut self) -> Option<Job> {
        self.0.values_mut().find_map(VecDeque::pop_front)
    }

    /// Takes out one task by its number.
    pub(super) fn remove(&mut self, id: u64) -> Option<Job> {
        self.0.values_mut().find_map(|level| {
            // Numbers rise along each level.
            let at = level.binary_search_by_key(&id, |job| job.id).ok()?;
            level.remove(at)
        })
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Job> {
        std::mem::take(&mut self.0).into_values().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Job> {
        self.0.values().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(VecDeque::len).sum()
    }
}
