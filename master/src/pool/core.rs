//! The pool's state machine: events in, actions out, no I/O.
//!
//! It knows tasks as tickets it does not look into, workers as numbered slots, and time as what it is told.
//! Every event is a method; what has to be done about it is left in the list of [`Action`]s. The loop in
//! `io.rs` turns the world into events and actions into system calls, and the tests here do without a world.
//!
//! The rules it keeps, all checked by [`Core::check`]:
//! * a task is in the queue or with exactly one worker, until it leaves with exactly one outcome;
//! * a worker's results come in the order of its tasks, so at most its first unfinished task is running;
//! * a worker has at most `window` tasks, so that what is small streams and what is big spreads;
//! * what waits behind a long task is taken back for a worker that has nothing to do.
//!
//! | file | events |
//! | --- | --- |
//! | this one | submitted, greeted, ready, finished, revoked |
//! | `cancel.rs` | cancelled |
//! | `items.rs` | a task of a chunk has its outcome |
//! | `dispatch.rs`, `queue.rs`, `pace.rs` | who gets the next task |
//! | `death.rs` | a worker has ended; whom to blame, when to start another |
//! | `limits.rs` | time limits, worn-out workers, more or fewer of them |
//! | `ending.rs` | closed, terminated, given up |
//! | `action.rs`, `terms.rs`, `slot.rs` | what is wanted, under which terms, and what is known of a worker |
//! | `check.rs` | the rules, for tests |

mod action;
mod cancel;
#[cfg(test)]
mod check;
mod death;
mod dispatch;
mod ending;
mod items;
mod limits;
mod pace;
mod queue;
mod slot;
mod terms;
#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Instant};

use slab::Slab;

pub(crate) use action::{Action, Cancelling, Finished, Loss, OutOfOrder};
pub(crate) use terms::{Counts, Limits, TaskKey, TaskRef, Terms};

use queue::Queue;
use slot::{Slot, SlotState};

/// A task and where it is.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// Gone once the task has its outcome, although a queue or a worker still has its key.
    pub(crate) ticket: Option<T>,
    /// Number of the task in its pool.
    pub(crate) id: u64,
    /// 1 for the first attempt.
    pub(crate) attempt: u32,
    terms: Terms,
    place: Place,
    has_timed_out: bool,
    /// How many tasks it stands for that have no outcome yet: more than one for a chunk.
    items: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Queued,
    With { slot: usize, sequence: u64 },
}

/// Whether tasks are taken and what becomes of those that are here.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// Tasks are taken.
    Open,
    /// What is here is finished, then the workers end.
    Closing,
    /// The workers are being ended; the reason, if the pool gave up.
    Over(Option<String>),
}

/// The state of a pool.
#[derive(Debug)]
pub(crate) struct Core<T> {
    tasks: Slab<Entry<T>>,
    /// Tasks that have no outcome yet.
    open_tasks: usize,
    queue: Queue,
    /// Keys in the queue whose tasks were cancelled.
    ghosts: usize,
    slots: Vec<Slot>,
    /// Slots that may have nothing to do, and slots that may have room; checked when taken.
    idle: VecDeque<usize>,
    roomy: VecDeque<usize>,
    phase: Phase,
    limits: Limits,
    counts: Counts,
    /// The time as last told.
    now: Instant,
    /// When to look again whether an idle worker can take something off another one.
    level_at: Option<Instant>,
    /// Whether any task was ever given a time limit.
    has_timeouts: bool,
    actions: Vec<Action<T>>,
}

impl<T> Core<T> {
    /// A pool of `workers` slots, each of which wants a process.
    pub(crate) fn new(workers: usize, limits: Limits, now: Instant) -> Self {
        Self {
            tasks: Slab::new(),
            open_tasks: 0,
            queue: Queue::default(),
            ghosts: 0,
            slots: (0..workers).map(|_| Slot::wanted(now)).collect(),
            idle: VecDeque::new(),
            roomy: VecDeque::new(),
            phase: Phase::Open,
            limits,
            counts: Counts::default(),
            now,
            level_at: None,
            has_timeouts: false,
            actions: (0..workers).map(|slot| Action::Spawn { slot }).collect(),
        }
    }

    /// Takes a task. Gives the ticket back when no task is taken any more.
    pub(crate) fn submit(&mut self, ticket: T, terms: Terms) -> Result<TaskRef, T> {
        self.submit_chunk(ticket, terms, 1)
    }

    /// Takes so many tasks that travel as one.
    pub(crate) fn submit_chunk(
        &mut self,
        ticket: T,
        terms: Terms,
        items: u64,
    ) -> Result<TaskRef, T> {
        if self.phase != Phase::Open {
            return Err(ticket);
        }
        let id = self.counts.submitted;
        self.counts.submitted += items;
        self.open_tasks += 1;
        self.has_timeouts |= terms.timeout.is_some();
        let key = self.tasks.insert(Entry {
            ticket: Some(ticket),
            id,
            attempt: 1,
            terms,
            place: Place::Queued,
            has_timed_out: false,
            items,
        });
        self.queue.push_back(key, terms.priority);
        self.dispatch();
        Ok(TaskRef { key, id })
    }

