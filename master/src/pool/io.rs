//! The pool's loop: events from the kernel go into the state machine, its actions become system calls.
//!
//! One epoll set watches, for each worker, the result pipe, room in the task pipe, and the process itself.
//! Everything is non-blocking: the master never waits for a write while results wait to be read.

use std::{io, sync::Arc, thread::Thread, time::Instant};

use brigade_protocol::{Start, TaskHeader, ToWorker, clock::monotonic_ns, shm::Board};
use nix::sys::epoll::Epoll;

use super::{
    core::{Action, Core, Limits, Loss},
    error::{Death, Ended, StartError, TaskError},
    memory::OomKills,
    outcome::{Input, KindIndex, Payload, Ticket},
    spawn::{Recipe, Spawned},
    wakes::Wakes,
    watch::watch,
    worker::Worker,
};

/// What happened in a pool, for whoever reports it.
///
/// ```
/// use std::sync::mpsc;
/// use brigade::{Event, Pool};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
/// #     return Ok(());
/// # }
/// let (tell, told) = mpsc::channel();
/// let pool = Pool::builder()
///     .workers(1)
///     .on_event(move |event| drop(tell.send(event.clone())))
/// #   .this_executable()?
///     .start()?;
/// assert!(matches!(told.recv()?, Event::WorkerStarted { index: 0, .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A worker process was started.
    WorkerStarted {
        /// Number of the worker in the pool, from 0.
        index: usize,
        /// Its process id.
        pid: i32,
    },
    /// A worker process ended before it was ready for work.
    StartFailed {
        /// Number of the worker in the pool, from 0.
        index: usize,
        /// Its process id.
        pid: i32,
        /// How it ended.
        how: Ended,
    },
    /// A worker process ended although nobody had told it to.
    WorkerDied {
        /// Number of the worker in the pool, from 0.
        index: usize,
        /// Its process id.
        pid: i32,
        /// How it ended.
        how: Ended,
    },
}

/// A kind of task that the pool has been given.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Its number on the wire, once a worker has said so.
    pub(super) wire: Option<u32>,
}

/// A wait for events, which ends at this moment at the latest, if there is one.
#[derive(Debug, Clone, Copy)]
struct Sleep {
    until: Option<Instant>,
}

/// Everything behind the pool's lock.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) core: Core<Ticket>,
    pub(crate) recipe: Arc<Recipe>,
    pub(super) workers: Vec<Option<Worker>>,
    generation: u32,
    pub(super) kinds: Vec<Kind>,
    /// The kinds that the worker executable knows.
    pub(super) known: Vec<String>,
    pub(super) board: Option<Board>,
    /// Whether the board has still to be made.
    wants_board: bool,
    pub(super) epoll: Arc<Epoll>,
    pub(super) oom_kills: OomKills,
    actions: Vec<Action<Ticket>>,
    /// Slots whose worker has something to be written.
    pub(super) dirty: Vec<usize>,
    /// Slots that want a process; the steward starts them.
    pub(crate) wanted: Vec<usize>,
    /// Who is to be told once the lock is released.
    pub(crate) wakes: Wakes,
    /// What to report once the lock is released.
    pub(crate) events: Vec<Event>,
    /// Threads that wait for a change of the pool itself.
    pub(crate) onlookers: Vec<Thread>,
    /// Until when the thread that drives waits for events, if it does.
    asleep: Option<Sleep>,
    /// Since when all workers are stopped, with this process.
    pub(super) stopped_at: Option<Instant>,
}

impl State {
    pub(crate) fn new(recipe: Arc<Recipe>, limits: Limits, epoll: Arc<Epoll>) -> Self {
        let workers = recipe.workers;
        Self {
            core: Core::new(workers, limits, Instant::now()),
            recipe,
            workers: (0..workers).map(|_| None).collect(),
            generation: 0,
            kinds: Vec::new(),
            known: Vec::new(),
            board: None,
            wants_board: true,
            epoll,
            oom_kills: OomKills::of_this_process(),
            actions: Vec::new(),
            dirty: Vec::new(),
            wanted: Vec::new(),
            wakes: Wakes::default(),
            events: Vec::new(),
            onlookers: Vec::new(),
            asleep: None,
            stopped_at: None,
        }
    }

    /// Makes room for as many workers as the core has slots.
    pub(super) fn make_slots(&mut self) {
        let slots = self.core.slots().max(self.workers.len());
        self.workers.resize_with(slots, || None);
    }

