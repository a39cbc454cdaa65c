//! Where inputs become jobs and jobs end.
//!
//! One thread reads inputs, because a read may wait for ever; another takes lines from the workers if they are to be
//! shown as they come. Everything else happens here, as news comes: `begin.rs` begins jobs, `end.rs` ends them.

mod begin;
mod end;

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use brigade::{Pool, TaskError};
use brigade_protocol::{
    jobs::run::{Piece, Ran},
    queue::Queue,
};

use super::{
    Ended, Spool,
    command::Template,
    guard::{Conditions, Guard},
    halt::{Halt, Tally, When},
    inputs::{InputError, Row},
    joblog::Joblog,
    template::Word,
};
use crate::{
    cli::{Done, Narrator, signals},
    jobs::order::Order,
    report::run::{RunReport, Summary},
};

/// Jobs that take less than this are so short that a worker should not have to wait for the next.
const BRISK: Duration = Duration::from_millis(20);

/// How often progress is shown while nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// Lines on their way from the workers take so much memory at most.
const LINES_BYTES: u64 = 4 << 20;

/// What is to be done, as the command line says.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) template: Template,
    /// What each line begins with.
    pub(super) tag: Option<Word>,
    pub(super) halt: Option<Halt>,
    pub(super) conditions: Conditions,
    /// How often a job is tried at most.
    pub(super) attempts: u32,
    pub(super) timeout: Option<Duration>,
    pub(super) keep_order: bool,
    pub(super) by_line: bool,
    pub(super) ungroup: bool,
    pub(super) directory: Option<PathBuf>,
    pub(super) workers: usize,
    /// How many jobs there will be, if that is known.
    pub(super) known: Option<u64>,
}

/// What the desk waits for.
#[derive(Debug)]
pub(super) enum News {
    Input(Result<Row, InputError>),
    EndOfInput,
    Result(u64, Result<Ran, TaskError>),
    Piece(Piece),
}

/// A job that has not ended.
#[derive(Debug)]
struct Job {
    sequence: u64,
    columns: Row,
    /// Place among those that are shown in order, from its first attempt on.
    position: Option<u64>,
    attempts: u32,
}

/// A job that runs.
#[derive(Debug)]
struct Running {
    job: Job,
    /// Which of those that run, if it is not one that waits for a worker.
    slot: Option<usize>,
    command: Vec<u8>,
    tag: Option<Vec<u8>>,
    /// What came of it, while lines of it may still be on their way.
    result: Option<Result<Ran, TaskError>>,
    has_said_all: bool,
}

/// How the end comes early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// By the rule of `--halt`.
    Halt(When),
    /// By a signal.
    Signal,
}

/// Nothing begins although it could.
#[derive(Debug)]
struct Held {
    since: Instant,
    /// Whether the user knows.
    is_told: bool,
}

impl Held {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            is_told: false,
        }
    }
}

pub(super) struct Desk {
    plan: Plan,
    pool: Pool,
    spool: Spool,
    joblog: Option<Joblog>,
    narrator: Narrator,
    report: RunReport,
    tell: SyncSender<News>,
    lines: Option<Queue<Piece>>,
    guard: Guard,
    /// Jobs that can begin.
    backlog: VecDeque<Job>,
    running: HashMap<u64, Running>,
    free_slots: Vec<usize>,
    order: Order<u64, Option<Ended>>,
    waiting_bytes: u64,
    tally: Tally,
    /// Jobs of which the input has come.
    read: u64,
    left_out: u64,
    has_all_inputs: bool,
    stop: Option<Stop>,
    /// If nothing begins although it could.
    held: Option<Held>,
    /// How long jobs have taken lately.
    pace: Duration,
    /// The failure with the lowest number.
    first_failure: Option<(u64, String)>,
}

