//! What the state machine wants done.

use std::time::Instant;

use brigade_protocol::{TaskHeader, ToWorker};

use super::{
    super::{
        core::{Action, Loss},
        ended::{Death, Ended},
        error::TaskError,
        outcome::{Input, Payload},
    },
    State,
};

impl State {
    /// Carries out what the core wants. Writes only to workers that would run dry unless `flush_all`.
    pub(crate) fn pump(&mut self, flush_all: bool, now: Instant) {
        loop {
            self.act(now);
            self.write(flush_all);
            self.core.take_actions(&mut self.actions);
            if self.actions.is_empty() {
                break;
            }
        }
        if self.core.is_over() {
            self.board = None;
            self.wants_board = false;
        }
        self.wakes.unpark(self.onlookers.drain(..));
    }

    fn act(&mut self, now: Instant) {
        self.core.take_actions(&mut self.actions);
        for action in std::mem::take(&mut self.actions) {
            match action {
                Action::Spawn { slot } => self.wanted.push(slot),
                Action::Send {
                    slot,
                    key,
                    sequence,
                } => self.send(slot, key, sequence),
                Action::Revoke { slot, count } => self.revoke(slot, count),
                Action::Expire { slot, sequence } => self.expire(slot, sequence),
                Action::Terminate { slot } => {
                    if let Some(worker) = &self.workers[slot] {
                        worker.process.child.terminate();
                    }
                }
                Action::Shutdown { slot } => {
                    if let Some(worker) = self.workers[slot].as_mut() {
                        worker.dismiss();
                        self.dirty.push(slot);
                    }
                }
                Action::GiveUp { slot } => {
                    if let Some(worker) = self.workers[slot].as_mut() {
                        worker.is_mute = true;
                        worker.process.child.kill_tree();
                    }
                }
                Action::Kill { slot } => match &self.workers[slot] {
                    Some(worker) => worker.process.child.kill_tree(),
                    // Its process has not been started yet, and now never will be.
                    None => self.cancel_spawn(slot, now),
                },
                Action::Fail { ticket, loss } => {
                    let outcome = Err(Box::new(explain(loss)));
                    ticket.deliver(outcome, &mut self.wakes);
                }
            }
        }
    }

    /// A start that was asked for is not wanted any more. If the steward is at it, `adopt` sees to the rest.
    fn cancel_spawn(&mut self, slot: usize, now: Instant) {
        if let Some(at) = self.wanted.iter().position(|wanted| *wanted == slot) {
            self.wanted.swap_remove(at);
            self.never_ran(slot, now);
        }
    }

    pub(super) fn never_ran(&mut self, slot: usize, now: Instant) {
        let death = Death::unborn(Ended::Killed(libc::SIGKILL));
        self.core.worker_gone(slot, &death, |_| false, now);
    }

    /// The process for a slot could not be started.
    pub(crate) fn not_started(&mut self, slot: usize, reason: String) {
        let death = Death::unborn(Ended::NotStarted(reason));
        self.core
            .worker_gone(slot, &death, |_| false, Instant::now());
    }

    fn send(&mut self, slot: usize, key: usize, sequence: u64) {
        let (Some(worker), Some(task)) = (self.workers[slot].as_mut(), self.core.task(key)) else {
            return;
        };
        // A task that was cancelled on its way here has been revoked as well: the worker skips it.
        let empty = Input::Bytes(Payload::new());
        let (kind, input, is_chunk) = match &task.ticket {
            Some(ticket) => (
                self.kinds[ticket.kind].wire,
                &ticket.input,
                ticket.chunk.is_some(),
            ),
            None => (None, &empty, false),
        };
        let Input::Bytes(input) = input else {
            return;
        };
        let header = TaskHeader {
            sequence,
            task: task.id,
            // A number that no worker has: it answers that it does not know the kind.
            kind: kind.unwrap_or(u32::MAX),
            attempt: task.attempt,
        };
        let message = if is_chunk {
            ToWorker::Chunk(header)
        } else {
            ToWorker::Task(header)
        };
        worker.enqueue(&message, input);
        self.dirty.push(slot);
    }

    /// Writes to the workers noted as dirty, and keeps those noted that were left out.
    fn write(&mut self, flush_all: bool) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        dirty.retain(|slot| {
            let Some(worker) = self.workers[*slot].as_mut() else {
                return false;
            };
            if !flush_all && !worker.should_flush(self.core.in_flight(*slot)) {
                return true;
            }
            // An error means that the worker is gone, which its pidfd reports.
            let _ = worker.flush();
            self.core.set_congested(*slot, worker.is_congested());
            false
        });
        self.dirty.append(&mut dirty);
    }
}

fn explain(loss: Loss) -> TaskError {
    match loss {
        Loss::Died { attempt, death } => TaskError::WorkerDied {
            worker: death.worker,
            how: death.how,
            attempt,
            input_index: None,
        },
        Loss::TimedOut {
            attempt,
            worker,
            limit,
        } => TaskError::TimedOut {
            limit,
            worker,
            attempt,
            input_index: None,
        },
        Loss::Cancelled => TaskError::Cancelled,
        Loss::Broken(reason) => TaskError::PoolBroken(reason),
    }
}
