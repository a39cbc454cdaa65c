//! The end of a worker: what it had finished, how it ended, what it said last.

use std::time::{Duration, Instant};

use super::{
    ended::{Death, Ended},
    error::TaskError,
    event::Event,
    io::State,
    orphans,
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
        let was_serving = worker.stage == Stage::Serving;
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
        if self.core.is_abnormal(slot, &how) {
            orphans::hunt(std::mem::take(&mut worker.process.mark));
        }
        let is_charged = self.charge_item(slot, &worker, &how);
        let lane = worker.process.lane.clone();
        drop(worker);
        let death = Death {
            worker: pid,
            how,
            last_words,
        };
        self.core.worker_gone(
            slot,
            &death,
            |sequence| !is_charged && lane.is_claimed(sequence),
            now,
        );
        if was_wanted {
            let (index, how) = (slot, death.how);
            self.events.push(if was_serving {
                Event::WorkerDied { index, pid, how }
            } else {
                Event::StartFailed { index, pid, how }
            });
        }
    }

    /// If the worker ended in a chunk: the task of it that was running fails, or is tried again by itself; what is
    /// done is done, and what had not begun is as innocent as any queued task. Whether the blame has been dealt with.
    fn charge_item(&mut self, slot: usize, worker: &Worker, how: &Ended) -> bool {
        let lane = &worker.process.lane;
        let sequence = self.core.head_sequence(slot);
        let retries = self.core.head_retries(slot);
        let is_claimed = lane.is_claimed(sequence);
        let Some(ticket) = self.core.head_ticket(slot) else {
            return false;
        };
        let Some(chunk) = ticket.chunk.filter(|_| is_claimed) else {
            return false;
        };
        ticket.drop_done();
        if lane.items_begun() > chunk.done {
            self.charge_first(slot, worker.process.child.pid(), how, retries);
        }
        true
    }

    /// Charges the first task of a chunk that is left.
    fn charge_first(&mut self, slot: usize, worker: i32, how: &Ended, retries: u32) {
        let sequence = self.core.head_sequence(slot);
        let Some(ticket) = self.core.head_ticket(slot) else {
            return;
        };
        let Some((first, is_last)) = ticket.split_first() else {
            return;
        };
        if retries > 0 {
            self.core.retry_item(slot, first);
        } else {
            let error = TaskError::WorkerDied {
                worker,
                how: how.clone(),
                attempt: 1,
                input_index: None,
            };
            first.deliver(Err(Box::new(error)), &mut self.wakes);
            self.core.count_items(slot, 1, false);
        }
        if is_last {
            let _ = self.core.finished(slot, sequence, false);
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

/// A time without what nobody wants to read: whole seconds, or milliseconds of less than one.
fn in_round_figures(time: Duration) -> Duration {
    match time.as_secs() {
        0 => Duration::from_millis(u64::from(time.subsec_millis())),
        seconds => Duration::from_secs(seconds),
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
    if worker.is_mute {
        let time = in_round_figures(worker.since.elapsed());
        return match worker.stage {
            Stage::Greeting => Ended::Mute(time),
            Stage::Preparing | Stage::Serving => Ended::Unprepared(time),
        };
    }
    // If somebody else reaped it, all that is left to say is that it is gone.
    reaped.unwrap_or(Ended::Unknown)
}