    /// The pool's own number for a kind of task.
    pub(crate) fn kind(&mut self, name: &'static str) -> KindIndex {
        if let Some(index) = self.kinds.iter().position(|kind| kind.name == name) {
            return index;
        }
        let wire = wire_number(&self.known, name);
        self.kinds.push(Kind { name, wire });
        self.kinds.len() - 1
    }

    /// Process ids of the workers that are there, by slot.
    pub(crate) fn pids(&self) -> impl Iterator<Item = i32> {
        self.workers
            .iter()
            .flatten()
            .map(|worker| worker.process.child.pid())
    }

    /// Makes the status board, once. It comes after the first process, which knows its name from birth on: from
    /// here on there is somebody to remove it.
    pub(crate) fn make_board(&mut self) -> Result<(), StartError> {
        if self.wants_board {
            let (recipe, workers) = (&self.recipe, self.core.workers());
            let board = Board::create_named(&recipe.board, &recipe.title, workers, monotonic_ns())?;
            self.board = Some(board);
            self.wants_board = false;
        }
        Ok(())
    }

    /// A process was started for a slot: watches it and greets it.
    pub(crate) fn adopt(&mut self, slot: usize, process: Spawned) -> io::Result<()> {
        if !self.core.wants_process(slot) {
            drop(process);
            self.never_ran(slot, Instant::now());
            return Ok(());
        }
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        watch(&self.epoll, &process, slot, generation)?;
        if self.stopped_at.is_some() {
            process.child.stop_or_continue(true);
        }
        let pid = process.child.pid();
        let mut worker = Worker::new(
            process,
            generation,
            self.recipe.conditions.result_limit_bytes,
        );
        let conditions = &self.recipe.conditions;
        worker.greet(Start {
            index: u32::try_from(slot).unwrap_or(u32::MAX),
            master: i32::try_from(std::process::id()).unwrap_or_default(),
            board: self.recipe.board.to_string(),
            segments: self
                .recipe
                .shared
                .iter()
                .map(|shared| shared.name.clone())
                .collect(),
            result_limit_bytes: conditions.result_limit_bytes,
            max_memory_bytes: conditions.max_memory_bytes,
            working_directory: conditions.working_directory.clone(),
            is_pinned: conditions.is_pinned,
            initializer: conditions.initializer.clone(),
        });
        self.workers[slot] = Some(worker);
        self.core.spawned(slot);
        self.dirty.push(slot);
        self.events.push(Event::WorkerStarted { index: slot, pid });
        Ok(())
    }

    /// Carries out what the core wants. Writes only to workers that would run dry unless `flush_all`.
    pub(crate) fn pump(&mut self, flush_all: bool, now: Instant) {
        loop {
            self.act(now);
            self.write(flush_all);
            self.core.take_actions(&mut self.actions);
            if self.actions.is_empty() {
                break;
            }
        }
        if self.core.is_over() {
            self.board = None;
            self.wants_board = false;
        }
        self.wakes.unpark(self.onlookers.drain(..));
    }

