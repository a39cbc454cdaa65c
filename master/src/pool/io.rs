//! The pool's loop: events from the kernel go into the state machine, its actions become system calls.
//!
//! One epoll set watches, for each worker, the result pipe, room in the task pipe, and the process itself.
//! Everything is non-blocking: the master never waits for a write while results wait to be read.

mod act;

use std::{io, sync::Arc, thread::Thread, time::Instant};

use brigade_protocol::{Start, clock::monotonic_ns, shm::Board};
use nix::sys::epoll::Epoll;

use super::{
    core::{Action, Core, Limits},
    error::TaskError,
    event::Event,
    memory::OomKills,
    outcome::{KindIndex, Ticket},
    spawn::{Recipe, Spawned},
    start_error::StartError,
    wakes::Wakes,
    watch::watch,
    worker::Worker,
};

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

/// The number on the wire of the kind with this name.
pub(super) fn wire_number(known: &[String], name: &str) -> Option<u32> {
    let index = known.iter().position(|kind| kind == name)?;
    u32::try_from(index).ok()
}
