//! The loop's ears: what workers send.

use std::time::Instant;

use brigade_protocol::Hello;

use super::{
    io::{State, wire_number},
    outcome::Payload,
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
                Some(Said::Items {
                    sequence,
                    first,
                    outputs,
                }) => {
                    *results += usize::from(self.settle_items(slot, (sequence, first), outputs)?);
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
}
