//! Handles in the order in which their tasks are done.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use brigade_protocol::Task;

use super::{cell::Completions, error::TaskError, handle::Handle, outcome::Awaited};

/// Yields each of the handles when its task is done, the first one first.
///
/// ```
/// use brigade::{as_completed, jobs::fault::{Fault, Misdeed}};
/// use std::time::Duration;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let nap = |ms| pool.submit::<Fault>(Misdeed::Sleep(Duration::from_millis(ms)));
/// let handles = [nap(500)?, nap(1)?];
/// let order: Vec<u64> = as_completed(handles).map(|handle| handle.id()).collect();
/// assert_eq!(order, [1, 0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<T: Task>(handles: impl IntoIterator<Item = Handle<T>>) -> AsCompleted<T> {
    let completions = Arc::new(Completions::default());
    let handles: Vec<_> = handles.into_iter().map(Some).collect();
    for (number, handle) in handles.iter().flatten().enumerate() {
        handle.cell.report_to(&completions, number);
    }
    AsCompleted {
        left: handles.len(),
        handles,
        completions,
    }
}

/// Iterator over handles in the order of completion; see [`as_completed`].
///
/// ```
/// use brigade::{as_completed, jobs::echo::Echo};
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let handles = (0..10).map(|n| pool.submit::<Echo>(n)).collect::<Result<Vec<_>, _>>()?;
/// let mut sum = 0;
/// for handle in as_completed(handles) {
///     sum += handle.wait()?; // returns at once
/// }
/// assert_eq!(sum, 45);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AsCompleted<T: Task> {
    handles: Vec<Option<Handle<T>>>,
    left: usize,
    completions: Arc<Completions>,
}

impl<T: Task> Iterator for AsCompleted<T> {
    type Item = Handle<T>;

    fn next(&mut self) -> Option<Handle<T>> {
        self.next_before(None).map(|(_, handle)| handle)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Task> AsCompleted<T> {
    /// The next handle whose task is done, with its position; `None` when none is left or time is over.
    fn next_before(&mut self, deadline: Option<Instant>) -> Option<(usize, Handle<T>)> {
        if self.left == 0 {
            return None;
        }
        loop {
            if let Some(position) = self.completions.take() {
                self.left -= 1;
                let handle = self.handles.get_mut(position)?.take()?;
                return Some((position, handle));
            }
            if deadline.is_some_and(|at| at <= Instant::now()) {
                return None;
            }
            self.wait(deadline);
        }
    }

    fn wait(&self, deadline: Option<Instant>) {
        let mut pools = self.handles.iter().flatten().map(|handle| &handle.engine);
        let Some(first) = pools.next() else {
            return;
        };
        if pools.all(|other| Arc::ptr_eq(first, other)) {
            first.wait_for(&*self.completions, deadline);
            return;
        }
        // Several pools: one of them must not be driven while another one's result comes, so leave
        // all of them to their stewards.
        self.completions.set_waiter(Some(thread::current()));
        if !self.completions.is_ready() {
            match deadline {
                Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
                None => thread::park(),
            }
        }
        self.completions.set_waiter(None);
    }
}

/// Until what [`wait`] waits.
///
/// ```
/// use brigade::{Until, jobs::fault::{Fault, Misdeed}, wait};
/// use std::time::Duration;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let slow = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_millis(500)))?;
/// let wrong = pool.submit::<Fault>(Misdeed::Error("no".into()))?;
/// let waited = wait([slow, wrong], Until::FirstError, None);
/// assert_eq!((waited.done[0].0, waited.open[0].0), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// One task is done.
    FirstCompleted,
    /// One task has failed, or all are done.
    FirstError,
    /// All tasks are done.
    AllCompleted,
}

/// What [`wait`] came to.
///
/// ```
/// use brigade::{Until, jobs::echo::Echo, wait};
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let handles = [pool.submit::<Echo>(5)?, pool.submit::<Echo>(6)?];
/// let mut waited = wait(handles, Until::AllCompleted, None);
/// waited.done.sort_by_key(|(position, _)| *position);
/// assert_eq!(waited.done, [(0, Ok(5)), (1, Ok(6))]);
/// assert!(waited.open.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Waited<T: Task> {
    /// The outcomes that are there, each with the position of its handle.
    pub done: Vec<(usize, Result<T::Output, TaskError>)>,
    /// The handles of tasks that are not done, each with its position.
    pub open: Vec<(usize, Handle<T>)>,
}

/// Waits until some or all tasks are done, for at most `limit` if there is one.
///
/// ```
/// use brigade::{Until, jobs::fault::{Fault, Misdeed}, wait};
/// use std::time::Duration;
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let nap = |ms| pool.submit::<Fault>(Misdeed::Sleep(Duration::from_millis(ms)));
/// let first = wait([nap(500)?, nap(1)?], Until::FirstCompleted, None);
/// assert_eq!((first.done.len(), first.open.len()), (1, 1));
///
/// // What is open may be waited for again, with a limit or without.
/// let rest = || first.open.into_iter().map(|(_position, handle)| handle);
/// let all = wait(rest(), Until::AllCompleted, Some(Duration::from_secs(60)));
/// assert_eq!((all.done.len(), all.open.len()), (1, 0));
///
/// let late = wait([nap(500)?], Until::AllCompleted, Some(Duration::from_millis(10)));
/// assert_eq!((late.done.len(), late.open.len()), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait<T: Task>(
    handles: impl IntoIterator<Item = Handle<T>>,
    until: Until,
    limit: Option<Duration>,
) -> Waited<T> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let mut rest = as_completed(handles);
    let mut done = Vec::new();
    while let Some((position, handle)) = rest.next_before(deadline) {
        let outcome = handle.wait();
        let is_enough = match until {
            Until::FirstCompleted => true,
            Until::FirstError => outcome.is_err(),
            Until::AllCompleted => false,
        };
        done.push((position, outcome));
        if is_enough {
            break;
        }
    }
    // Whatever else is there by now is done as well.
    while let Some((position, handle)) = rest.next_before(Some(Instant::now())) {
        done.push((position, handle.wait()));
    }
    let open = rest.handles.into_iter().enumerate();
    Waited {
        done,
        open: open
            .filter_map(|(at, handle)| Some((at, handle?)))
            .collect(),
    }
}
