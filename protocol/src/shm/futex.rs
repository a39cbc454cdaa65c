//! Waiting for a word in shared memory to change, without using processor time.
//!
//! The kernel knows nothing of who is to change the word: if that process dies, nobody wakes the waiter. So
//! every wait has a limit, after which the waiter looks whether there is still something to wait for.

use std::{sync::atomic::AtomicU32, time::Duration};

use rustix::{
    io::Errno,
    thread::futex::{self, Flags, Timespec},
};

/// Why a wait has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The word had another value already, somebody called [`wake`], or a signal came: look again.
    LookAgain,
    /// The time is over.
    TimedOut,
}

/// Sleeps while `word` is `expected`, until somebody calls [`wake`] on it, for at most `limit`.
///
/// The word may lie in memory that several processes share.
///
/// ```
/// use std::{sync::atomic::AtomicU32, time::Duration};
/// use brigade_protocol::shm::futex::{self, Woken};
///
/// let word = AtomicU32::new(7);
/// assert_eq!(futex::wait(&word, 8, Duration::from_secs(60)), Woken::LookAgain);
/// assert_eq!(futex::wait(&word, 7, Duration::from_millis(1)), Woken::TimedOut);
/// assert_eq!(futex::wake(&word, 1), 0); // nobody sleeps here
/// ```
pub fn wait(word: &AtomicU32, expected: u32, limit: Duration) -> Woken {
    // A limit beyond the clock's range is as good as a day; whoever waits looks again then.
    let limit = Timespec::try_from(limit).unwrap_or(Timespec {
        tv_sec: 86_400,
        tv_nsec: 0,
    });
    match futex::wait(word, Flags::empty(), expected, Some(&limit)) {
        Err(Errno::TIMEDOUT) => Woken::TimedOut,
        _ => Woken::LookAgain,
    }
}

/// Wakes up to `count` of those who sleep at `word`; how many there were.
pub fn wake(word: &AtomicU32, count: u32) -> usize {
    // The kernel takes the count for a signed one, and wakes a single sleeper when that is negative.
    let count = count.min(i32::MAX.cast_unsigned());
    futex::wake(word, Flags::empty(), count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::atomic::Ordering, thread};

    #[test]
    fn a_sleeper_is_woken_by_another_thread() {
        let word = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                word.store(1, Ordering::Release);
                // The sleeper may not be there yet; then it sees the new value.
                wake(&word, 1);
            });
            while word.load(Ordering::Acquire) == 0 {
                assert_eq!(wait(&word, 0, Duration::from_secs(20)), Woken::LookAgain);
            }
        });
    }

    #[test]
    fn one_call_wakes_all_sleepers_however_large_the_number() {
        let word = AtomicU32::new(0);
        // When all three are asleep cannot be seen, so it is tried until the call has met more than one.
        let woken = (0..50).map(|_| {
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| wait(&word, 0, Duration::from_millis(200)));
                }
                thread::sleep(Duration::from_millis(50));
                wake(&word, u32::MAX)
            })
        });
        assert!(woken.into_iter().any(|woken| woken > 1));
    }

    #[test]
    fn no_limit_is_too_long_for_the_clock() {
        let word = AtomicU32::new(0);
        assert_eq!(wait(&word, 1, Duration::MAX), Woken::LookAgain);
    }
}
