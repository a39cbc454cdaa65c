//! Stopping a pool's work from elsewhere.

use std::sync::Arc;

use super::super::engine::{Engine, Stats};

/// Stops the work of a pool, for a while or for good; see [`Pool::control`](crate::Pool::control).
///
/// ```
/// use brigade::{SubmitError, jobs::echo::Echo};
///
/// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
/// let control = pool.control();
/// let other = std::thread::spawn(move || control.drain());
/// # other.join().map_err(|_| "panicked")?;
/// assert!(matches!(pool.submit::<Echo>(7), Err(SubmitError::Closed)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Control(pub(super) Arc<dyn Engine>);

impl Control {
    /// Takes no more tasks and cancels all that have not begun. What is running goes on to its end.
    ///
    /// ```
    /// use brigade::{TaskError, jobs::echo::Echo};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.submit::<Echo>(7)?;
    /// pool.control().drain();
    /// assert!(matches!(handle.wait(), Ok(7) | Err(TaskError::Cancelled)));
    /// assert!(pool.submit::<Echo>(8).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drain(&self) {
        self.0.close();
        self.0.cancel_queued();
    }

    /// Kills the workers now. Tasks that are not done fail as cancelled.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// pool.control().terminate();
    /// assert!(pool.submit::<Echo>(7).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn terminate(&self) {
        self.0.terminate();
    }

    /// Stops all workers, and the clocks of their tasks, as when this process is about to be stopped.
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// let control = pool.control();
    /// control.pause();
    /// control.resume();
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(&self) {
        self.0.stop_and_continue(true);
    }

    /// Lets the workers go on after [`pause`](Self::pause).
    ///
    /// ```
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let control = pool.control();
    /// control.pause();
    /// control.resume();
    /// assert_eq!(pool.submit::<brigade::jobs::echo::Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(&self) {
        self.0.stop_and_continue(false);
    }

    /// Whether the pool has ended, and its last worker with it: there is nothing left to stop.
    ///
    /// ```
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let control = pool.control();
    /// assert!(!control.is_over());
    /// pool.join();
    /// assert!(control.is_over());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// The pool's numbers.
    ///
    /// ```
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// assert_eq!(pool.control().stats(), pool.stats());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}