    /// A worker has introduced itself, and prepares for work.
    pub(crate) fn greeted(&mut self, slot: usize) {
        let preparation = self.limits.preparation;
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.start_by = preparation.and_then(|limit| self.now.checked_add(limit));
        }
    }

    /// A worker can take tasks.
    pub(crate) fn ready(&mut self, slot: usize) {
        let Some(entry) = self.slots.get_mut(slot) else {
            return;
        };
        if entry.state != SlotState::Starting {
            return;
        }
        entry.failed_starts = 0;
        entry.start_by = None;
        entry.state = SlotState::Ready;
        self.list(slot);
        self.dispatch();
        self.wind_down();
    }

    /// The worker has finished its next task, which must be `sequence`; or has skipped it, which it must
    /// have if that was revoked. There is nothing to deliver then, or when the task was cancelled.
    ///
    /// Call [`dispatch`](Self::dispatch) after the last result at hand.
    pub(crate) fn finished(
        &mut self,
        slot: usize,
        sequence: u64,
        is_skipped: bool,
    ) -> Result<Option<Finished<T>>, OutOfOrder> {
        let out_of_order = |expected| OutOfOrder {
            got: sequence,
            expected,
        };
        let now = self.now;
        let entry = self.slots.get_mut(slot).ok_or(out_of_order(0))?;
        let expected = entry.head_sequence();
        let head = entry.in_flight.front().ok_or(out_of_order(expected))?;
        if sequence != expected || is_skipped != head.is_none() {
            return Err(out_of_order(expected));
        }
        let key = entry.in_flight.pop_front().flatten();
        entry.head_since = now;
        self.list(slot);
        self.retire_if_due(slot);
        let task = key.and_then(|key| self.tasks.try_remove(key));
        let outcome = task.and_then(|task| Some((task.ticket?, task.attempt, task.items)));
        let Some((ticket, attempt, items)) = outcome else {
            return Ok(None);
        };
        self.open_tasks -= 1;
        self.counts.finished += items;
        Ok(Some(Finished { ticket, attempt }))
    }

    /// A task was taken back from a worker before it began there. It goes to the front of the queue.
    pub(crate) fn revoked(&mut self, slot: usize, sequence: u64) {
        if let Some(key) = self.take_from_worker(slot, sequence) {
            self.requeue(key);
        }
    }

    /// Leaves a hole where a worker's task was.
    fn take_from_worker(&mut self, slot: usize, sequence: u64) -> Option<TaskKey> {
        let entry = self.slots.get_mut(slot)?;
        let index = sequence.checked_sub(entry.head_sequence())?;
        entry
            .in_flight
            .get_mut(usize::try_from(index).ok()?)?
            .take()
    }

    /// Puts a task that has been with a worker back to the front of the queue.
    fn requeue(&mut self, key: TaskKey) {
        if let Some(task) = self.tasks.get_mut(key) {
            task.place = Place::Queued;
            self.ghosts += usize::from(task.ticket.is_none());
            self.queue.push_front(key, task.terms.priority);
        }
    }

    /// Lets a task have no result. Its entry stays for as long as its key is somewhere.
    fn fail(&mut self, key: TaskKey, loss: Loss) {
        let task = self.tasks.get_mut(key);
        if let Some((ticket, items)) = task.and_then(|task| Some((task.ticket.take()?, task.items)))
        {
            self.open_tasks -= 1;
            self.counts.lost += items;
            self.actions.push(Action::Fail { ticket, loss });
        }
    }

    /// The task behind a key of [`Action::Send`].
    pub(crate) fn task(&self, key: TaskKey) -> Option<&Entry<T>> {
        self.tasks.get(key)
    }

    /// How many tasks a worker has, those that were revoked and not yet skipped included.
    pub(crate) fn in_flight(&self, slot: usize) -> usize {
        self.slots.get(slot).map_or(0, |slot| slot.in_flight.len())
    }

    /// The sequence number of the task whose result comes next from a worker.
    pub(crate) fn head_sequence(&self, slot: usize) -> u64 {
        self.slots.get(slot).map_or(0, Slot::head_sequence)
    }

    /// How many tasks wait for a worker.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len() - self.ghosts
    }

    /// Tasks that have no outcome yet.
    pub(crate) fn open_tasks(&self) -> usize {
        self.open_tasks
    }

    /// What the pool has done so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Takes all actions, in order.
    pub(crate) fn take_actions(&mut self, into: &mut Vec<Action<T>>) {
        into.append(&mut self.actions);
    }
}
