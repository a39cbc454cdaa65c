//! The engine of a pool of threads: the same tasks in this process, nothing encoded.
//!
//! Threads share one queue. What processes give, threads cannot: a task that crashes takes everything with it,
//! and one that is running cannot be ended. When such a task runs out of time its handle resolves, another
//! thread takes over, and the old one ends when its task does.

mod clock;
mod engine;
mod queue;

use std::{
    collections::HashMap,
    fmt,
    os::fd::OwnedFd,
    sync::{Arc, Condvar, Mutex, Weak},
    thread::{self, Thread},
    time::Instant,
};

use brigade_protocol::TaskFailure;
use brigade_worker::{Context, Registry};

use super::{
    core::{TaskRef, Terms},
    engine::{Engine, Stats},
    error::TaskError,
    outcome::{Input, KindIndex, Outcome, Output, Sink, Ticket, lock},
    start_error::StartError,
    wakes::Wakes,
};
use queue::{Job, Queue};

/// A sink that the task's end and the end of its time both reach for.
type SharedSink = Arc<Mutex<Option<Sink>>>;

/// A task that a thread is at. Whoever takes its sink first decides its outcome.
#[derive(Debug)]
struct Running {
    deadline: Option<Instant>,
    terms: Terms,
    sink: SharedSink,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    kinds: Vec<&'static str>,
    is_closed: bool,
    /// Why the pool has given up, if it has.
    broken: Option<String>,
    /// Threads that there should be, and that there are.
    wanted: usize,
    alive: usize,
    running: Vec<Running>,
    has_clock: bool,
    stats: Stats,
    onlookers: Vec<Thread>,
}

