//! Results find their tasks.

use brigade_protocol::{FromWorker, TaskFailure};

use super::{
    error::TaskError,
    io::State,
    outcome::{Outcome, Output, Payload},
    ready::Block,
};

impl State {
    /// Matches a result with its task and delivers the outcome; whether that was the end of what was sent.
    pub(super) fn settle(
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
        self.core.count_items(slot, 1, true);
        if is_last {
            let finished = self.core.finished(slot, sequence, false);
            finished.map_err(|error| error.to_string())?;
        }
        Ok(is_last)
    }

    /// Delivers outputs of the tasks of a chunk, the first of them number `first`; whether the last was among them.
    pub(super) fn settle_items(
        &mut self,
        slot: usize,
        (sequence, first): (u64, u32),
        outputs: &[u8],
    ) -> Result<bool, String> {
        let head = self.core.head_sequence(slot);
        let ticket = self.core.head_ticket(slot).filter(|_| sequence == head);
        let Some((ticket, done)) = ticket.and_then(|ticket| {
            let done = ticket.chunk?.done;
            Some((ticket, done))
        }) else {
            return is_repeated(sequence < head, "chunk", sequence);
        };
        let Some(known) = done.checked_sub(first) else {
            return is_repeated(false, "item", u64::from(first));
        };
        let block = Block::parse(outputs, u64::from(known));
        let count = block.as_ref().map_or(0, Block::count);
        let is_last = block
            .and_then(|block| ticket.deliver_block(block, &mut self.wakes))
            .ok_or_else(|| {
                format!("results of chunk {sequence} that are not those of its tasks")
            })?;
        self.core.count_items(slot, count, true);
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
