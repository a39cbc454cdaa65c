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

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use slab::Slab;

use super::{
    error::{Death, Ended},
    pace::{Pace, SOON},
    slot::{Slot, SlotState},
};

/// Identifies a task while the pool has it. Used again for a later task.
pub(crate) type TaskKey = usize;

/// Deaths in a row before readiness, in one slot, after which the pool gives up if no worker is left.
const MAX_FAILED_STARTS: u32 = 5;

/// The same where somebody else killed the worker, which says little about the worker.
const MAX_KILLED_STARTS: u32 = 50;

const FIRST_BACK_OFF: Duration = Duration::from_millis(5);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

/// What the loop has to do.
#[derive(Debug, PartialEq)]
pub(crate) enum Action<T> {
    /// Start a process for this slot.
    Spawn { slot: usize },
    /// Send this task, [`Core::task`], to the worker.
    Send {
        slot: usize,
        key: TaskKey,
        sequence: u64,
    },
    /// Take back tasks that the worker has not begun, the last `count` of those it has; tell
    /// [`Core::revoked`] which.
    Revoke { slot: usize, count: usize },
    /// Tell the worker that there are no more tasks.
    Shutdown { slot: usize },
    /// End the worker now.
    Kill { slot: usize },
    /// This task has no result and never will.
    Fail { ticket: T, loss: Loss },
}

/// Why a task leaves without a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Loss {
    /// It was running when its worker ended.
    Died { attempt: u32, death: Death },
    /// The pool was terminated.
    Cancelled,
    /// The pool gave up.
    Broken(String),
}

/// A task that a worker has finished.
#[derive(Debug, PartialEq)]
pub(crate) struct Finished<T> {
    pub(crate) ticket: T,
    pub(crate) attempt: u32,
}

/// A result for a task that was not next: the worker is not to be trusted any more.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a result for task {got} of this worker, where {expected} was next")]
pub(crate) struct OutOfOrder {
    pub(crate) got: u64,
    pub(crate) expected: u64,
}

/// A task and where it is.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(crate) ticket: T,
    /// Number of the task in its pool.
    pub(crate) id: u64,
    /// 1 for the first attempt.
    pub(crate) attempt: u32,
    retries_left: u32,
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
    queue: VecDeque<TaskKey>,
    slots: Vec<Slot>,
    /// Slots that may have nothing to do, and slots that may have room; checked when taken.
    idle: VecDeque<usize>,
    roomy: VecDeque<usize>,
    phase: Phase,
    next_id: u64,
    /// The time as last told.
    now: Instant,
    /// When to look again whether an idle worker can take something off another one.
    level_at: Option<Instant>,
    actions: Vec<Action<T>>,
}

impl<T> Core<T> {
    /// A pool of `workers` slots, each of which wants a process.
    pub(crate) fn new(workers: usize, now: Instant) -> Self {
        Self {
            tasks: Slab::new(),
            queue: VecDeque::new(),
            slots: (0..workers).map(|_| Slot::default()).collect(),
            idle: VecDeque::new(),
            roomy: VecDeque::new(),
            phase: Phase::Open,
            next_id: 0,
            now,
            level_at: None,
            actions: (0..workers).map(|slot| Action::Spawn { slot }).collect(),
        }
    }

    /// Takes a task, and up to `retries` further attempts if workers die of it. Gives the ticket back when
    /// no task is taken any more.
    pub(crate) fn submit(&mut self, ticket: T, retries: u32) -> Result<u64, T> {
        if self.phase != Phase::Open {
            return Err(ticket);
        }
        let id = self.next_id;
        self.next_id += 1;
        let key = self.tasks.insert(Entry {
            ticket,
            id,
            attempt: 1,
            retries_left: retries,
        });
        self.queue.push_back(key);
        self.dispatch();
        Ok(id)
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
        entry.state = SlotState::Ready;
        self.list(slot);
        self.dispatch();
        self.wind_down();
    }

