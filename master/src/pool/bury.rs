//! The end of a worker: what it had finished, how it ended, what it said last.

use std::time::Instant;

use super::{
    error::{Death, Ended},
    io::{Event, State},
    worker::{Heard, Stage, Worker},
};

impl State {
    /// The worker has closed its end of the result pipe, so it is dying or useless.
    pub(super) fn hang_up(&mut self, slot: usize) {
        if let Some(worker) = &self.workers[slot] {
            // The end would be reported again and again until the process is gone.
            let _ = self.epoll.delete(&worker.process.results);
            worker.process.child.kill();
        }
    }

    /// A worker has ended: takes in what it had finished, finds out how it ended, and tells the core.
    pub(super) fn bury(&mut self, slot: usize, now: Instant) {
        self.hear_last_words(slot);
        let Some(mut worker) = self.workers[slot].take() else {
            return;
        };
        let pid = worker.process.child.pid();
        let how = match how_it_ended(&mut worker) {
            Ended::Killed(libc::SIGKILL)
                if self.core.is_wanted(slot) && self.oom_kills.have_risen() =>
            {
                Ended::OutOfMemory
            }
            how => how,
        };
        let last_words = match worker.stage {
            Stage::Serving => String::new(),
            Stage::Greeting | Stage::Preparing => worker.process.log.tail(),
        };
        if let Some(board) = &self.board {
            board.mark_absent(slot);
        }
        let was_wanted = self.core.is_wanted(slot);
        let lane = worker.process.lane.clone();
        drop(worker);
        let death = Death {
            worker: pid,
            how,
            last_words,
        };
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

    /// Reads all that the worker has written to its pipe, and what it left in its outbox.
    fn hear_last_words(&mut self, slot: usize) {
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
    }
}

fn how_it_ended(worker: &mut Worker) -> Ended {
    let reaped = worker.process.child.reap(true).ok().flatten();
    if let Some(fault) = worker.fault.take() {
        return Ended::Babbled(fault);
    }
    if let Some(reason) = worker.refusal.take() {
        return Ended::Refused(reason);
    }
    // If somebody else reaped it, all that is left to say is that it is gone.
    reaped.unwrap_or(Ended::Exited(0))
}
