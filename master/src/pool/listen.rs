//! The loop's ears: what workers send.

use std::time::Instant;

use brigade_protocol::{FromWorker, Hello, TaskFailure};

use super::{
    error::TaskError,
    io::{State, wire_number},
    outcome::{Outcome, Output, Payload},
    watch::{Source, read_token},
    worker::{Heard, Said, Stage, Worker},
};

/// Reads in a row from one worker before the others have their turn.
const READS_PER_TURN: usize = 16;

impl State {
    /// Takes in one event of the epoll set.
    pub(crate) fn on_event(&mut self, token: u64, now: Instant) {
        let Some((slot, generation, source)) = read_token(token) else {
            return;
        };
        let is_current = |worker: &Worker| worker.generation == generation;
        if !self
            .workers
            .get(slot)
            .and_then(Option::as_ref)
            .is_some_and(is_current)
        {
            return;
        }
        match source {
            Source::Results => self.listen(slot, now),
            Source::Tasks => self.dirty.push(slot),
            Source::Process => self.bury(slot, now),
        }
    }

    /// Reads what a worker has sent.
    fn listen(&mut self, slot: usize, now: Instant) {
        let mut count = 0;
        for _ in 0..READS_PER_TURN {
            let Some(worker) = self.workers[slot].as_mut() else {
                return;
            };
            let heard = worker.hear();
            count += self.understand(slot);
            match heard {
                Ok(Heard::Some) => {}
                Ok(Heard::Nothing) => break,
                Ok(Heard::End) | Err(_) => {
                    self.hang_up(slot);
                    break;
                }
            }
        }
        self.core.observe(slot, count, now);
        self.core.dispatch();
    }

    /// Acts on all frames that have arrived; how many results were among them.
    pub(super) fn understand(&mut self, slot: usize) -> usize {
        let Some(mut worker) = self.workers[slot].take() else {
            return 0;
        };
        let mut results = 0;
        if !worker.is_deaf
            && let Err(fault) = self.hear_out(slot, &mut worker, &mut results)
        {
            worker.is_deaf = true;
            worker.fault.get_or_insert(fault);
            worker.process.child.kill_tree();
        }
        self.workers[slot] = Some(worker);
        results
    }

    /// Takes in what a worker has said, up to the first thing that makes no sense.
    fn hear_out(
        &mut self,
        slot: usize,
        worker: &mut Worker,
        results: &mut usize,
    ) -> Result<(), String> {
        let pid = worker.process.child.pid();
        loop {
            let (message, output) = match worker.next_said()? {
                None => return Ok(()),
                Some(Said::Part) => continue,
                Some(Said::Hello(hello)) => {
                    self.meet(&hello);
                    self.core.greeted(slot);
                    worker.stage = Stage::Preparing;
                    continue;
                }
                Some(Said::Ready) => {
                    worker.stage = Stage::Serving;
                    self.core.ready(slot);
                    continue;
                }
                Some(Said::Refused(reason)) => {
                    worker.refusal = Some(reason);
                    continue;
                }
                Some(Said::Result(message, output)) => (message, Payload::from_slice(output)),
                Some(Said::Assembled(message, output)) => (message, Payload::from_vec(output)),
            };
            let is_finished = self.settle(slot, pid, message, output)?;
            *results += usize::from(is_finished);
        }
    }

    /// A worker has introduced itself.
    fn meet(&mut self, hello: &Hello) {
        if let Err(mismatch) = hello.check() {
            self.core.give_up(mismatch.to_string());
            return;
        }
        for kind in &mut self.kinds {
            kind.wire = wire_number(&hello.kinds, kind.name);
        }
        if let Some(board) = &self.board {
            board.name_kinds(hello.kinds.iter().map(String::as_str));
        }
        self.known.clone_from(&hello.kinds);
    }

    /// Matches a result with its task and delivers the outcome; whether that was the end of what was sent.
    fn settle(
        &mut self,
        slot: usize,
        pid: i32,
        message: FromWorker,
        output: Payload,
    ) -> Result<bool, String> {
        let sequence = match message {
            FromWorker::Done { sequence }
            | FromWorker::Failed { sequence, .. }
            | FromWorker::Skipped { sequence } => sequence,
            FromWorker::Item { sequence, index } => {
                return self.settle_item(slot, pid, (sequence, index), Ok(output));
            }
            FromWorker::ItemFailed {
                sequence,
                index,
                failure,
            } => return self.settle_item(slot, pid, (sequence, index), Err(failure)),
            other => return Err(format!("{other:?}")),
        };
        if sequence < self.core.head_sequence(slot) {
            // Recovered from the outbox of a dead worker, and read from the pipe before.
            return Ok(false);
        }
        let is_skipped = matches!(message, FromWorker::Skipped { .. });
        let finished = self.core.finished(slot, sequence, is_skipped);
        let Some(task) = finished.map_err(|error| error.to_string())? else {
            return Ok(true);
        };
        let outcome = match message {
            FromWorker::Failed { failure, .. } => {
                let kind = self.kinds[task.ticket.kind].name;
                let error = explain(failure, kind, &self.known, pid, task.attempt);
                Err(Box::new(error))
            }
            _ => Ok(Output::Bytes(output)),
        };
        task.ticket.deliver(outcome, &mut self.wakes);
        Ok(true)
    }

    /// Delivers the outcome of one task of a chunk; whether it was the last.
    fn settle_item(
        &mut self,
        slot: usize,
        pid: i32,
        (sequence, index): (u64, u32),
        result: Result<Payload, TaskFailure>,
    ) -> Result<bool, String> {
        let head = self.core.head_sequence(slot);
        let failure = match &result {
            Ok(_) => None,
            Err(_) => Some(self.core.head_attempt(slot)),
        };
        let ticket = self.core.head_ticket(slot).filter(|_| sequence == head);
        let Some((ticket, done)) = ticket.and_then(|ticket| {
            let done = ticket.chunk?.done;
            Some((ticket, done))
        }) else {
            // As for single tasks; or the chunk was cancelled as a whole.
            return is_repeated(sequence < head, "chunk", sequence);
        };
        if index != done {
            return is_repeated(index < done, "item", u64::from(index));
        }
        let outcome: Outcome = match result {
            Ok(output) => Ok(Output::Bytes(output)),
            Err(failed) => Err(Box::new(explain(
                failed,
                self.kinds[ticket.kind].name,
                &self.known,
                pid,
                failure.unwrap_or(1),
            ))),
        };
        let is_last = ticket.deliver_next(outcome, &mut self.wakes);
        self.core.count_item(slot, true);
        if is_last {
            let finished = self.core.finished(slot, sequence, false);
            finished.map_err(|error| error.to_string())?;
        }
        Ok(is_last)
    }
}

/// A result that is not the next one: read from the pipe before, and recovered from the outbox of a dead worker;
/// or else nonsense.
fn is_repeated(is_known: bool, what: &str, number: u64) -> Result<bool, String> {
    if is_known {
        Ok(false)
    } else {
        Err(format!("a result for {what} {number}, which was not next"))
    }
}

/// A task's failure as its caller is told.
fn explain(
    failure: TaskFailure,
    kind: &'static str,
    known: &[String],
    worker: i32,
    attempt: u32,
) -> TaskError {
    match failure {
        TaskFailure::UnknownKind { .. } => TaskError::UnknownKind {
            kind,
            known: known.to_vec(),
        },
        failure => TaskError::Failed {
            failure,
            worker,
            attempt,
            input_index: None,
        },
    }
}
