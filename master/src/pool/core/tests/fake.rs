//! A core in a world of one's imagination, and what its actions have led to.

use std::{collections::HashMap, time::Duration};

use super::super::{
    super::ended::{Death, Ended},
    *,
};

pub(super) const GREETING: Duration = Duration::from_secs(15);
pub(super) const GRACE: Duration = Duration::from_secs(3);
pub(super) const KILLED: Ended = Ended::Killed(libc::SIGKILL);

/// A core and what its actions have led to.
pub(super) struct Fake {
    pub(super) core: Core<u32>,
    pub(super) now: Instant,
    pub(super) actions: Vec<Action<u32>>,
    /// What became of each ticket.
    pub(super) outcomes: HashMap<u32, &'static str>,
}

impl Fake {
    /// A pool whose processes have been asked for and not started.
    pub(super) fn new(workers: usize) -> Self {
        Self::limited(workers, None)
    }

    pub(super) fn limited(workers: usize, tasks_per_worker: Option<u64>) -> Self {
        let limits = Limits {
            tasks_per_worker,
            grace: GRACE,
            greeting: GREETING,
            preparation: None,
            starts_processes: false,
        };
        let now = Instant::now();
        let mut fake = Self {
            core: Core::new(workers, limits, now),
            now,
            actions: Vec::new(),
            outcomes: HashMap::new(),
        };
        fake.settle();
        fake
    }

    /// A pool whose workers are all ready; nothing has happened yet.
    pub(super) fn ready(workers: usize) -> Self {
        let mut fake = Self::new(workers);
        fake.take();
        for slot in 0..workers {
            fake.start(slot);
        }
        fake.expect([]);
        fake
    }

    pub(super) fn start(&mut self, slot: usize) {
        self.core.spawned(slot);
        self.core.ready(slot);
        self.settle();
    }

    pub(super) fn submit(&mut self, ticket: u32, retries: u32) -> TaskRef {
        let terms = Terms {
            retries,
            ..Terms::default()
        };
        self.submit_with(ticket, terms)
    }

    pub(super) fn submit_with(&mut self, ticket: u32, terms: Terms) -> TaskRef {
        let task = self.core.submit(ticket, terms).unwrap();
        self.settle();
        task
    }

    /// Finishes or skips the next task of a worker and returns its ticket.
    pub(super) fn finish(&mut self, slot: usize) -> Option<u32> {
        let sequence = self.core.head_sequence(slot);
        let is_skipped = self.core.slots[slot].in_flight[0].is_none();
        let finished = self.core.finished(slot, sequence, is_skipped).unwrap();
        let ticket = finished.map(|finished| finished.ticket);
        if let Some(ticket) = ticket {
            self.record(ticket, "done");
        }
        self.core.dispatch();
        self.settle();
        ticket
    }

    /// The worker of a slot ends, having begun its next task if `is_busy`.
    pub(super) fn die(&mut self, slot: usize, is_busy: bool, how: Ended) {
        let running = self.core.head_sequence(slot);
        let death = Death {
            worker: 7,
            how,
            last_words: "alas".into(),
        };
        self.core.worker_gone(
            slot,
            &death,
            |sequence| is_busy && sequence == running,
            self.now,
        );
        self.settle();
    }

    /// Collects actions, notes outcomes, and checks the rules.
    pub(super) fn settle(&mut self) {
        let from = self.actions.len();
        self.core.take_actions(&mut self.actions);
        let failed: Vec<_> = self.actions[from..]
            .iter()
            .filter_map(|action| match action {
                Action::Fail { ticket, loss } => Some((*ticket, name(loss))),
                _ => None,
            })
            .collect();
        for (ticket, outcome) in failed {
            self.record(ticket, outcome);
        }
        self.core.check();
    }

    pub(super) fn record(&mut self, ticket: u32, outcome: &'static str) {
        let before = self.outcomes.insert(ticket, outcome);
        assert_eq!(before, None, "task {ticket} has two outcomes");
    }

    /// The actions since the last look, in words, such as `send 0:3` for task 3 to worker 0.
    pub(super) fn take(&mut self) -> Vec<String> {
        let words = std::mem::take(&mut self.actions);
        words
            .iter()
            .map(|action| match action {
                Action::Spawn { slot } => format!("spawn {slot}"),
                Action::Send { slot, key, .. } => match self.core.task(*key) {
                    Some(Entry {
                        ticket: Some(ticket),
                        ..
                    }) => format!("send {slot}:{ticket}"),
                    _ => format!("send {slot}:gone"),
                },
                Action::Revoke { slot, count } => format!("revoke {slot} {count}"),
                Action::Expire { slot, sequence } => format!("expire {slot}:{sequence}"),
                Action::GiveUp { slot } => format!("give up {slot}"),
                Action::Terminate { slot } => format!("terminate {slot}"),
                Action::Shutdown { slot } => format!("shutdown {slot}"),
                Action::Kill { slot } => format!("kill {slot}"),
                Action::Fail { ticket, loss } => format!("fail {ticket} {}", name(loss)),
            })
            .collect()
    }

    /// Asserts that exactly these actions came, and nothing unexpected.
    #[track_caller]
    pub(super) fn expect<const N: usize>(&mut self, expected: [&str; N]) {
        assert_eq!(self.take(), expected);
    }
}

fn name(loss: &Loss) -> &'static str {
    match loss {
        Loss::Died { .. } => "died",
        Loss::TimedOut { .. } => "timed out",
        Loss::Cancelled => "cancelled",
        Loss::Broken(_) => "broken",
    }
}
