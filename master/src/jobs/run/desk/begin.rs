//! How inputs become jobs, and jobs begin.

use std::{
    sync::mpsc::Sender,
    time::{Duration, Instant},
};

use brigade::SubmitError;
use brigade_protocol::jobs::run::{Command, Output, RunCommand};
use serde_bytes::ByteBuf;

use super::{
    super::{
        Status,
        guard::{Conditions, Wait},
        inputs::Row,
        records::Record,
    },
    BRISK, Desk, Held, Job, News, Running, Stop,
};

/// So many jobs may have ended before one that is still to be shown.
const FURTHEST_AHEAD: usize = 100_000;

/// The user is told why nothing begins when it has lasted this long.
const PATIENCE: Duration = Duration::from_secs(3);

impl Desk {
    pub(super) fn take_input(&mut self, columns: Row, tickets: &Sender<()>) -> anyhow::Result<()> {
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
    pub(super) fn begin_jobs(&mut self, tickets: &Sender<()>) -> anyhow::Result<Option<Instant>> {
        while self.stop.is_none()
            && self.running.len() < self.most_submitted()
            && self.order.len() < FURTHEST_AHEAD
            && !self.backlog.is_empty()
        {
            if let Err(wait) = self.guard.admit(Instant::now()) {
                return Ok(Some(self.hold(wait)));
            }
            self.held = None;
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
            let held = self.held.get_or_insert_with(Held::begin);
            if held.since.elapsed() >= PATIENCE && !held.is_told {
                held.is_told = true;
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
}
