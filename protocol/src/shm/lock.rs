//! A lock whose holder the kernel knows, so that it does not outlive who holds it.
//!
//! One word of 32 bits says all: who holds it, by the number of its member, and three marks.
//!
//! * Taking a free lock and recording who has it is one compare-and-swap. There is no moment between the two in
//!   which a process could be killed.
//! * Who waits sleeps at the word (a futex), for 50 ms at most; then it asks the kernel whether the holder lives.
//!   If it does not, the lock is taken over, with a compare-and-swap from the very word that names the dead. Numbers
//!   are never given out again, so that word can mean nobody else.
//! * A waiter that is killed after it was woken, and before it has taken the lock, costs the others the rest of
//!   their 50 ms, and no more.
//! * Who is stopped is alive: it is waited for, up to the time limit of who waits.

use std::{
    hint,
    sync::atomic::{
        AtomicU32,
        Ordering::{Acquire, Relaxed, Release, SeqCst},
    },
    time::{Duration, Instant},
};

use super::{
    futex,
    gate::{Deadline, HAS_COMPANY, LONGEST_SLEEP},
    member::{MOST_OPENINGS, Member},
};

const FREE: u32 = 0;
/// The bits that name the holder.
const HOLDER: u32 = MOST_OPENINGS;
/// Somebody has waited for long: who has not slept yet lets others go first.
const HURRY: u32 = 1 << 29;
/// A holder died, and nobody has said since that what the lock guards is sound.
const MARKED: u32 = 1 << 30;
/// Somebody may sleep until the lock is free.
const CONTENDED: u32 = 1 << 31;

const LOOKS: u32 = 100;
/// The first sleep; then twice as long each time.
const FIRST_SLEEP: Duration = Duration::from_millis(1);
/// From here on a waiter is in a hurry.
const PATIENCE: Duration = Duration::from_millis(2);

/// A word that is a lock, for one member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lock<'a> {
    word: &'a AtomicU32,
    member: &'a Member,
    /// Whether its holder was changing something: then its death leaves the mark. Without it, it always does.
    dirty: Option<&'a AtomicU32>,
}

/// Holds a lock until it is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a>(Lock<'a>);

impl<'a> Lock<'a> {
    /// The lock at this offset of the member's arena.
    #[inline]
    pub(crate) fn at(member: &'a Member, offset: usize) -> Self {
        Self {
            word: member.word(offset),
            member,
            dirty: None,
        }
    }

    /// The same, with a word that is not 0 while the holder changes what is guarded.
    #[inline]
    pub(crate) fn with_dirty(self, offset: usize) -> Self {
        let dirty = Some(self.member.word(offset));
        Self { dirty, ..self }
    }

    /// Takes the lock, from a dead holder if need be; `None` when it could not be had within the limit.
    #[inline]
    pub(crate) fn take(self, limit: Option<Duration>) -> Option<Held<'a>> {
        if self.step(FREE, self.member.number()) {
            return Some(Held(self));
        }
        self.wait(limit)
    }

    /// Takes the lock if it is free, or its holder dead.
    #[inline]
    pub(crate) fn try_take(self) -> Option<Held<'a>> {
        if self.step(FREE, self.member.number()) {
            return Some(Held(self));
        }
        self.try_slowly()
    }

    /// The number of the member that holds it.
    pub(crate) fn holder(self) -> Option<u32> {
        Some(self.word.load(SeqCst) & HOLDER).filter(|holder| *holder != FREE)
    }

    /// Whether it is marked.
    pub(crate) fn is_marked(self) -> bool {
        self.word.load(Acquire) & MARKED != 0
    }

    #[cold]
    fn try_slowly(self) -> Option<Held<'a>> {
        loop {
            let word = self.word.load(Relaxed);
            if word & HOLDER == FREE {
                if self.step(word, word | self.member.number()) {
                    return Some(Held(self));
                }
            } else if self.member.is_alive(word & HOLDER) {
                return None;
            } else if let Some(held) = self.take_over(word) {
                return Some(held);
            }
        }
    }

    #[cold]
    fn wait(self, limit: Option<Duration>) -> Option<Held<'a>> {
        if let Some(held) = self.look() {
            return Some(held);
        }
        let (deadline, began) = (Deadline::of(limit), Instant::now());
        let (mut sleep, mut has_slept, mut hurry) = (FIRST_SLEEP, false, 0);
        loop {
            let word = self.word.load(Relaxed);
            // Who has just come lets those who are in a hurry go first.
            if word & HOLDER == FREE && (word & HURRY == 0 || has_slept) {
                // Others may sleep as well: who has slept frees the lock as a contended one.
                let taken = word & MARKED | self.member.number() | CONTENDED;
                if self.step(word, taken) {
                    return Some(Held(self));
                }
                continue;
            }
            let slept_at = word | CONTENDED | hurry;
            if slept_at != word && !self.step(word, slept_at) {
                continue;
            }
            let Some(left) = deadline.left() else {
                return self.try_slowly();
            };
            let woken = futex::wait(self.word, slept_at, sleep.min(left));
            has_slept = true;
            if began.elapsed() > PATIENCE {
                hurry = HURRY;
            }
            if woken == futex::Woken::TimedOut {
                sleep = (sleep * 2).min(LONGEST_SLEEP);
                let holder = slept_at & HOLDER;
                if holder != FREE
                    && !self.member.is_alive(holder)
                    && let Some(held) = self.take_over(slept_at)
                {
                    return Some(held);
                }
            }
        }
    }

    /// Looks for a while whether the lock becomes free, as it does when its holder is at work on another core.
    fn look(self) -> Option<Held<'a>> {
        let looks = if *HAS_COMPANY { LOOKS } else { 1 };
        for _ in 0..looks {
            let word = self.word.load(Relaxed);
            if word & (HOLDER | HURRY) == FREE && self.step(word, word | self.member.number()) {
                return Some(Held(self));
            }
            // With somebody asleep it will not be free for long.
            if word & CONTENDED != 0 {
                return None;
            }
            hint::spin_loop();
        }
        None
    }

    /// Takes the lock from the dead holder that `word` names, unless somebody else has.
    fn take_over(self, word: u32) -> Option<Held<'a>> {
        // The dead change nothing any more, and nobody else does before the lock is theirs.
        let was_changing = self.dirty.is_none_or(|dirty| dirty.load(Acquire) != 0);
        let mark = if was_changing { MARKED } else { word & MARKED };
        let taken = self.member.number() | mark | CONTENDED;
        self.step(word, taken).then_some(Held(self))
    }

    #[inline]
    fn step(self, from: u32, to: u32) -> bool {
        self.word
            .compare_exchange(from, to, Acquire, Relaxed)
            .is_ok()
    }

    #[inline]
    fn free(self) {
        let held = self.member.number();
        let freed = self
            .word
            .compare_exchange(held, FREE, Release, Relaxed)
            .is_ok();
        if !freed {
            self.free_slowly();
        }
    }

    #[cold]
    fn free_slowly(self) {
        let word = self.word.fetch_and(MARKED | HURRY, Release);
        if word & CONTENDED != 0 {
            futex::wake(self.word, 1);
        }
    }
}

impl Held<'_> {
    /// Whether a holder died, and nobody has said since that what is guarded is sound.
    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.0.is_marked()
    }

    /// Says that what is guarded may be unsound.
    pub(crate) fn mark(&self) {
        self.0.word.fetch_or(MARKED, Relaxed);
    }

    /// Says that what is guarded is sound.
    pub(crate) fn mend(&self) {
        self.0.word.fetch_and(!MARKED, Relaxed);
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.free();
    }
}

#[cfg(test)]
mod tests;
