//! Where inputs become jobs and jobs end.
//!
//! One thread reads inputs, because a read may wait for ever; another takes lines from the workers if they are to be
//! shown as they come. Everything else happens here, as news comes.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use brigade::{Pool, SubmitError, TaskError};
use brigade_protocol::{
    jobs::run::{Command, Output, Piece, Ran, RunCommand, Said},
    queue::Queue,
};
use serde_bytes::ByteBuf;

use super::{
    Ended, Spool, Status,
    command::Template,
    ended::outcome,
    guard::{Conditions, Guard, Wait},
    halt::{Halt, Tally, When},
    inputs::{InputError, Row},
    joblog::Joblog,
    records::Record,
    template::Word,
};
use crate::{
    cli::{Done, Narrator, signals},
    jobs::order::Order,
    report::run::{RunReport, Summary},
};

/// Output that waits for its turn is put into the spool from so many bytes on.
const MOST_WAITING: u64 = 64 << 20;

/// So many jobs may have ended before one that is still to be shown.
const FURTHEST_AHEAD: usize = 100_000;

/// The user is told why nothing begins when it has lasted this long.
const PATIENCE: Duration = Duration::from_secs(3);

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
    /// Since when nothing begins although it could.
    held_since: Option<Instant>,
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
            held_since: None,
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

    fn take_input(&mut self, columns: Row, tickets: &Sender<()>) -> anyhow::Result<()> {
        self.read += 1;
        let sequence = self.read;
        if let Some(joblog) = &self.joblog {
            let record = Record {
                sequence,
                slot: 1,
                columns: columns.clone(),
            };
            let composed = self.plan.template.compose(&record).ok();
            let shown = composed.map(|composed| composed.shown);
            let compared = shown.as_deref().filter(|_| !self.plan.template.has_slot());
            if joblog.is_done(sequence, compared)? {
                self.left_out += 1;
                let _ = tickets.send(());
                return Ok(());
            }
        }
        self.backlog.push_back(Job {
            sequence,
            columns,
            position: None,
            attempts: 0,
        });
        Ok(())
    }

    /// Begins as many jobs as may begin now; when to ask again, if time alone can change that.
    fn begin_jobs(&mut self, tickets: &Sender<()>) -> anyhow::Result<Option<Instant>> {
        while self.stop.is_none()
            && self.running.len() < self.most_submitted()
            && self.order.len() < FURTHEST_AHEAD
            && !self.backlog.is_empty()
        {
            if let Err(wait) = self.guard.admit(Instant::now()) {
                return Ok(Some(self.hold(wait)));
            }
            self.held_since = None;
            let Some(job) = self.backlog.pop_front() else {
                break;
            };
            if job.attempts == 0 {
                // The reader may have ended.
                let _ = tickets.send(());
            }
            self.begin(job)?;
        }
        Ok(None)
    }

    /// How many jobs the pool may have. One for each worker: then a job begins when it is submitted, and what must
    /// not begin any more never does. If all have been short, and nothing depends on when they begin, one more for
    /// each, so that no worker waits for the next.
    fn most_submitted(&self) -> usize {
        let is_free = self.plan.halt.is_none()
            && self.plan.conditions == Conditions::default()
            && !self.plan.template.has_slot();
        if is_free && self.pace < BRISK {
            2 * self.plan.workers
        } else {
            self.plan.workers
        }
    }

    /// Nothing may begin. Says why if that has lasted long.
    fn hold(&mut self, wait: Wait) -> Instant {
        if let Some(why) = wait.why {
            let now = Instant::now();
            let since = *self.held_since.get_or_insert(now);
            if now - since >= PATIENCE && now - since < PATIENCE + Duration::from_millis(200) {
                self.narrator.say(&format!("waiting: {why}"));
            }
        }
        wait.until
    }

    fn begin(&mut self, mut job: Job) -> anyhow::Result<()> {
        job.attempts += 1;
        if self.plan.keep_order && job.position.is_none() {
            job.position = Some(self.order.expect(job.sequence));
        }
        let slot = self.free_slots.pop();
        let sequence = job.sequence;
        let record = Record {
            sequence,
            slot: slot.unwrap_or(1),
            columns: std::mem::take(&mut job.columns),
        };
        let composed = self.plan.template.compose(&record);
        let tag = self.plan.tag.as_ref().map(|tag| tag.text(&record));
        job.columns = record.columns;
        let (argv, command, error) = match composed {
            Ok(composed) => (composed.argv, composed.shown, None),
            Err(error) => (Vec::new(), job.columns.join(&b' '), Some(error.to_string())),
        };
        let running = Running {
            job,
            slot,
            command,
            tag,
            result: None,
            has_said_all: self.lines.is_none(),
        };
        self.running.insert(sequence, running);
        if let Some(error) = error {
            return self.end(sequence, Some((Status::NoCommand(error), None)));
        }
        let handle = match self.pool.submit::<RunCommand>(self.input(sequence, argv)) {
            Ok(handle) => handle,
            // A signal has closed the pool.
            Err(SubmitError::Closed) => {
                self.stop = Some(Stop::Signal);
                return self.end(sequence, None);
            }
            Err(error) => return Err(error.into()),
        };
        let tell = self.tell.clone();
        handle.on_done(move |result| drop(tell.send(News::Result(sequence, result))));
        Ok(())
    }

    fn input(&self, job: u64, argv: Vec<Vec<u8>>) -> Command {
        use std::os::unix::ffi::OsStrExt;
        let output = match &self.lines {
            _ if self.plan.ungroup => Output::Inherit,
            Some(queue) => Output::Lines(queue.producer_ticket()),
            None => Output::Keep,
        };
        let directory = self.plan.directory.as_ref();
        Command {
            job,
            argv: argv.into_iter().map(ByteBuf::from).collect(),
            directory: directory.map(|path| ByteBuf::from(path.as_os_str().as_bytes())),
            environment: Vec::new(),
            timeout: self.plan.timeout,
            output,
        }
    }

    fn take_piece(&mut self, piece: Piece) -> anyhow::Result<()> {
        let Some(running) = self.running.get_mut(&piece.job) else {
            return Ok(());
        };
        let (tag, narrator) = (running.tag.as_deref(), &self.narrator);
        let shown = match piece.said {
            Said::Out(lines) => self.report.lines(tag, &lines, false, narrator),
            Said::Error(lines) => self.report.lines(tag, &lines, true, narrator),
            Said::End => {
                running.has_said_all = true;
                return match running.result.take() {
                    Some(result) => self.take_result(piece.job, result),
                    None => Ok(()),
                };
            }
        };
        shown.context("cannot write the results")
    }

    fn take_result(&mut self, sequence: u64, result: Result<Ran, TaskError>) -> anyhow::Result<()> {
        let Some(running) = self.running.get_mut(&sequence) else {
            return Ok(());
        };
        if !running.has_said_all && result.is_ok() {
            running.result = Some(result);
            return Ok(());
        }
        let end = outcome(result).map(|(status, ran)| (status, Some(ran)));
        self.end(sequence, end)
    }

    /// A job that ran has ended, or was called off.
    fn end(&mut self, sequence: u64, end: Option<(Status, Option<Ran>)>) -> anyhow::Result<()> {
        let Some(running) = self.running.remove(&sequence) else {
            return Ok(());
        };
        self.free_slots.extend(running.slot);
        self.free_slots
            .sort_unstable_by(|one, other| other.cmp(one));
        let Some((status, ran)) = end else {
            return self.put(running.job.position, None);
        };
        let may_retry = !matches!(status, Status::NotStarted(_) | Status::NoCommand(_));
        if !status.is_success()
            && may_retry
            && self.stop.is_none()
            && running.job.attempts < self.plan.attempts
        {
            if let Some(ran) = &ran {
                self.spool.release(&ran.stdout);
                self.spool.release(&ran.stderr);
            }
            self.backlog.push_front(running.job);
            return Ok(());
        }
        let ran = ran.unwrap_or_else(super::ended::nothing);
        self.pace = (self.pace * 3 + ran.took) / 4;
        let ended = Ended {
            sequence,
            command: running.command,
            tag: running.tag,
            status,
            began: ran.began,
            took: ran.took,
            attempts: running.job.attempts,
            stdout: ran.stdout,
            stderr: ran.stderr,
        };
        self.count(&ended)?;
        self.put(running.job.position, Some(ended))
    }

    fn count(&mut self, ended: &Ended) -> anyhow::Result<()> {
        if let Some(joblog) = &mut self.joblog {
            joblog.write(ended)?;
        }
        if ended.status.is_success() {
            self.tally.succeeded += 1;
        } else {
            self.tally.failed += 1;
            let failure = RunReport::failure(ended);
            if ended.status.is_untold() || self.narrator.is_verbose() {
                self.narrator.say(&format!("error: {failure}"));
            }
            let first = self.first_failure.as_ref();
            if first.is_none_or(|(first, _)| *first > ended.sequence) {
                self.first_failure = Some((ended.sequence, failure));
            }
        }
        let known = self.plan.known.unwrap_or(self.read) - self.left_out;
        let halt = self
            .plan
            .halt
            .filter(|halt| halt.is_reached(self.tally, known));
        if let Some(halt) = halt.filter(|_| self.stop.is_none()) {
            self.stop = Some(Stop::Halt(halt.when()));
            if halt.when() == When::Now {
                self.pool.control().terminate();
            }
        }
        Ok(())
    }

    /// Shows a job that has ended, when it is its turn.
    fn put(&mut self, position: Option<u64>, ended: Option<Ended>) -> anyhow::Result<()> {
        let Some(position) = position else {
            return ended.map_or(Ok(()), |ended| self.show(&ended));
        };
        let mut ended = ended;
        if let Some(ended) = &mut ended {
            self.waiting_bytes += ended.stdout.tail.len() as u64 + ended.stderr.tail.len() as u64;
            if self.waiting_bytes > MOST_WAITING && self.order.first() != position {
                for stream in [&mut ended.stdout, &mut ended.stderr] {
                    self.waiting_bytes -= stream.tail.len() as u64;
                    self.spool
                        .put_away(stream)
                        .context("cannot keep output; TMPDIR names the folder for it")?;
                }
            }
        }
        self.order.put(position, ended);
        while let Some((_, ended)) = self.order.next() {
            if let Some(ended) = ended {
                let bytes = ended.stdout.tail.len() as u64 + ended.stderr.tail.len() as u64;
                self.waiting_bytes = self.waiting_bytes.saturating_sub(bytes);
                self.show(&ended)?;
            }
        }
        Ok(())
    }

    fn show(&mut self, ended: &Ended) -> anyhow::Result<()> {
        self.report
            .write(ended, &self.spool, &self.narrator)
            .context("cannot write the results")?;
        self.spool.release(&ended.stdout);
        self.spool.release(&ended.stderr);
        Ok(())
    }

    fn show_progress(&self) {
        let known = self.plan.known.unwrap_or(self.read) - self.left_out;
        let done = self.tally.done();
        if known > 0 {
            self.narrator
                .progress(done as f64 / known as f64, done, "jobs");
        }
    }

    /// Says how it went.
    pub(super) fn close(mut self) -> anyhow::Result<Done> {
        let known = self
            .plan
            .known
            .filter(|known| *known > self.read)
            .unwrap_or(self.read);
        let summary = Summary {
            failed: self.tally.failed,
            succeeded: self.tally.succeeded,
            not_run: known - self.left_out - self.tally.done(),
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
