//! The one who writes: a thread that puts whole lines into the file, in the order in which they came to it.
//!
//! What it has is bounded by the room that batches take before they are made (`room.rs`). If nothing can be
//! written, a full disk for one, it keeps what it has and tries again; the room is used up, clients' sockets are
//! no longer read, and clients wait. A line that got into the file in part is cut off again.

mod order;
mod output;
mod queue;
mod rotate;

use std::{
    io,
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError, TryRecvError},
    },
    time::{Duration, Instant},
};

use super::{
    batch::{Batch, Spares},
    counters::Counters,
    event::Event,
    server::Tell,
};

pub(super) use order::Order;
pub(crate) use order::{Fsync, Written};
pub(crate) use output::{Destination, Output};
use queue::Queue;
pub(crate) use rotate::Rotation;

/// How often lines are made to last, with `Fsync::Interval`.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before a write is tried again that failed.
const RETRY: Duration = Duration::from_millis(200);

/// Enough for one round of writing.
const ROUND: usize = 4 << 20;

/// The writer's state.
pub(super) struct Writer {
    output: Output,
    queue: Queue,
    fsync: Fsync,
    rotation: Option<Rotation>,
    counters: Arc<Counters>,
    spares: Arc<Spares>,
    tell: Tell,
    stuck_since: Option<Instant>,
    unsynced_since: Option<Instant>,
    written: Written,
}

impl Writer {
    pub(super) fn new(
        output: Output,
        fsync: Fsync,
        rotation: Option<Rotation>,
        counters: Arc<Counters>,
        spares: Arc<Spares>,
        tell: Tell,
    ) -> Self {
        Self {
            output,
            queue: Queue::default(),
            fsync,
            rotation,
            counters,
            spares,
            tell,
            stuck_since: None,
            unsynced_since: None,
            written: Written::default(),
        }
    }

