//! What handles and maps ask of a pool, answered by threads.

use std::{thread::Thread, time::Instant};

use super::{
    super::{
        core::{TaskRef, Terms},
        engine::{Engine, Stats, park_until},
        error::TaskError,
        outcome::{Awaited, Input, KindIndex, Sink, Ticket, lock},
    },
    Crew, Running, kind_index,
};

/// Tasks that a map keeps here for each thread.
const APPETITE: usize = 64;

impl Engine for Crew {
    fn is_local(&self) -> bool {
        true
    }

    fn kind(&self, name: &'static str) -> KindIndex {
        kind_index(&mut lock(&self.state), name)
    }

    fn submit(
        &self,
        kind: &'static str,
        input: Input,
        sink: Sink,
        terms: Terms,
    ) -> Option<TaskRef> {
        let mut state = lock(&self.state);
        if state.is_closed {
            return None;
        }
        let kind = kind_index(&mut state, kind);
        let task = Self::push(&mut state, Ticket::single(kind, input, sink), terms);
        let has_clock = state.has_clock;
        drop(state);
        if has_clock {
            // The clock waits for the same news, and would swallow what is meant for a worker.
            self.news.notify_all();
        } else {
            self.news.notify_one();
        }
        Some(task)
    }

    fn submit_all(&self, tickets: Vec<Ticket>, terms: Terms) -> bool {
        self.change(|state, wakes| {
            for ticket in tickets {
                if state.is_closed {
                    let why = state.broken.clone();
                    let error = why.map_or(TaskError::Cancelled, TaskError::PoolBroken);
                    ticket.deliver(Err(Box::new(error)), wakes);
                } else {
                    Self::push(state, ticket, terms);
                }
            }
            !state.is_closed
        })
    }

    fn cancel(&self, task: TaskRef) -> bool {
        self.change(|state, wakes| {
            let Some(job) = state.queue.remove(task.id) else {
                return false;
            };
            state.stats.lost += 1;
            job.ticket
                .sink
                .deliver(Err(Box::new(TaskError::Cancelled)), wakes);
            true
        })
    }

    fn appetite(&self) -> usize {
        APPETITE * lock(&self.state).wanted.max(1)
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
        let state = lock(&self.state);
        let queued: u64 = state.queue.iter().map(|job| job.ticket.unfinished()).sum();
        let is_running =
            |running: &&Running| lock(&running.sink).as_ref().is_some_and(Sink::is_cell);
        queued + state.running.iter().filter(is_running).count() as u64
    }

    fn terminate(&self) -> u64 {
        let unfinished = self.unfinished();
        self.close();
        self.cancel_queued();
        // What is running cannot be ended, but nobody is to wait for it.
        self.change(|state, wakes| {
            for running in std::mem::take(&mut state.running) {
                if let Some(sink) = lock(&running.sink).take() {
                    state.alive -= 1;
                    state.stats.lost += 1;
                    sink.deliver(Err(Box::new(TaskError::Cancelled)), wakes);
                }
            }
        });
        unfinished
    }

    fn is_over(&self) -> bool {
        let state = lock(&self.state);
        state.is_closed && state.alive == 0
    }

    fn resize(&self, workers: usize) {
        self.change(|state, _| {
            state.wanted = workers;
            // A thread that cannot be started is missing until the next time.
            let _ = self.grow(state);
        });
    }

    fn stats(&self) -> Stats {
        let state = lock(&self.state);
        Stats {
            workers: state.wanted,
            queued: state.queue.len(),
            open: state.queue.len() + state.running.len(),
            ..state.stats
        }
    }

    fn worker_pids(&self) -> Vec<i32> {
        vec![i32::try_from(std::process::id()).unwrap_or_default()]
    }

    fn cancel_queued(&self) {
        self.change(|state, wakes| {
            for job in state.queue.drain() {
                state.stats.lost += 1;
                job.ticket
                    .sink
                    .deliver(Err(Box::new(TaskError::Cancelled)), wakes);
            }
        });
    }

    fn stop_and_continue(&self, _is_stopped: bool) {
        // The threads are stopped with this process.
    }
}
