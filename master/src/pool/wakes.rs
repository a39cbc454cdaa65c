//! Who is to be told that something is there: parked threads, futures, callbacks.
//!
//! They are gathered while the pool is locked and told once it is not, so that whoever is told may use the
//! pool at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        OnceLock,
        mpsc::{self, Sender},
    },
    task::Waker,
    thread::{self, Thread, ThreadId},
    time::Instant,
};

/// A callback with its argument.
type Job = Box<dyn FnOnce() + Send>;

/// What has gathered.
#[derive(Default)]
pub(crate) struct Wakes {
    threads: Vec<Thread>,
    wakers: Vec<Waker>,
    jobs: Vec<Job>,
}

impl std::fmt::Debug for Wakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} threads, {} futures, {} callbacks",
            self.threads.len(),
            self.wakers.len(),
            self.jobs.len()
        )
    }
}

impl Wakes {
    pub(crate) fn unpark(&mut self, threads: impl IntoIterator<Item = Thread>) {
        self.threads.extend(threads);
    }

    pub(crate) fn wake(&mut self, waker: Waker) {
        self.wakers.push(waker);
    }

    pub(crate) fn call(&mut self, job: Job) {
        self.jobs.push(job);
    }

    /// Whether nobody is to be told.
    pub(crate) fn is_empty(&self) -> bool {
        self.threads.is_empty() && self.wakers.is_empty() && self.jobs.is_empty()
    }

    /// Tells them. Not while the pool is locked.
    pub(crate) fn release(self) {
        for thread in self.threads {
            thread.unpark();
        }
        for waker in self.wakers {
            waker.wake();
        }
        for job in self.jobs {
            run_later(job);
        }
    }
}

/// The thread that runs callbacks, one after another: they may block or submit, and no pool stands still.
struct Caller {
    queue: Sender<Job>,
    thread: ThreadId,
}

fn caller() -> Option<&'static Caller> {
    static CALLER: OnceLock<Option<Caller>> = OnceLock::new();
    CALLER.get_or_init(start_caller).as_ref()
}

fn start_caller() -> Option<Caller> {
    let (queue, jobs) = mpsc::channel::<Job>();
    let thread = thread::Builder::new()
        .name("callbacks".into())
        .spawn(move || {
            for job in jobs {
                // Its panic has been printed by the panic hook; the next callback knows nothing of it.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        })
        .ok()?;
    Some(Caller {
        queue,
        thread: thread.thread().id(),
    })
}

/// Hands a callback to the callbacks' thread, which takes no time; gives it back if there can be no such thread.
pub(crate) fn queue(job: Job) -> Result<(), Job> {
    match caller() {
        Some(caller) => caller.queue.send(job).map_err(|unsent| unsent.0),
        None => Err(job),
    }
}

/// Has the callback run by the callbacks' thread, or here if there can be none.
fn run_later(job: Job) {
    if let Err(job) = queue(job) {
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Waits until all callbacks that were due have run, unless a callback asks for it.
pub(crate) fn wait_for_callbacks(deadline: Option<Instant>) {
    let Some(caller) = caller().filter(|caller| caller.thread != thread::current().id()) else {
        return;
    };
    let (done, wait) = mpsc::channel();
    if caller
        .queue
        .send(Box::new(move || {
            let _ = done.send(());
        }))
        .is_ok()
    {
        // Done, or out of time.
        let _ = match deadline {
            Some(at) => wait.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => wait.recv().map_err(Into::into),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn callbacks_run_in_order_and_one_that_panics_harms_no_other() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut wakes = Wakes::default();
        for number in 0..3 {
            let seen = Arc::clone(&seen);
            wakes.call(Box::new(move || {
                seen.lock().unwrap().push(number);
                if number == 1 {
                    drop(seen);
                    std::panic::resume_unwind(Box::new("quiet"));
                }
            }));
        }
        wakes.release();
        wait_for_callbacks(None);
        assert_eq!(*seen.lock().unwrap(), [0, 1, 2]);
    }
}