/// Threads that run tasks.
pub(super) struct Crew {
    me: Weak<Self>,
    state: Mutex<State>,
    /// A task, an end, or a deadline has come.
    news: Condvar,
    registry: Registry,
    segments: Vec<(String, OwnedFd)>,
    initializer: Option<(String, Vec<u8>)>,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

impl Crew {
    /// Starts the threads.
    pub(super) fn start(
        registry: Registry,
        workers: usize,
        segments: Vec<(String, OwnedFd)>,
        initializer: Option<(String, Vec<u8>)>,
    ) -> Result<Arc<dyn Engine>, StartError> {
        let crew = Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            state: Mutex::default(),
            news: Condvar::new(),
            registry,
            segments,
            initializer,
        });
        let mut state = lock(&crew.state);
        state.wanted = workers;
        let grown = crew.grow(&mut state);
        drop(state);
        if let Err(error) = grown {
            crew.terminate();
            return Err(error.into());
        }
        Ok(crew)
    }

    /// Starts threads until there are as many as wanted.
    fn grow(&self, state: &mut State) -> std::io::Result<()> {
        while state.alive < state.wanted
            && let Some(crew) = self.me.upgrade()
        {
            let number = u32::try_from(state.alive).unwrap_or(u32::MAX);
            thread::Builder::new()
                .name(format!("brigade-t{}", number + 1))
                .spawn(move || crew.work(number))?;
            state.alive += 1;
        }
        Ok(())
    }

    /// A thread's life.
    fn work(&self, number: u32) {
        match self.prepare(number) {
            Ok(mut context) => {
                while let Some(job) = self.next() {
                    if !self.run(job, &mut context) {
                        // The crew has gone on without this thread.
                        return;
                    }
                }
            }
            Err(reason) => {
                self.give_up(&reason);
                self.change(|state, _| state.alive -= 1);
            }
        }
    }

    fn prepare(&self, number: u32) -> Result<Context, String> {
        let mut segments = HashMap::new();
        for (name, fd) in &self.segments {
            let fd = fd.try_clone().map_err(|error| error.to_string())?;
            segments.insert(name.clone(), fd);
        }
        let mut context = Context::new(number, segments);
        if let Some((kind, input)) = &self.initializer {
            self.registry
                .run_by_name(kind, input, &mut context, &mut Vec::new())
                .map_err(|failure| format!("the initializer {failure}"))?;
        }
        Ok(context)
    }

    /// The next task, waited for; `None` when this thread is to end, and counts as ended.
    fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            let is_surplus = state.alive > state.wanted;
            let job = if is_surplus { None } else { state.queue.pop() };
            let is_last = job.is_none() && (is_surplus || state.is_closed);
            if is_last {
                // Under the same lock: of several that see one thread too many, one may go.
                state.alive -= 1;
            }
            if is_last || job.is_some() {
                let onlookers = std::mem::take(&mut state.onlookers);
                drop(state);
                for thread in onlookers {
                    thread.unpark();
                }
                if is_last {
                    // A task may have been announced to this thread, and the clock ends with the last one.
                    self.news.notify_all();
                }
                return job;
            }
            state = self
                .news
                .wait(state)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Runs a task; `false` if its outcome was decided meanwhile, because it took too long or the pool ended.
    fn run(&self, job: Job, context: &mut Context) -> bool {
        let Ticket {
            kind, input, sink, ..
        } = job.ticket;
        let sink: SharedSink = Arc::new(Mutex::new(Some(sink)));
        let name = self.begin(kind, job.terms, &sink);
        let outcome = self.outcome(name, input, context);
        let own = lock(&sink).take();
        let is_own = own.is_some();
        self.change(|state, wakes| {
            state
                .running
                .retain(|other| !Arc::ptr_eq(&other.sink, &sink));
            if let Some(own) = own {
                state.stats.finished += 1;
                own.deliver(outcome, wakes);
            }
        });
        is_own
    }

    fn outcome(&self, kind: &'static str, input: Input, context: &mut Context) -> Outcome {
        let failed = |failure| {
            let worker = i32::try_from(std::process::id()).unwrap_or_default();
            Err(Box::new(TaskError::Failed {
                failure,
                worker,
                attempt: 1,
                input_index: None,
            }))
        };
        let done = match input {
            Input::Value(value) => {
                let done = self.registry.run_value(kind, value, context);
                done.map(|value| value.map(Output::Value))
            }
            // From another machine.
            Input::Bytes(bytes) => {
                let mut out = Vec::new();
                match self.registry.run_by_name(kind, &bytes, context, &mut out) {
                    Ok(()) => Some(Ok(Output::Bytes(out.into()))),
                    Err(TaskFailure::UnknownKind { .. }) => None,
                    Err(failure) => Some(Err(failure)),
                }
            }
        };
        match done {
            None => Err(Box::new(TaskError::UnknownKind {
                kind,
                known: self.registry.kinds().map(str::to_owned).collect(),
            })),
            Some(Ok(output)) => Ok(output),
            Some(Err(failure)) => failed(failure),
        }
    }

    /// Changes the state, and tells everybody who waits for that.
    fn change<R>(&self, change: impl FnOnce(&mut State, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        let mut state = lock(&self.state);
        let result = change(&mut state, &mut wakes);
        wakes.unpark(state.onlookers.drain(..));
        drop(state);
        self.news.notify_all();
        wakes.release();
        result
    }

    fn give_up(&self, reason: &str) {
        self.change(|state, wakes| {
            state.is_closed = true;
            state.broken = Some(reason.to_owned());
            for job in state.queue.drain() {
                state.stats.lost += 1;
                let error = TaskError::PoolBroken(reason.to_owned());
                job.ticket.deliver(Err(Box::new(error)), wakes);
            }
        });
    }

    fn push(state: &mut State, ticket: Ticket, terms: Terms) -> TaskRef {
        let id = state.stats.submitted;
        state.stats.submitted += 1;
        state.queue.push(Job { id, terms, ticket });
        TaskRef { key: 0, id }
    }
}

fn kind_index(state: &mut State, name: &'static str) -> KindIndex {
    let at = state.kinds.iter().position(|kind| *kind == name);
    at.unwrap_or_else(|| {
        state.kinds.push(name);
        state.kinds.len() - 1
    })
}
