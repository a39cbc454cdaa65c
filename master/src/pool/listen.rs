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
            worker.process.child.kill();
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
            *results += 1;
            self.settle(slot, pid, message, output)?;
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

    /// Matches a result with its task and delivers the outcome.
    fn settle(
        &mut self,
        slot: usize,
        pid: i32,
        message: FromWorker,
        output: Payload,
    ) -> Result<(), String> {
        let sequence = match &message {
            FromWorker::Done { sequence }
            | FromWorker::Failed { sequence, .. }
            | FromWorker::Skipped { sequence } => *sequence,
            other => return Err(format!("{other:?}")),
        };
        if sequence < self.core.head_sequence(slot) {
            // Recovered from the outbox of a dead worker, and read from the pipe before.
            return Ok(());
        }
        let is_skipped = matches!(message, FromWorker::Skipped { .. });
        let finished = self.core.finished(slot, sequence, is_skipped);
        let Some(task) = finished.map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let outcome: Outcome = match message {
            FromWorker::Failed { failure, .. } => Err(Box::new(match failure {
                TaskFailure::UnknownKind { .. } => TaskError::UnknownKind {
                    kind: self.kinds[task.ticket.kind].name,
                    known: self.known.clone(),
                },
                failure => TaskError::Failed {
                    failure,
                    worker: pid,
                    attempt: task.attempt,
                },
            })),
            _ => Ok(Output::Bytes(output)),
        };
        task.ticket.sink.deliver(outcome, &mut self.wakes);
        Ok(())
    }
}
