//! The worker's desk: each task is read, run, and its result handed to the sender.

use std::{io, sync::Arc};

use brigade_protocol::{
    FromWorker, PART_BYTES, TaskFailure, TaskHeader, ToWorker,
    clock::monotonic_ns,
    codec, frame,
    shm::{BoardLine, Lane},
    split_item,
};

use super::ServeError;
use crate::{
    context::Context,
    inbox::Inbox,
    lifeline::{Pulse, Ties},
    registry::Registry,
    sender::{Open, Sender},
    start::Session,
};

/// A result of a task that took this long is sent without waiting for others.
const SLOW_TASK_NS: u64 = 100_000;

/// Room that the buffer for one result keeps between tasks.
const RESULT_BYTES: usize = 64 << 10;

/// Where tasks are worked on.
pub(super) struct Desk<'r> {
    registry: &'r Registry,
    context: Context,
    lane: Lane,
    /// Absent when the status board is.
    board_line: Option<BoardLine>,
    sender: Arc<Sender>,
    pulse: Arc<Pulse>,
    ties: Arc<Ties>,
    /// The frames of the result being made, and the output in them; kept for their memory.
    result: Vec<u8>,
    output: Vec<u8>,
    /// The pieces of the next task's input that have come so far.
    parts: Vec<u8>,
    result_limit_bytes: u64,
    /// When the last task ended; 0 after a rest.
    now_ns: u64,
}

impl<'r> Desk<'r> {
    /// The desk of a session, and where its tasks come in.
    pub(super) fn new(registry: &'r Registry, session: Session) -> (Self, Inbox) {
        let Session {
            start,
            ties,
            inbox,
            sender,
            pulse,
            lane,
            board_line,
            context,
        } = session;
        let desk = Self {
            registry,
            context,
            lane,
            board_line,
            sender,
            pulse,
            ties,
            result: Vec::new(),
            output: Vec::new(),
            parts: Vec::new(),
            result_limit_bytes: start.result_limit_bytes,
            now_ns: 0,
        };
        (desk, inbox)
    }

    /// Hands over what is left, and says goodbye.
    pub(super) fn leave(&mut self) {
        self.rest();
        self.pulse.leave();
    }

    /// Runs tasks until `Shutdown`.
    pub(super) fn work_off(&mut self, inbox: &mut Inbox) -> Result<(), ServeError> {
        loop {
            while let Some(frame) = inbox.buffered()? {
                let (message, rest) = codec::decode_prefix(frame)?;
                match message {
                    ToWorker::Part => self.parts.extend_from_slice(rest),
                    ToWorker::Task(header) => {
                        self.with_input(rest, |desk, input| desk.handle(header, input));
                    }
                    ToWorker::Chunk(header) => {
                        self.with_input(rest, |desk, input| desk.handle_chunk(header, input));
                    }
                    ToWorker::Shutdown => return Ok(()),
                    ToWorker::Start(_) => {}
                }
            }
            self.rest();
            if !inbox.wait()? {
                self.ties.cut();
            }
        }
    }

    /// Nothing is at hand: sends what is finished and shows that the worker is idle.
    fn rest(&mut self) {
        if let Some(line) = &self.board_line {
            line.rest();
        }
        self.now_ns = 0;
        if self.sender.open().flush().is_err() {
            self.ties.cut();
        }
    }

    /// Calls `handle` with the whole of an input of which `rest` is the last piece.
    fn with_input(&mut self, rest: &[u8], handle: impl FnOnce(&mut Self, &[u8])) {
        if self.parts.is_empty() {
            return handle(self, rest);
        }
        self.parts.extend_from_slice(rest);
        let input = std::mem::take(&mut self.parts);
        handle(self, &input);
    }

    fn handle(&mut self, header: TaskHeader, input: &[u8]) {
        let sequence = header.sequence;
        // What the task before had started may have been killed, and the task have ended by that.
        self.ties.hold_if_cut();
        if self.lane.claim(sequence) {
            let took_ns = self.run(header, input);
            self.send(took_ns >= SLOW_TASK_NS);
        } else {
            self.skip(sequence);
        }
    }

    fn skip(&mut self, sequence: u64) {
        self.write_result(&FromWorker::Skipped { sequence });
        self.send(false);
    }

    /// Runs the tasks of a chunk, each with a result of its own.
    fn handle_chunk(&mut self, header: TaskHeader, mut inputs: &[u8]) {
        self.lane.set_items_begun(0);
        if !self.lane.claim(header.sequence) {
            return self.skip(header.sequence);
        }
        self.begin(header);
        for index in 0.. {
            let Some((input, rest)) = split_item(inputs) else {
                break;
            };
            inputs = rest;
            self.lane.set_items_begun(index + 1);
            self.run_item(header, index, input);
        }
        self.end();
    }