impl Desk {
    pub(super) fn new(
        plan: Plan,
        pool: Pool,
        spool: Spool,
        joblog: Option<Joblog>,
        narrator: Narrator,
        report: RunReport,
        tell: SyncSender<News>,
    ) -> anyhow::Result<Self> {
        let lines = plan.by_line.then(|| lines(&tell)).transpose()?;
        Ok(Self {
            guard: Guard::new(plan.conditions),
            // The lowest is taken first.
            free_slots: (1..=plan.workers).rev().collect(),
            plan,
            pool,
            spool,
            joblog,
            narrator,
            report,
            tell,
            lines,
            backlog: VecDeque::new(),
            running: HashMap::new(),
            order: Order::new(),
            waiting_bytes: 0,
            tally: Tally::default(),
            read: 0,
            left_out: 0,
            has_all_inputs: false,
            stop: None,
            held: None,
            // Nothing is known.
            pace: BRISK,
            first_failure: None,
        })
    }

    /// Works until all is done, or no more is to be.
    pub(super) fn work(
        &mut self,
        news: &Receiver<News>,
        tickets: &Sender<()>,
    ) -> anyhow::Result<()> {
        self.report.begin().context("cannot write the results")?;
        loop {
            if self.stop.is_none() && signals::caught().is_some() {
                self.stop = Some(Stop::Signal);
            }
            let ask_again = self.begin_jobs(tickets)?;
            self.show_progress();
            if self.is_over() {
                return Ok(());
            }
            match self.wait(news, ask_again)? {
                Some(News::Input(row)) => self.take_input(row?, tickets)?,
                Some(News::EndOfInput) => self.has_all_inputs = true,
                Some(News::Result(sequence, result)) => self.take_result(sequence, result)?,
                Some(News::Piece(piece)) => self.take_piece(piece)?,
                None => {}
            }
        }
    }

    /// How many jobs there are to do, as far as is known: those whose input has come, or more.
    fn known(&self) -> u64 {
        let inputs = self.plan.known.unwrap_or(0).max(self.read);
        inputs.saturating_sub(self.left_out)
    }

    fn is_over(&self) -> bool {
        let is_dry = self.has_all_inputs && self.backlog.is_empty();
        self.running.is_empty() && (is_dry || self.stop.is_some())
    }

    /// Waits for news, until `ask_again` or until it is time to show progress.
    fn wait(
        &mut self,
        news: &Receiver<News>,
        ask_again: Option<Instant>,
    ) -> anyhow::Result<Option<News>> {
        match news.try_recv() {
            Ok(next) => return Ok(Some(next)),
            Err(TryRecvError::Disconnected) => return Ok(None),
            // Nothing to do: whoever reads gets all that is known.
            Err(TryRecvError::Empty) => self.report.flush().context("cannot write the results")?,
        }
        let limit = ask_again.map_or(TICK, |at| {
            at.saturating_duration_since(Instant::now()).min(TICK)
        });
        match news.recv_timeout(limit) {
            Ok(next) => Ok(Some(next)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
        }
    }

    /// Says how it went.
    pub(super) fn close(mut self) -> anyhow::Result<Done> {
        let summary = Summary {
            failed: self.tally.failed,
            succeeded: self.tally.succeeded,
            not_run: self.known().saturating_sub(self.tally.done()),
            first_failure: self.first_failure.take().map(|(_, failure)| failure),
            is_halted: matches!(self.stop, Some(Stop::Halt(_))),
        };
        drop(self.lines.take());
        self.pool.join();
        self.narrator.finish();
        self.report
            .finish(&summary)
            .context("cannot write the results")?;
        if let Some(line) = summary.line() {
            self.narrator.say(&line);
        }
        let is_enough = self.plan.halt.is_some_and(Halt::is_of_success)
            && matches!(self.stop, Some(Stop::Halt(_)));
        Ok(match summary.failed {
            0 => Done::Well,
            _ if is_enough => Done::Well,
            _ => Done::InPart,
        })
    }
}

/// A queue for lines, and the thread that passes them on.
fn lines(tell: &SyncSender<News>) -> anyhow::Result<Queue<Piece>> {
    let queue = Queue::<Piece>::builder().room(LINES_BYTES).build()?;
    let mut consumer = queue.consumer()?;
    let tell = tell.clone();
    thread::Builder::new().name("lines".into()).spawn(move || {
        loop {
            match consumer.get() {
                Ok(piece) => {
                    if tell.send(News::Piece(piece)).is_err() {
                        return;
                    }
                }
                // No worker has needed it yet.
                Err(brigade_protocol::queue::QueueError::NobodyThere { .. }) => {}
                Err(_) => return,
            }
        }
    })?;
    Ok(queue)
}
