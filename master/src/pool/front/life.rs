//! Growing, standing still and ending.

use std::time::{Duration, Instant};

use super::{
    super::{builder::MOST_WORKERS, dropped, engine::End, orphans, wakes::wait_for_callbacks},
    Pool,
};

/// After a crash, the end of a pool waits at most this long until what the dead worker left is found and ended.
const ORPHANS: Duration = Duration::from_millis(500);

impl Pool {
    /// Wants another number of workers from now on, but at least one and at most 1,024. New ones are started at once; those
    /// there are too many finish the task they are at.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// pool.resize(4);
    /// assert_eq!(pool.stats().workers, 4);
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&self, workers: usize) {
        self.engine.resize(workers.clamp(1, MOST_WORKERS));
    }

    /// Takes no more tasks. Those that are here are finished, then the workers end.
    ///
    /// ```
    /// use brigade::{SubmitError, jobs::echo::Echo};
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let before = pool.submit::<Echo>(7)?;
    /// pool.close();
    /// assert!(matches!(pool.submit::<Echo>(8), Err(SubmitError::Closed)));
    /// assert_eq!(before.wait()?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close(&self) {
        self.engine.close();
    }

    /// Cancels all tasks that have not begun. What is running goes on to its end.
    ///
    /// ```
    /// use brigade::{TaskError, jobs::fault::{Fault, Misdeed}};
    /// use std::time::Duration;
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let task = || Misdeed::Sleep(Duration::from_millis(20));
    /// let mut handles = (0..50).map(|_| pool.submit::<Fault>(task())).collect::<Result<Vec<_>, _>>()?;
    /// pool.cancel_queued();
    /// let last = handles.pop().map(|handle| handle.wait());
    /// assert_eq!(last, Some(Err(TaskError::Cancelled)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_queued(&self) {
        self.engine.cancel_queued();
    }

    /// Stops all workers, and the clocks of their tasks, as when this process is about to be stopped.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// pool.submit::<Echo>(1)?.wait()?;
    /// pool.pause();
    /// let Err(handle) = pool.submit::<Echo>(7)?.wait_timeout(Duration::from_millis(50)) else {
    ///     panic!("a stopped worker answered");
    /// };
    /// pool.resume();
    /// assert_eq!(handle.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pause(&self) {
        self.engine.stop_and_continue(true);
    }

    /// Lets the workers go on after [`pause`](Self::pause).
    ///
    /// ```
    /// use brigade::{Pool, jobs::echo::Echo};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// pool.pause();
    /// pool.resume();
    /// assert_eq!(pool.submit::<Echo>(7)?.wait()?, 7);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(&self) {
        self.engine.stop_and_continue(false);
    }

    /// Closes the pool and waits until all tasks are done, all workers have ended, and all callbacks have run.
    ///
    /// ```
    /// use brigade::jobs::echo::Echo;
    ///
    /// # let pool = brigade::Pool::builder().workers(2).threads(brigade_worker::jobs::registry()).start()?;
    /// let handle = pool.submit::<Echo>(7)?;
    /// pool.join();
    /// assert!(handle.is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(self) {
        // Without a time limit it does not give the pool back.
        drop(self.join_until(None));
    }

    /// Like [`join`](Self::join) for at most `time`. Gives the pool, closed, back if that was not enough.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::jobs::fault::{Fault, Misdeed};
    ///
    /// # let pool = brigade::Pool::builder().workers(1).threads(brigade_worker::jobs::registry()).start()?;
    /// let task = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_millis(500)))?;
    /// let Err(pool) = pool.join_timeout(Duration::from_millis(10)) else {
    ///     panic!("half a second does not fit");
    /// };
    /// assert!(pool.join_timeout(Duration::from_secs(60)).is_ok());
    /// assert!(task.is_done());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The pool itself.
    pub fn join_timeout(self, time: Duration) -> Result<(), Self> {
        self.join_until(Instant::now().checked_add(time))
    }

    fn join_until(mut self, deadline: Option<Instant>) -> Result<(), Self> {
        self.close();
        if !self.engine.wait_for(&End(&*self.engine), deadline) {
            return Err(self);
        }
        if let Some(steward) = self.steward.take() {
            // It has nothing left to do; had it panicked, the workers would be gone all the same.
            let _ = steward.join();
        }
        wait_for_callbacks(deadline);
        orphans::settle(ORPHANS);
        Ok(())
    }

    /// Kills the workers now. Tasks that are not done fail as cancelled, and as this was asked for they are not
    /// counted as [dropped](crate::dropped_tasks).
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade::{Pool, TaskError, jobs::fault::{Fault, Misdeed}};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if brigade::worker_role(&brigade_worker::jobs::registry()).is_some() {
    /// #     return Ok(());
    /// # }
    /// let pool = Pool::builder().workers(1).this_executable()?.start()?;
    /// let endless = pool.submit::<Fault>(Misdeed::Sleep(Duration::from_secs(3_600)))?;
    /// pool.terminate();
    /// assert_eq!(endless.wait(), Err(TaskError::Cancelled));
    /// # Ok(())
    /// # }
    /// ```
    pub fn terminate(self) {
        self.engine.terminate();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        dropped::add(self.engine.terminate());
        orphans::settle(ORPHANS);
    }
}