    fn run_item(&mut self, header: TaskHeader, index: u32, input: &[u8]) {
        let sequence = header.sequence;
        let outcome = self.try_run(header.kind, input).and_then(|()| {
            if self.send_item(sequence, index) {
                return Ok(true);
            }
            let last = FromWorker::Item { sequence, index };
            self.frame_output(&last, sequence).map(|()| false)
        });
        match outcome {
            Ok(true) => return,
            Ok(false) => {}
            Err(failure) => self.write_result(&FromWorker::ItemFailed {
                sequence,
                index,
                failure,
            }),
        }
        self.send(false);
    }

    /// Runs a claimed task and leaves the frames of its result in `self.result`; how long it took.
    fn run(&mut self, header: TaskHeader, input: &[u8]) -> u64 {
        let sequence = header.sequence;
        let began_ns = self.begin(header);
        let last = FromWorker::Done { sequence };
        let outcome = self
            .try_run(header.kind, input)
            .and_then(|()| self.frame_output(&last, sequence));
        self.end();
        if let Err(failure) = outcome {
            self.write_result(&FromWorker::Failed { sequence, failure });
        }
        self.now_ns - began_ns
    }

    /// Shows that a task begins, and returns when.
    fn begin(&mut self, header: TaskHeader) -> u64 {
        if self.now_ns == 0 {
            self.now_ns = monotonic_ns();
        }
        let TaskHeader {
            task,
            kind,
            attempt,
            ..
        } = header;
        if let Some(line) = &self.board_line {
            line.begin(task, kind, attempt, self.now_ns);
        }
        self.pulse.begin();
        self.now_ns
    }

    /// Shows that the task has ended.
    fn end(&mut self) {
        self.pulse.end();
        self.now_ns = monotonic_ns();
        if let Some(line) = &self.board_line {
            line.end(self.now_ns);
        }
    }

    /// Runs a task and leaves its output in `self.output`.
    fn try_run(&mut self, kind: u32, input: &[u8]) -> Result<(), TaskFailure> {
        self.output.clear();
        self.output.shrink_to(RESULT_BYTES);
        self.registry
            .run(kind, input, &mut self.context, &mut self.output)?;
        let size = self.output.len() as u64;
        if size > self.result_limit_bytes {
            return Err(TaskFailure::OutputTooLarge {
                size,
                limit: self.result_limit_bytes,
            });
        }
        Ok(())
    }

    /// Puts the output into frames in `self.result`: one, or many if it is large, the last one headed by `last`.
    fn frame_output(&mut self, last: &FromWorker, sequence: u64) -> Result<(), TaskFailure> {
        self.result.clear();
        self.result.shrink_to(RESULT_BYTES);
        let mut rest = &self.output[..];
        loop {
            let (part, later) = rest.split_at(rest.len().min(PART_BYTES));
            rest = later;
            let framed = frame::append(&mut self.result, |out| {
                if rest.is_empty() {
                    codec::encode_into(last, out)?;
                } else {
                    codec::encode_into(&FromWorker::Part { sequence }, out)?;
                }
                out.extend_from_slice(part);
                Ok(())
            });
            framed.map_err(|error| TaskFailure::OutputUnencodable {
                reason: error.to_string(),
            })?;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    fn write_result(&mut self, message: &FromWorker) {
        self.result.clear();
        // Cannot fail: the message is plain data, and the registry has clipped its texts.
        let _ = frame::append(&mut self.result, |out| codec::encode_into(message, out));
    }

    /// Hands the result over, at once when `urgent` or else with others.
    fn send(&self, urgent: bool) {
        self.hand_over(|open| {
            open.push(&self.result)?;
            if urgent { open.flush() } else { Ok(()) }
        });
    }

    /// Hands over the output of a chunk's task, unless it is too large to go with others.
    fn send_item(&self, sequence: u64, index: u32) -> bool {
        self.hand_over(|open| open.push_item(sequence, index, &self.output))
    }

    fn hand_over<T>(&self, push: impl FnOnce(&mut Open) -> io::Result<T>) -> T {
        let mut open = self.sender.open();
        let pushed = push(&mut open);
        let lingers = !open.is_empty();
        drop(open);
        if lingers {
            self.pulse.linger();
        }
        match pushed {
            Ok(pushed) => pushed,
            Err(_) => self.ties.cut(),
        }
    }
}
