//! The outcome of one task until its handle takes it.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    thread::Thread,
};

use super::{
    outcome::{Awaited, Outcome, lock},
    wakes::Wakes,
};

/// Called with the outcome, once.
pub(crate) type Callback = Box<dyn FnOnce(Outcome) + Send>;

/// Holds the outcome of one task, and who wants to know of it.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    is_done: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    outcome: Option<Outcome>,
    waiter: Option<Thread>,
    waker: Option<Waker>,
    callback: Option<Callback>,
    /// A list of completions that this cell's number is added to.
    observer: Option<(Arc<Completions>, usize)>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

impl Cell {
    /// The outcome is here. A second one is not listened to.
    pub(crate) fn fill(&self, outcome: Outcome, wakes: &mut Wakes) {
        let mut inner = lock(&self.inner);
        if self.is_done.load(Ordering::Relaxed) {
            return;
        }
        match inner.callback.take() {
            Some(callback) => wakes.call(Box::new(move || callback(outcome))),
            None => inner.outcome = Some(outcome),
        }
        self.is_done.store(true, Ordering::Release);
        wakes.unpark(inner.waiter.take());
        if let Some(waker) = inner.waker.take() {
            wakes.wake(waker);
        }
        if let Some((completions, number)) = inner.observer.take() {
            completions.add(number, wakes);
        }
    }

    /// The outcome, once.
    pub(crate) fn take(&self) -> Option<Outcome> {
        lock(&self.inner).outcome.take()
    }

    /// The outcome if it is here; otherwise `waker` is woken when it is.
    pub(crate) fn poll(&self, waker: &Waker) -> Option<Outcome> {
        let mut inner = lock(&self.inner);
        let outcome = inner.outcome.take();
        if outcome.is_none() {
            inner.waker = Some(waker.clone());
        }
        outcome
    }

    /// Has `callback` called with the outcome when it is here, which may be now.
    pub(crate) fn call(&self, callback: Callback) {
        let mut inner = lock(&self.inner);
        match inner.outcome.take() {
            None => inner.callback = Some(callback),
            Some(outcome) => {
                drop(inner);
                let mut wakes = Wakes::default();
                wakes.call(Box::new(move || callback(outcome)));
                wakes.release();
            }
        }
    }

    /// Adds `number` to `completions` when the outcome is here, which may be now.
    pub(crate) fn report_to(&self, completions: &Arc<Completions>, number: usize) {
        let mut inner = lock(&self.inner);
        if self.is_ready() {
            completions.add(number, &mut Wakes::default());
        } else {
            inner.observer = Some((Arc::clone(completions), number));
        }
    }
}

impl Awaited for Cell {
    fn is_ready(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        lock(&self.inner).waiter = waiter;
    }
}

/// The numbers of cells that have been filled, in that order.
#[derive(Debug, Default)]
pub(crate) struct Completions(Mutex<(VecDeque<usize>, Option<Thread>)>);

impl Completions {
    fn add(&self, number: usize, wakes: &mut Wakes) {
        let mut inner = lock(&self.0);
        inner.0.push_back(number);
        wakes.unpark(inner.1.take());
    }

    pub(crate) fn take(&self) -> Option<usize> {
        lock(&self.0).0.pop_front()
    }
}

impl Awaited for Completions {
    fn is_ready(&self) -> bool {
        !lock(&self.0).0.is_empty()
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        lock(&self.0).1 = waiter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{error::TaskError, outcome::Output, wakes::wait_for_callbacks};

    #[expect(clippy::unnecessary_wraps, reason = "an outcome is a result")]
    fn ok() -> Outcome {
        Ok(Output::Bytes([1].as_slice().into()))
    }

    #[test]
    fn a_cell_reports_its_completion_before_and_after_the_fact() {
        let completions = Arc::new(Completions::default());
        let (early, late) = (Cell::default(), Cell::default());
        early.fill(ok(), &mut Wakes::default());
        early.report_to(&completions, 1);
        late.report_to(&completions, 2);
        assert_eq!((completions.take(), completions.take()), (Some(1), None));
        late.fill(ok(), &mut Wakes::default());
        assert_eq!(completions.take(), Some(2));
    }

    #[test]
    fn a_callback_is_called_whether_it_comes_before_the_outcome_or_after() {
        let count = Arc::new(Mutex::new(0));
        for is_early in [true, false] {
            let cell = Cell::default();
            let counter = Arc::clone(&count);
            let callback: Callback = Box::new(move |_| *lock(&counter) += 1);
            let mut wakes = Wakes::default();
            if is_early {
                cell.call(callback);
                cell.fill(ok(), &mut wakes);
            } else {
                cell.fill(ok(), &mut wakes);
                cell.call(callback);
            }
            wakes.release();
        }
        wait_for_callbacks(None);
        assert_eq!(*lock(&count), 2);
    }

    #[test]
    fn the_first_outcome_counts() {
        let cell = Cell::default();
        cell.fill(Err(Box::new(TaskError::Cancelled)), &mut Wakes::default());
        cell.fill(ok(), &mut Wakes::default());
        assert!(cell.take().unwrap().is_err());
        assert!(cell.take().is_none());
    }
}
