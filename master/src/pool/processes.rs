//! The engine of a pool of processes: calls of handles and maps become changes of the shared state.

use std::{thread::Thread, time::Instant};

use super::{
    core::{TaskRef, Terms},
    engine::{Engine, Stats},
    io::State,
    outcome::{Awaited, Input, KindIndex, Sink, Ticket},
    wheel::Shared,
};

impl Engine for Shared {
    fn is_local(&self) -> bool {
        false
    }

    fn kind(&self, name: &'static str) -> KindIndex {
        self.with(false, |state| state.kind(name))
    }

    fn submit(
        &self,
        kind: &'static str,
        input: Input,
        sink: Sink,
        terms: Terms,
    ) -> Option<TaskRef> {
        self.with(false, |state| {
            let kind = state.kind(kind);
            state
                .core
                .submit(Ticket::single(kind, input, sink), terms)
                .ok()
        })
    }

    fn submit_all(&self, tickets: Vec<Ticket>, terms: Terms) -> bool {
        self.with(false, |state| {
            let mut is_open = true;
            for ticket in tickets {
                let items = ticket.chunk.map_or(1, |chunk| u64::from(chunk.count));
                if let Err(ticket) = state.core.submit_chunk(ticket, terms, items) {
                    let outcome = Err(Box::new(state.why_closed()));
                    ticket.deliver(outcome, &mut state.wakes);
                    is_open = false;
                }
            }
            is_open
        })
    }

    fn cancel(&self, task: TaskRef) -> bool {
        let is_cancelled = self.with(true, |state| state.cancel(task));
        self.ring();
        is_cancelled
    }

    fn appetite(&self) -> usize {
        // A map asks between its results, and drives when it has none: the steward may rest.
        self.note_caller();
        self.look(|state| state.core.appetite())
    }

    fn wait_for(&self, awaited: &dyn Awaited, deadline: Option<Instant>) -> bool {
        self.drive_until(awaited, deadline)
    }

    fn wake_on_change(&self, thread: Thread) {
        self.note_onlooker(thread);
    }

    fn broken(&self) -> Option<String> {
        self.look(|state| state.core.broken().map(str::to_owned))
    }

    fn close(&self) {
        self.with(true, |state| state.core.close());
        self.ring();
    }

    fn unfinished(&self) -> u64 {
        self.look(State::unfinished)
    }

    fn terminate(&self) -> u64 {
        let unfinished = self.with(true, |state| {
            let unfinished = state.unfinished();
            state.terminate();
            unfinished
        });
        self.ring();
        unfinished
    }

    fn is_over(&self) -> bool {
        self.look(|state| state.core.is_over())
    }

    fn resize(&self, workers: usize) {
        self.with(true, |state| state.resize(workers));
        self.ring();
    }

    fn stats(&self) -> Stats {
        self.look(|state| {
            let counts = state.core.counts();
            Stats {
                workers: state.core.workers(),
                queued: state.core.queued(),
                open: state.core.open_tasks(),
                submitted: counts.submitted,
                finished: counts.finished,
                lost: counts.lost,
                retried: counts.retried,
                deaths: counts.deaths,
            }
        })
    }

    fn worker_pids(&self) -> Vec<i32> {
        self.look(|state| state.pids().collect())
    }

    fn cancel_queued(&self) {
        self.with(true, State::cancel_queued);
        self.ring();
    }

    fn stop_and_continue(&self, is_stopped: bool) {
        self.with(true, |state| state.stop_and_continue(is_stopped));
        self.ring();
    }
}
