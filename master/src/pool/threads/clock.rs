//! Time limits of tasks that run on threads: the handle resolves, and another thread takes over.

use std::{
    sync::{Arc, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::{Crew, Running, SharedSink, State};
use crate::pool::{
    core::Terms,
    error::TaskError,
    outcome::{KindIndex, lock},
    wakes::Wakes,
};

/// How long the clock sleeps when nobody has a deadline; it is woken when somebody gets one.
const LONG: Duration = Duration::from_hours(1);

impl Crew {
    /// Notes that a task begins, and returns the name of its kind.
    pub(super) fn begin(&self, kind: KindIndex, terms: Terms, sink: &SharedSink) -> &'static str {
        let deadline = terms
            .timeout
            .and_then(|limit| Instant::now().checked_add(limit));
        let mut state = lock(&self.state);
        state.running.push(Running {
            deadline,
            terms,
            sink: Arc::clone(sink),
        });
        if deadline.is_some() {
            self.start_clock(&mut state);
        }
        state.kinds.get(kind).copied().unwrap_or_default()
    }

    fn start_clock(&self, state: &mut State) {
        if state.has_clock {
            self.news.notify_all();
        } else if let Some(crew) = self.me.upgrade() {
            let clock = thread::Builder::new().name("brigade-clock".into());
            state.has_clock = clock.spawn(move || crew.keep_time()).is_ok();
        }
    }

    /// The life of the clock's thread.
    fn keep_time(&self) {
        let mut state = lock(&self.state);
        while !(state.is_closed && state.alive == 0) {
            let mut wakes = Wakes::default();
            let now = Instant::now();
            self.expire(&mut state, now, &mut wakes);
            if !wakes.is_empty() {
                drop(state);
                wakes.release();
                state = lock(&self.state);
                continue;
            }
            let next = state.running.iter().filter_map(|task| task.deadline).min();
            let wait = next.map_or(LONG, |at| at.saturating_duration_since(now));
            let (guard, _) = self
                .news
                .wait_timeout(state, wait)
                .unwrap_or_else(PoisonError::into_inner);
            state = guard;
        }
    }

    /// Gives up on tasks that have had their time, and on the threads that are at them.
    fn expire(&self, state: &mut State, now: Instant, wakes: &mut Wakes) {
        let is_over = |task: &mut Running| task.deadline.is_some_and(|at| at <= now);
        let over: Vec<Running> = state.running.extract_if(.., is_over).collect();
        for task in over {
            let Some(sink) = lock(&task.sink).take() else {
                continue;
            };
            let error = TaskError::TimedOut {
                limit: task.terms.timeout.unwrap_or_default(),
                worker: i32::try_from(std::process::id()).unwrap_or_default(),
                attempt: 1,
                input_index: None,
            };
            sink.deliver(Err(Box::new(error)), wakes);
            state.stats.lost += 1;
            state.alive -= 1;
            // If no thread can be started, the others go on with one less.
            let _ = self.grow(state);
            wakes.unpark(state.onlookers.drain(..));
        }
    }
}
