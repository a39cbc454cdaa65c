//! What handles and maps ask of a pool, answered by a cluster.

use std::{
    thread::{self, Thread},
    time::{Duration, Instant},
};

use brigade_protocol::split_item;

use super::{Shared, State};
use crate::pool::{
    Stats, TaskError,
    internals::{
        Awaited, End, Engine, Input, KindIndex, Payload, Sink, TaskRef, Terms, Ticket, Wakes, lock,
        park_until,
    },
};

/// How long the end of a pool waits for the server to hear of it.
const FAREWELL: Duration = Duration::from_secs(3);

impl Shared {
    /// Changes the state, tells whoever waits for that, and rings.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut State, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        let mut state = lock(&self.state);
        let result = change(&mut state, &mut wakes);
        wakes.unpark(state.onlookers.drain(..));
        drop(state);
        self.bell.notify_one();
        wakes.release();
        result
    }
}

impl Engine for Shared {
    fn is_local(&self) -> bool {
        false
    }

    fn kind(&self, name: &'static str) -> KindIndex {
        lock(&self.state).kind(name)
    }

    fn submit(
        &self,
        kind: &'static str,
        input: Input,
        sink: Sink,
        terms: Terms,
    ) -> Option<TaskRef> {
        self.change(|state, wakes| {
            let Input::Bytes(input) = input else {
                return None;
            };
            if state.is_closed {
                return None;
            }
            let kind = state.kind(kind);
            Some(state.submit(kind, input, sink, terms, wakes))
        })
    }

    fn submit_all(&self, tickets: Vec<Ticket>, terms: Terms) -> bool {
        self.change(|state, wakes| {
            for ticket in tickets {
                if state.is_closed {
                    let why = state.broken.clone();
                    let error = why.map_or(TaskError::Cancelled, TaskError::PoolBroken);
                    ticket.deliver(Err(Box::new(error)), wakes);
                } else {
                    submit_each(state, ticket, terms, wakes);
                }
            }
            !state.is_closed
        })
    }

    fn cancel(&self, task: TaskRef) -> bool {
        self.change(|state, wakes| state.cancel(task.id, wakes))
    }

    fn appetite(&self) -> usize {
        lock(&self.state).appetite()
    }

    fn wait_for(&self, awaited: &dyn Awaited, deadline: Option<Instant>) -> bool {
        park_until(awaited, deadline)
    }

    fn wake_on_change(&self, thread: Thread) {
        lock(&self.state).onlookers.push(thread);
    }

    fn broken(&self) -> Option<String> {
        lock(&self.state).broken.clone()
    }

    fn close(&self) {
        self.change(|state, _| state.is_closed = true);
    }

    fn unfinished(&self) -> u64 {
        lock(&self.state).unfinished()
    }

    fn terminate(&self) -> u64 {
        let unfinished = self.change(|state, wakes| {
            let unfinished = state.unfinished();
            (state.is_closed, state.is_ended) = (true, true);
            state.drop_all(&TaskError::Cancelled, wakes);
            unfinished
        });
        // Hosts are to hear that nobody wants their results; if they do not, the streams' age limit ends it.
        if thread::current().name() != Some("brigade-nats") {
            park_until(&End(self), Instant::now().checked_add(FAREWELL));
        }
        unfinished
    }

    fn is_over(&self) -> bool {
        lock(&self.state).is_over
    }

    fn resize(&self, _workers: usize) {
        // The hosts say how many there are.
    }

    fn stats(&self) -> Stats {
        let state = lock(&self.state);
        Stats {
            workers: state.slots.max(1),
            queued: state.waiting_count(),
            open: state.open(),
            ..state.stats
        }
    }

    fn worker_pids(&self) -> Vec<i32> {
        Vec::new()
    }

    fn cancel_queued(&self) {
        self.change(|state, wakes| state.drop_waiting(&TaskError::Cancelled, wakes));
    }

    fn stop_and_continue(&self, _is_stopped: bool) {
        // Hosts go on; what they find is kept until this process does.
    }
}

/// A map's chunk was cut for a worker of this machine: here its tasks are on their own again.
fn submit_each(state: &mut State, ticket: Ticket, terms: Terms, wakes: &mut Wakes) {
    let Ticket {
        kind,
        input,
        sink,
        chunk,
    } = ticket;
    let Input::Bytes(input) = input else {
        return;
    };
    let Sink::Stream(stream, first) = &sink else {
        state.submit(kind, input, sink, terms, wakes);
        return;
    };
    if chunk.is_none() {
        state.submit(kind, input, sink, terms, wakes);
        return;
    }
    let mut rest = &input[..];
    let mut position = *first;
    while let Some((item, others)) = split_item(rest) {
        rest = others;
        let sink = Sink::Stream(stream.clone(), position);
        state.submit(kind, Payload::from_slice(item), sink, terms, wakes);
        position += 1;
    }
}