    /// The worker has finished its next task, which must be `sequence`; or has skipped it, which it must
    /// have if that was revoked, and then there is nothing to deliver.
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
        let entry = self.slots.get_mut(slot).ok_or(out_of_order(0))?;
        let expected = entry.head_sequence();
        let head = entry.in_flight.front().ok_or(out_of_order(expected))?;
        if sequence != expected || is_skipped != head.is_none() {
            return Err(out_of_order(expected));
        }
        let key = entry.in_flight.pop_front().flatten();
        self.list(slot);
        let task = key.and_then(|key| self.tasks.try_remove(key));
        Ok(task.map(|task| Finished {
            ticket: task.ticket,
            attempt: task.attempt,
        }))
    }

    /// A task was taken back from a worker before it began there. It goes to the front of the queue.
    pub(crate) fn revoked(&mut self, slot: usize, sequence: u64) {
        let Some(entry) = self.slots.get_mut(slot) else {
            return;
        };
        let index = sequence.checked_sub(entry.head_sequence());
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(key) = index
            .and_then(|index| entry.in_flight.get_mut(index))
            .and_then(Option::take)
        {
            self.queue.push_front(key);
        }
    }

    /// `count` results came from a worker at `now`; sets how many tasks it may have at a time.
    pub(crate) fn observe(&mut self, slot: usize, count: usize, now: Instant) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.pace.observe(count, now);
            self.list(slot);
        }
    }

    /// Whether the pipe to a worker is so full that it should be given no further task for now.
    pub(crate) fn set_congested(&mut self, slot: usize, is_congested: bool) {
        if let Some(entry) = self.slots.get_mut(slot)
            && std::mem::replace(&mut entry.is_congested, is_congested)
            && !is_congested
        {
            self.list(slot);
            self.dispatch();
        }
    }

    /// The process of a slot has ended, or could not be started. `is_claimed` says of a sequence number
    /// whether the worker had begun that task.
    pub(crate) fn worker_gone(
        &mut self,
        slot: usize,
        death: &Death,
        is_claimed: impl Fn(u64) -> bool,
        now: Instant,
    ) {
        let Some(entry) = self.slots.get_mut(slot) else {
            return;
        };
        let was = std::mem::replace(&mut entry.state, SlotState::Vacant);
        let running = entry.head_sequence();
        let is_head_live = entry.in_flight.front().is_some_and(Option::is_some);
        let mut lost: Vec<TaskKey> = entry.in_flight.drain(..).flatten().collect();
        entry.pace = Pace::default();
        entry.is_congested = false;
        if is_head_live && is_claimed(running) {
            let guilty = lost.remove(0);
            if self.blame(guilty, death) {
                lost.insert(0, guilty);
            }
        }
        for key in lost.into_iter().rev() {
            self.queue.push_front(key);
        }
        if was == SlotState::Starting {
            self.start_failed(slot, &death.how, now);
        } else {
            self.refill(slot, now, Duration::ZERO);
        }
        self.dispatch();
        self.wind_down();
    }

    /// Charges a death to the task that was running; whether it may be tried again.
    fn blame(&mut self, key: TaskKey, death: &Death) -> bool {
        let task = &mut self.tasks[key];
        if task.retries_left > 0 && !matches!(self.phase, Phase::Over(_)) {
            task.retries_left -= 1;
            task.attempt += 1;
            return true;
        }
        let task = self.tasks.remove(key);
        self.actions.push(Action::Fail {
            loss: Loss::Died {
                attempt: task.attempt,
                death: death.clone(),
            },
            ticket: task.ticket,
        });
        false
    }

    /// A worker that never became ready: waits ever longer before the next try, and gives up when it is
    /// hopeless.
    fn start_failed(&mut self, slot: usize, how: &Ended, now: Instant) {
        let somebody_works = self.slots.iter().any(|slot| slot.state == SlotState::Ready);
        let entry = &mut self.slots[slot];
        entry.failed_starts += 1;
        let tries = entry.failed_starts;
        let limit = match how {
            Ended::Killed(libc::SIGKILL | libc::SIGTERM) => MAX_KILLED_STARTS,
            _ => MAX_FAILED_STARTS,
        };
        if tries >= limit && !somebody_works {
            self.give_up(format!(
                "{tries} in a row ended before they were ready; the last one {how}"
            ));
            return;
        }
        let wait = FIRST_BACK_OFF.saturating_mul(1 << (tries - 1).min(10));
        self.refill(slot, now, wait.min(LONGEST_BACK_OFF));
    }

    /// Wants a new process for a slot, at once or after a while.
    fn refill(&mut self, slot: usize, now: Instant, wait: Duration) {
        if matches!(self.phase, Phase::Over(_)) {
            return;
        }
        if wait.is_zero() {
            self.slots[slot].state = SlotState::Starting;
            self.actions.push(Action::Spawn { slot });
        } else {
            self.slots[slot].state = SlotState::Waiting { until: now + wait };
        }
    }

    /// Time has come to be `now`: starts what has waited long enough.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.now = now;
        if self.level_at.is_some_and(|at| at <= now) && self.queue.is_empty() {
            self.level();
        }
        for slot in 0..self.slots.len() {
            if let SlotState::Waiting { until } = self.slots[slot].state
                && until <= now
            {
                self.refill(slot, now, Duration::ZERO);
            }
        }
    }

    /// When [`tick`](Self::tick) is due next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.slots
            .iter()
            .filter_map(|slot| match slot.state {
                SlotState::Waiting { until } => Some(until),
                _ => None,
            })
            .chain(self.level_at)
            .min()
    }

    /// No more tasks: finish those that are here, then end the workers.
    pub(crate) fn close(&mut self) {
        if self.phase == Phase::Open {
            self.phase = Phase::Closing;
            self.wind_down();
        }
    }

    /// Ends the workers now; every task that is here fails as cancelled.
    pub(crate) fn terminate(&mut self) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.end(Phase::Over(None));
        }
    }

    /// Ends the workers now because the pool cannot work; every task fails with the reason.
    pub(crate) fn give_up(&mut self, reason: String) {
        if !matches!(self.phase, Phase::Over(_)) {
            self.end(Phase::Over(Some(reason)));
        }
    }

    fn end(&mut self, phase: Phase) {
        let loss = match &phase {
            Phase::Over(Some(reason)) => Loss::Broken(reason.clone()),
            _ => Loss::Cancelled,
        };
        self.phase = phase;
        self.queue.clear();
        for slot in 0..self.slots.len() {
            let entry = &mut self.slots[slot];
            entry.in_flight.clear();
            if entry.state.has_process() {
                entry.state = SlotState::Leaving;
                self.actions.push(Action::Kill { slot });
            } else {
                entry.state = SlotState::Vacant;
            }
        }
        let tickets = std::mem::take(&mut self.tasks).into_iter();
        self.actions.extend(tickets.map(|(_, task)| Action::Fail {
            ticket: task.ticket,
            loss: loss.clone(),
        }));
    }

    /// While closing, and nothing is left to do: sends the workers home.
    fn wind_down(&mut self) {
        if self.phase != Phase::Closing || !self.tasks.is_empty() {
            return;
        }
        self.phase = Phase::Over(None);
        for slot in 0..self.slots.len() {
            let entry = &mut self.slots[slot];
            match entry.state {
                SlotState::Ready => {
                    entry.state = SlotState::Leaving;
                    self.actions.push(Action::Shutdown { slot });
                }
                SlotState::Starting => {
                    entry.state = SlotState::Leaving;
                    self.actions.push(Action::Kill { slot });
                }
                SlotState::Waiting { .. } => entry.state = SlotState::Vacant,
                SlotState::Vacant | SlotState::Leaving => {}
            }
        }
    }

    /// Hands queued tasks to workers with room, to those without any task first.
    pub(crate) fn dispatch(&mut self) {
        while let Some(key) = self.queue.pop_front() {
            let Some(slot) = self.next_with_room() else {
                self.queue.push_front(key);
                break;
            };
            let entry = &mut self.slots[slot];
            let sequence = entry.next_sequence;
            entry.next_sequence += 1;
            entry.in_flight.push_back(Some(key));
            self.actions.push(Action::Send {
                slot,
                key,
                sequence,
            });
            self.list(slot);
        }
        if self.queue.is_empty() {
            self.level();
            self.wind_down();
        }
    }

    /// When nothing is queued: an idle worker gets what waits behind another one's running task, unless that
    /// is probably done in no time; then another look is taken a little later.
    fn level(&mut self) {
        self.level_at = None;
        let is_idle = |slot: &Slot| slot.has_room() && slot.in_flight.is_empty();
        if !self.idle.iter().any(|slot| is_idle(&self.slots[*slot])) {
            return;
        }
        let waiting = self.slots.iter().map(Slot::waiting).enumerate();
        let Some((slot, count)) = waiting.max_by_key(|(_, count)| *count) else {
            return;
        };
        let entry = &self.slots[slot];
        if count == 0 {
        } else if entry.pace.is_soon_through(entry.in_flight.len(), self.now) {
            self.level_at = Some(self.now + SOON);
        } else {
            let count = count.div_ceil(2);
            self.actions.push(Action::Revoke { slot, count });
        }
    }

    /// Notes a slot for [`next_with_room`](Self::next_with_room) if it has room.
    fn list(&mut self, slot: usize) {
        let entry = &mut self.slots[slot];
        if !entry.has_room() {
            return;
        }
        if entry.in_flight.is_empty() {
            if !std::mem::replace(&mut entry.is_listed_idle, true) {
                self.idle.push_back(slot);
            }
        } else if !std::mem::replace(&mut entry.is_listed_roomy, true) {
            self.roomy.push_back(slot);
        }
    }

    fn next_with_room(&mut self) -> Option<usize> {
        while let Some(slot) = self.idle.pop_front() {
            let entry = &mut self.slots[slot];
            entry.is_listed_idle = false;
            if entry.has_room() && entry.in_flight.is_empty() {
                return Some(slot);
            }
        }
        while let Some(slot) = self.roomy.pop_front() {
            let entry = &mut self.slots[slot];
            entry.is_listed_roomy = false;
            if entry.has_room() {
                return Some(slot);
            }
        }
        None
    }

    /// The task behind a key of [`Action::Send`].
    pub(crate) fn task(&self, key: TaskKey) -> Option<&Entry<T>> {
        self.tasks.get(key)
    }

    /// How many tasks a worker has.
    pub(crate) fn in_flight(&self, slot: usize) -> usize {
        self.slots.get(slot).map_or(0, |slot| slot.in_flight.len())
    }

    /// The sequence number of the task whose result comes next from a worker.
    pub(crate) fn head_sequence(&self, slot: usize) -> u64 {
        self.slots.get(slot).map_or(0, Slot::head_sequence)
    }

    /// A worker starts to count its tasks from 0; call it when its process has been started.
    pub(crate) fn spawned(&mut self, slot: usize) {
        if let Some(entry) = self.slots.get_mut(slot) {
            entry.next_sequence = 0;
        }
    }

    /// Whether a process that has just been started is still wanted.
    pub(crate) fn wants_process(&self, slot: usize) -> bool {
        self.slots
            .get(slot)
            .is_some_and(|slot| slot.state == SlotState::Starting)
    }

    /// Whether a slot's process has not been told to end.
    pub(crate) fn is_wanted(&self, slot: usize) -> bool {
        let is_wanted = |slot: &Slot| matches!(slot.state, SlotState::Starting | SlotState::Ready);
        self.slots.get(slot).is_some_and(is_wanted)
    }

    /// How many tasks a map should keep here: enough for every worker's window twice over, so that the
    /// queue does not run dry between two looks at it, and not more, because all of it is memory.
    pub(crate) fn appetite(&self) -> usize {
        let windows: usize = self.slots.iter().map(|slot| slot.pace.window()).sum();
        (2 * windows).max(16 * self.slots.len())
    }

    /// Why the pool gave up, if it did.
    pub(crate) fn broken(&self) -> Option<&str> {
        match &self.phase {
            Phase::Over(reason) => reason.as_deref(),
            _ => None,
        }
    }

    /// Whether the pool has ended: no task, no process, and none will come.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
            && self
                .slots
                .iter()
                .all(|slot| slot.state == SlotState::Vacant)
    }

    /// Takes the next action. The order matters.
    pub(crate) fn take_actions(&mut self, into: &mut Vec<Action<T>>) {
        into.append(&mut self.actions);
    }

    /// Panics when a rule of the state machine is broken.
    #[cfg(test)]
    pub(crate) fn check(&self) {
        let mut places = vec![0; self.tasks.capacity()];
        let with_workers = self
            .slots
            .iter()
            .flat_map(|slot| slot.in_flight.iter().flatten());
        for key in self.queue.iter().chain(with_workers) {
            assert!(
                self.tasks.contains(*key),
                "task {key} is gone but still somewhere"
            );
            places[*key] += 1;
        }
        for (key, _) in &self.tasks {
            assert_eq!(places[key], 1, "task {key} is in {} places", places[key]);
        }
        for (number, slot) in self.slots.iter().enumerate() {
            slot.check(number);
        }
        if !self.queue.is_empty() {
            assert!(
                !self.slots.iter().any(Slot::has_room),
                "tasks queue beside a worker with room"
            );
        }
        if matches!(self.phase, Phase::Over(_)) {
            assert!(self.tasks.is_empty(), "the pool is over, with tasks");
        }
        if self.phase == Phase::Closing {
            assert!(!self.tasks.is_empty(), "closing, with nothing left to do");
        }
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