    fn act(&mut self, now: Instant) {
        self.core.take_actions(&mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Spawn { slot } => self.wanted.push(slot),
                Action::Send {
                    slot,
                    key,
                    sequence,
                } => self.send(slot, key, sequence),
                Action::Revoke { slot, count } => self.revoke(slot, count),
                Action::Expire { slot, sequence } => self.expire(slot, sequence),
                Action::Terminate { slot } => {
                    if let Some(worker) = &self.workers[slot] {
                        worker.process.child.terminate();
                    }
                }
                Action::Shutdown { slot } => {
                    if let Some(worker) = self.workers[slot].as_mut() {
                        worker.dismiss();
                        self.dirty.push(slot);
                    }
                }
                Action::GiveUp { slot } => {
                    if let Some(worker) = self.workers[slot].as_mut() {
                        worker.is_mute = true;
                        worker.process.child.kill_tree();
                    }
                }
                Action::Kill { slot } => match &self.workers[slot] {
                    Some(worker) => worker.process.child.kill_tree(),
                    // Its process has not been started yet, and now never will be.
                    None => self.cancel_spawn(slot, now),
                },
                Action::Fail { ticket, loss } => {
                    let outcome = Err(Box::new(explain(loss)));
                    ticket.deliver(outcome, &mut self.wakes);
                }
            }
        }
    }

    /// A start that was asked for is not wanted any more. If the steward is at it, `adopt` sees to the rest.
    fn cancel_spawn(&mut self, slot: usize, now: Instant) {
        if let Some(at) = self.wanted.iter().position(|wanted| *wanted == slot) {
            self.wanted.swap_remove(at);
            self.never_ran(slot, now);
        }
    }

    fn never_ran(&mut self, slot: usize, now: Instant) {
        let death = Death::unborn(Ended::Killed(libc::SIGKILL));
        self.core.worker_gone(slot, &death, |_| false, now);
    }

    /// The process for a slot could not be started.
    pub(crate) fn not_started(&mut self, slot: usize, reason: String) {
        let death = Death::unborn(Ended::NotStarted(reason));
        self.core
            .worker_gone(slot, &death, |_| false, Instant::now());
    }

    fn send(&mut self, slot: usize, key: usize, sequence: u64) {
        let (Some(worker), Some(task)) = (self.workers[slot].as_mut(), self.core.task(key)) else {
            return;
        };
        // A task that was cancelled on its way here has been revoked as well: the worker skips it.
        let empty = Input::Bytes(Payload::new());
        let (kind, input, is_chunk) = match &task.ticket {
            Some(ticket) => (
                self.kinds[ticket.kind].wire,
                &ticket.input,
                ticket.chunk.is_some(),
            ),
            None => (None, &empty, false),
        };
        let Input::Bytes(input) = input else {
            return;
        };
        let header = TaskHeader {
            sequence,
            task: task.id,
            // A number that no worker has: it answers that it does not know the kind.
            kind: kind.unwrap_or(u32::MAX),
            attempt: task.attempt,
        };
        let message = if is_chunk {
            ToWorker::Chunk(header)
        } else {
            ToWorker::Task(header)
        };
        worker.enqueue(&message, input);
        self.dirty.push(slot);
    }

    /// Writes to the workers noted as dirty, and keeps those noted that were left out.
    fn write(&mut self, flush_all: bool) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        dirty.retain(|slot| {
            let Some(worker) = self.workers[*slot].as_mut() else {
                return false;
            };
            if !flush_all && !worker.should_flush(self.core.in_flight(*slot)) {
                return true;
            }
            // An error means that the worker is gone, which its pidfd reports.
            let _ = worker.flush();
            self.core.set_congested(*slot, worker.is_congested());
            false
        });
        self.dirty.append(&mut dirty);
    }

    /// The driver is about to wait for events: until when it may.
    pub(super) fn lie_down(&mut self, deadline: Option<Instant>) -> Option<Instant> {
        let until = self.next_deadline().into_iter().chain(deadline).min();
        self.asleep = Some(Sleep { until });
        until
    }

    /// The driver's wait is over.
    pub(super) fn get_up(&mut self) {
        self.asleep = None;
    }

    /// Whether something is due earlier than the driver would wake. Says so once: it is going to be woken.
    pub(super) fn would_oversleep(&mut self) -> bool {
        let Some(Sleep { until }) = self.asleep else {
            return false;
        };
        let is_early = |due: Instant| until.is_none_or(|until| due < until);
        let would = self.next_deadline().is_some_and(is_early);
        if would {
            self.asleep = None;
        }
        would
    }

    /// Kills all workers and forgets the board: the caller waits for nothing any more.
    pub(crate) fn terminate(&mut self) {
        self.core.terminate();
        self.pump(true, Instant::now());
        self.board = None;
        self.wants_board = false;
    }

    /// Submitted tasks without an outcome; those of maps do not count.
    pub(crate) fn unfinished(&self) -> u64 {
        self.core.open_tickets().map(Ticket::unfinished).sum()
    }

    /// What becomes of a task that the pool does not take.
    pub(crate) fn why_closed(&self) -> TaskError {
        match self.core.broken() {
            Some(reason) => TaskError::PoolBroken(reason.into()),
            None => TaskError::Cancelled,
        }
    }
}

fn explain(loss: Loss) -> TaskError {
    match loss {
        Loss::Died { attempt, death } => TaskError::WorkerDied {
            worker: death.worker,
            how: death.how,
            attempt,
            input_index: None,
        },
        Loss::TimedOut {
            attempt,
            worker,
            limit,
        } => TaskError::TimedOut {
            limit,
            worker,
            attempt,
            input_index: None,
        },
        Loss::Cancelled => TaskError::Cancelled,
        Loss::Broken(reason) => TaskError::PoolBroken(reason),
    }
}

/// The number on the wire of the kind with this name.
pub(super) fn wire_number(known: &[String], name: &str) -> Option<u32> {
    let index = known.iter().position(|kind| kind == name)?;
    u32::try_from(index).ok()
}
