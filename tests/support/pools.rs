//! Pools of the shipped worker, and what a test waits with.

use std::{
    collections::BTreeSet,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use brigade::{
    Pool, PoolBuilder, Task,
    jobs::fault::{Fault, Misdeed},
};

use crate::{binary, eventually};

/// The options of a pool over the shipped worker.
pub fn builder(workers: usize) -> PoolBuilder {
    Pool::builder()
        .workers(workers)
        .worker_executable(binary("worker"))
}

/// A pool over the shipped worker.
#[must_use]
pub fn pool(workers: usize) -> Pool {
    builder(workers).start().expect("a pool")
}

/// A task that sleeps for so many milliseconds.
#[must_use]
pub fn sleep(ms: u64) -> Misdeed {
    Misdeed::Sleep(Duration::from_millis(ms))
}

/// Waits until every worker of a pool has answered. Before, those that are ready do all the work.
#[track_caller]
pub fn wait_until_ready(pool: &Pool, workers: usize) {
    let is_ready = || {
        let naps = pool.map::<Fault, _>(vec![sleep(50); workers]);
        let pids: BTreeSet<u32> = naps.filter_map(Result::ok).collect();
        pids.len() == workers
    };
    assert!(
        eventually(20, is_ready),
        "not all of {workers} workers came up"
    );
}

/// A task that starts a pool of its own: given the path of the worker executable and a count, it returns the
/// sum of the numbers below it, each sent through the inner pool, and the inner workers' process ids. The
/// `nester` binary runs it.
#[derive(Debug)]
pub struct Nested;

impl Task for Nested {
    const KIND: &'static str = "test.nested";
    /// The worker executable of the inner pool, how many numbers, and whether to sleep with the pool afterwards.
    type Input = (String, u64, bool);
    type Output = (u64, Vec<i32>);
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future with nothing but this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
