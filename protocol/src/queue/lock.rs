//! The lock of a queue's producers, which does not outlive who holds it.
//!
//! The word names its holder, so whoever has waited for a while can look whether that one is still alive, and
//! take the lock over if not. What the lock protects changes in one step at the very end ([`Position`]), so
//! a holder may be killed at any instruction.
//!
//! [`Position`]: super::position::Position

use std::{
    hint,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::shm::{
    futex,
    gate::{Deadline, LONGEST_SLEEP},
};

const FREE: u32 = 0;
/// Somebody sleeps until the lock is free.
const CONTENDED: u32 = 1 << 31;
const FIRST_SLEEP: Duration = Duration::from_millis(1);
const LOOKS: u32 = 100;

/// The word of a lock; `me` is never 0 and below 2^31.
#[derive(Debug, Clone, Copy)]
pub(super) struct PutLock<'a>(pub(super) &'a AtomicU32);

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(super) struct PutGuard<'a>(PutLock<'a>);

impl Drop for PutGuard<'_> {
    fn drop(&mut self) {
        self.0.free();
    }
}

impl<'a> PutLock<'a> {
    /// Takes the lock, from a dead holder if need be; `None` when the deadline comes first.
    pub(super) fn take(
        self,
        me: u32,
        deadline: Deadline,
        is_alive: impl Fn(u32) -> bool,
    ) -> Option<PutGuard<'a>> {
        for _ in 0..LOOKS {
            if self.step(FREE, me) {
                return Some(PutGuard(self));
            }
            hint::spin_loop();
        }
        let mut sleep = FIRST_SLEEP;
        loop {
            let word = self.0.load(Ordering::Relaxed);
            if word == FREE {
                // Others may sleep as well: who has slept frees the lock as a contended one.
                if self.step(FREE, me | CONTENDED) {
                    return Some(PutGuard(self));
                }
                continue;
            }
            if word & CONTENDED == 0 && !self.step(word, word | CONTENDED) {
                continue;
            }
            let left = deadline.left()?;
            if futex::wait(self.0, word | CONTENDED, sleep.min(left)) == futex::Woken::TimedOut {
                sleep = (sleep * 2).min(LONGEST_SLEEP);
                if !is_alive(word & !CONTENDED) && self.step(word | CONTENDED, me | CONTENDED) {
                    return Some(PutGuard(self));
                }
            }
        }
    }

    /// Frees the lock if `holder` has it, who is known to be dead: its name is about to be used again.
    pub(super) fn free_from(self, holder: u32) {
        let word = self.0.load(Ordering::Relaxed);
        // Somebody else may find out as well, and take it meanwhile.
        if word & !CONTENDED == holder && self.step(word, FREE) && word & CONTENDED != 0 {
            futex::wake(self.0, 1);
        }
    }

    fn free(self) {
        if self.0.swap(FREE, Ordering::Release) & CONTENDED != 0 {
            futex::wake(self.0, 1);
        }
    }

    fn step(self, from: u32, to: u32) -> bool {
        self.0
            .compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::atomic::AtomicU64, thread};

    #[test]
    fn one_at_a_time_holds_it() {
        let (word, inside, total) = (AtomicU32::new(0), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for me in 1..=4 {
                let (word, inside, total) = (&word, &inside, &total);
                scope.spawn(move || {
                    for _ in 0..20_000 {
                        let held = PutLock(word).take(me, Deadline::NEVER, |_| true);
                        assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                        total.store(total.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                        inside.fetch_sub(1, Ordering::Relaxed);
                        drop(held);
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 80_000);
    }

    #[test]
    fn it_is_taken_over_from_the_dead_and_waited_for_otherwise() {
        let word = AtomicU32::new(0);
        let dead = PutLock(&word).take(1, Deadline::NEVER, |_| true).unwrap();
        std::mem::forget(dead);
        let limit = Deadline::after(Duration::from_millis(5));
        assert!(PutLock(&word).take(2, limit, |_| true).is_none());
        let held = PutLock(&word).take(2, Deadline::NEVER, |holder| holder != 1);
        assert!(held.is_some());
        drop(held);
        assert_eq!(word.load(Ordering::Relaxed), FREE);
    }

    #[test]
    fn a_name_that_is_used_again_holds_no_lock() {
        let word = AtomicU32::new(0);
        std::mem::forget(PutLock(&word).take(1, Deadline::NEVER, |_| true));
        PutLock(&word).free_from(2);
        let limit = Deadline::after(Duration::ZERO);
        assert!(PutLock(&word).take(3, limit, |_| true).is_none());
        PutLock(&word).free_from(1);
        assert!(PutLock(&word).take(3, limit, |_| true).is_some());
    }
}