    /// The life of the writer's thread.
    ///
    /// `close` is called if nobody reads what it writes any longer.
    pub(super) fn run(mut self, orders: &Receiver<Order>, close: impl Fn()) -> Written {
        let mut end = None;
        while !self.is_over(end) {
            let order = match self.patience(end) {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(time) => orders.recv_timeout(time),
            };
            match order {
                Ok(order) => self.obey(order, &mut end),
                Err(RecvTimeoutError::Timeout) => {}
                // Everybody who could give orders has gone.
                Err(RecvTimeoutError::Disconnected) => end = end.or_else(|| Some(Instant::now())),
            }
            while self.queue.bytes() < ROUND {
                match orders.try_recv() {
                    Ok(order) => self.obey(order, &mut end),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            self.write_out();
            self.tend();
            if self.written.is_closed {
                close();
            }
        }
        self.finish();
        self.written
    }

    fn obey(&mut self, order: Order, end: &mut Option<Instant>) {
        match order {
            // Nobody would read it.
            Order::Write(_) if self.written.is_closed => {}
            Order::Write(batch) => self.queue.push(batch),
            Order::Reopen => self.reopen(),
            Order::End(by) => *end = Some(by),
        }
    }

    fn is_over(&self, end: Option<Instant>) -> bool {
        end.is_some_and(|by| self.queue.is_empty() || Instant::now() >= by)
    }

    /// How long to wait for an order; without limit if nothing is due.
    fn patience(&self, end: Option<Instant>) -> Option<Duration> {
        let mut patience = None;
        let mut at_most = |time: Duration| {
            patience = Some(patience.map_or(time, |other: Duration| other.min(time)));
        };
        if self.stuck_since.is_some() {
            at_most(RETRY);
        }
        if let Some(since) = self.unsynced_since {
            at_most(INTERVAL.saturating_sub(since.elapsed()));
        }
        if let Some(due) = self
            .rotation
            .as_ref()
            .and_then(|rotation| rotation.due(&self.output))
        {
            at_most(due);
        }
        if let Some(by) = end {
            at_most(by.saturating_duration_since(Instant::now()));
        }
        patience
    }

    /// Writes all that is there, or as much as can be.
    fn write_out(&mut self) {
        while !self.queue.is_empty() {
            // Between lines only: the rest of one goes where its beginning is.
            if self.queue.torn() == 0
                && self.output.is_deleted()
                && let Err(error) = self.make_anew()
            {
                return self.fail(&error);
            }
            if self.is_rotation_due() {
                self.rotate();
            }
            let room = self.rotation.as_ref().and_then(|r| r.room(&self.output));
            match self.output.write(&self.queue.slices(room)) {
                Ok(0) => return self.fail(&io::ErrorKind::WriteZero.into()),
                Ok(count) => self.advance(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return self.close(),
                Err(error) => return self.fail(&error),
            }
        }
    }

    fn advance(&mut self, count: usize) {
        let records = self.queue.advance(count, &self.spares) as u64;
        self.written.lines += records;
        self.counters.lines.fetch_add(records, Relaxed);
        self.unsynced_since.get_or_insert_with(Instant::now);
        if let Some(since) = self.stuck_since.take_if(|_| records > 0) {
            (self.tell)(Event::Unstuck {
                after: since.elapsed(),
            });
        }
    }

    /// Nothing can be written. What was taken in stays here, and no line stays in the file in part.
    fn fail(&mut self, error: &io::Error) {
        let torn = self.queue.torn();
        if torn > 0 && self.output.cut(torn) {
            self.queue.step_back();
        }
        if self.stuck_since.is_none() {
            self.stuck_since = Some(Instant::now());
            (self.tell)(Event::Stuck {
                why: error.to_string(),
            });
        }
    }

    /// Nobody reads any longer.
    fn close(&mut self) {
        self.written.is_closed = true;
        self.queue.clear();
        self.stuck_since = None;
    }

    fn is_rotation_due(&self) -> bool {
        if self.queue.torn() > 0 {
            return false;
        }
        let next = self.queue.next_record();
        let rotation = self.rotation.as_ref();
        rotation.is_some_and(|rotation| rotation.is_due(&self.output, next))
    }

    fn rotate(&mut self) {
        self.sync();
        let Some(rotation) = &mut self.rotation else {
            return;
        };
        match rotation.rotate(&mut self.output) {
            Ok(path) => (self.tell)(Event::Rotated(path)),
            Err(trouble) => (self.tell)(Event::FileTrouble(trouble)),
        }
    }

    fn reopen(&mut self) {
        // What belongs to lines that are half written goes into the same file.
        self.write_out();
        if self.queue.torn() > 0 {
            let what = "not opened anew: a line is half written; send SIGHUP again";
            return (self.tell)(Event::FileTrouble(what.into()));
        }
        self.sync();
        match self.output.reopen() {
            Ok(Some(path)) => (self.tell)(Event::Reopened(path)),
            Ok(None) => {}
            Err(error) => (self.tell)(Event::FileTrouble(format!("cannot reopen: {error}"))),
        }
    }

    /// What is due from time to time.
    fn tend(&mut self) {
        let is_due = match self.fsync {
            Fsync::Always => self.unsynced_since.is_some(),
            Fsync::Interval => self
                .unsynced_since
                .is_some_and(|at| at.elapsed() >= INTERVAL),
            Fsync::Never => false,
        };
        if is_due {
            self.sync();
        }
        let is_quiet = self
            .unsynced_since
            .is_some_and(|at| at.elapsed() >= INTERVAL);
        if is_quiet {
            self.unsynced_since = None;
        }
        if is_due || is_quiet {
            self.mind_the_name();
        }
        if self.queue.is_empty() && self.is_rotation_due() {
            self.rotate();
        }
    }

    /// Makes a file that was deleted anew, although nothing is to be written: whoever looks for it finds it.
    fn mind_the_name(&mut self) {
        if self.queue.torn() == 0
            && self.output.is_deleted()
            && let Err(error) = self.make_anew()
        {
            (self.tell)(Event::FileTrouble(format!("cannot reopen: {error}")));
        }
    }

    /// A file that was deleted would swallow all lines without a word.
    fn make_anew(&mut self) -> io::Result<()> {
        let path = self.output.reopen().map_err(io::Error::other)?;
        (self.tell)(Event::FileTrouble(
            "the file was deleted; it is made anew".into(),
        ));
        if let Some(path) = path {
            (self.tell)(Event::Reopened(path));
        }
        Ok(())
    }

    fn sync(&mut self) {
        if self.fsync == Fsync::Never || self.unsynced_since.is_none() {
            return;
        }
        self.unsynced_since = None;
        if let Err(error) = self.output.sync() {
            (self.tell)(Event::FileTrouble(format!("cannot sync: {error}")));
        }
    }

    /// The last line, if there is anybody to read it.
    fn finish(&mut self) {
        if self.written.is_closed {
            return;
        }
        self.queue.clear();
        if self.stuck_since.is_none() {
            let line = format!("{{\"lines_collected\": {}}}\n", self.written.lines);
            let mut batch = Batch {
                bytes: line.into_bytes(),
                ..Batch::default()
            };
            batch.end_record();
            self.queue.push(batch);
            let lines = self.written.lines;
            self.write_out();
            self.written.lines = lines;
            self.queue.clear();
        }
        self.sync();
    }
}
