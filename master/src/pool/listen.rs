//! The loop's ears: what workers send, and how they end.

use std::time::Instant;

use brigade_protocol::{FromWorker, TaskFailure};

use super::{
    core::Core,
    error::{Death, Ended, TaskError},
    io::{Event, Kind, State, wire_number},
    outcome::{Outcome, Output, Payload, Ticket},
    wakes::Wakes,
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
    fn understand(&mut self, slot: usize) -> usize {
        let Self {
            core,
            workers,
            kinds,
            known,
            wakes,
            ..
        } = self;
        let Some(worker) = workers[slot].as_mut().filter(|worker| !worker.is_deaf) else {
            return 0;
        };
        let pid = worker.process.child.pid();
        let mut results = 0;
        let fault = loop {
            let said = match worker.next_said() {
                Ok(Some(said)) => said,
                Ok(None) => return results,
                Err(nonsense) => break nonsense,
            };
            match said {
                Said::Hello(hello) => {
                    if let Err(mismatch) = hello.check() {
                        core.give_up(mismatch.to_string());
                        return results;
                    }
                    for kind in kinds.iter_mut() {
                        kind.wire = wire_number(&hello.kinds, kind.name);
                    }
                    *known = hello.kinds;
                    worker.stage = Stage::Preparing;
                }
                Said::Ready => {
                    worker.stage = Stage::Serving;
                    core.ready(slot);
                }
                Said::Refused(reason) => {
                    core.give_up(reason);
                    return results;
                }
                Said::Result(message, output) => {
                    results += 1;
                    if let Err(error) =
                        settle(core, slot, pid, message, output, kinds, known, wakes)
                    {
                        break error;
                    }
                }
            }
        };
        worker.is_deaf = true;
        worker.fault.get_or_insert(fault);
        worker.process.child.kill();
        results
    }

    /// The worker has closed its end of the result pipe, so it is dying or useless.
    fn hang_up(&mut self, slot: usize) {
        if let Some(worker) = &self.workers[slot] {
            // The end would be reported again and again until the process is gone.
            let _ = self.epoll.delete(&worker.process.results);
            worker.process.child.kill();
        }
    }

    /// A worker has ended: takes in what it had finished, finds out how it ended, and tells the core.
    fn bury(&mut self, slot: usize, now: Instant) {
        while let Some(Ok(Heard::Some)) = self.workers[slot].as_mut().map(Worker::hear) {
            self.understand(slot);
        }
        self.understand(slot);
        if let Some(worker) = self.workers[slot].as_mut()
            && worker.stage == Stage::Serving
        {
            worker.recover_leftover();
            self.understand(slot);
        }
        let Some(mut worker) = self.workers[slot].take() else {
            return;
        };
        let pid = worker.process.child.pid();
        let reaped = worker.process.child.reap(true).ok().flatten();
        let how = match (worker.fault.take(), reaped) {
            (Some(fault), _) => Ended::Babbled(fault),
            (None, Some(how)) => how,
            // Somebody else reaped it, and knows; all that is left to say is that it is gone.
            (None, None) => Ended::Exited(0),
        };
        if let Some(board) = &self.board {
            board.mark_absent(slot);
        }
        let was_wanted = self.core.is_wanted(slot);
        let lane = worker.process.lane.clone();
        drop(worker);
        let death = Death { worker: pid, how };
        self.core
            .worker_gone(slot, &death, |sequence| lane.is_claimed(sequence), now);
        if was_wanted {
            let how = death.how;
            self.events.push(Event::WorkerDied {
                index: slot,
                pid,
                how,
            });
        }
    }
}

/// Matches a result with its task and delivers the outcome.
#[expect(
    clippy::too_many_arguments,
    reason = "parts of the state, borrowed one by one"
)]
fn settle(
    core: &mut Core<Ticket>,
    slot: usize,
    pid: i32,
    message: FromWorker,
    output: &[u8],
    kinds: &[Kind],
    known: &[String],
    wakes: &mut Wakes,
) -> Result<(), String> {
    let sequence = match &message {
        FromWorker::Done { sequence }
        | FromWorker::Failed { sequence, .. }
        | FromWorker::Skipped { sequence } => *sequence,
        other => return Err(format!("{other:?}")),
    };
    if sequence < core.head_sequence(slot) {
        // Recovered from the outbox of a dead worker, and read from the pipe before.
        return Ok(());
    }
    let is_skipped = matches!(message, FromWorker::Skipped { .. });
    let finished = core
        .finished(slot, sequence, is_skipped)
        .map_err(|error| error.to_string())?;
    let Some(task) = finished else {
        return Ok(());
    };
    let outcome: Outcome = match message {
        FromWorker::Failed { failure, .. } => Err(Box::new(match failure {
            TaskFailure::UnknownKind { .. } => TaskError::UnknownKind {
                kind: kinds[task.ticket.kind].name,
                known: known.to_vec(),
            },
            failure => TaskError::Failed {
                failure,
                worker: pid,
                attempt: task.attempt,
            },
        })),
        _ => Ok(Output::Bytes(Payload::from_slice(output))),
    };
    task.ticket.sink.deliver(outcome, wakes);
    Ok(())
}
