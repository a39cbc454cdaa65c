//! What lies in shared memory of a barrier, and how it is changed.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use crate::shm::{
    futex,
    lock::{Held, Lock},
    member::Member,
    rows::{self, MOST_ROWS, ROW_BYTES, ROWS},
};

/// The lock of the words below and of the rows. It is held for some instructions at a time.
const LOCK: usize = 64;
/// Which round it is; parties sleep here.
pub(super) const ROUND: usize = 128;
/// Whether it is broken, in the lowest bit; above it, how many times it was reset.
const STATE: usize = 132;
/// How many parties there are.
pub(super) const PARTIES: usize = 136;

/// The mark of a barrier that is broken.
pub(super) const BROKEN: u32 = 1;

/// The words of a barrier. A row names its party, and the round that it waits for the end of; the parties of earlier
/// rounds are entered with the present one.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(pub(super) &'a Member);

impl<'a> Words<'a> {
    /// The turn of who changes the words. Somebody who died in the middle of that may have left anything: then the
    /// barrier is broken.
    pub(super) fn turn(self) -> Option<Held<'a>> {
        let turn = Lock::at(self.0, LOCK).take(None);
        if let Some(turn) = turn.as_ref().filter(|turn| turn.is_marked()) {
            self.smash();
            turn.mend();
        }
        turn
    }

    pub(super) fn parties(self) -> u32 {
        self.0.word(PARTIES).load(Relaxed)
    }

    pub(super) fn round(self) -> u32 {
        self.0.word(ROUND).load(SeqCst)
    }

    pub(super) fn state(self) -> u32 {
        self.0.word(STATE).load(SeqCst)
    }

    pub(super) fn is_broken(self) -> bool {
        self.state() & BROKEN != 0
    }

    pub(super) fn rows(self) -> std::ops::Range<u32> {
        0..self.parties().min(MOST_ROWS)
    }

    pub(super) fn row(self, row: u32) -> u64 {
        self.0.long(ROWS + ROW_BYTES * row as usize).load(Acquire)
    }

    pub(super) fn enter(self, row: u32, round: u32) {
        let word = u64::from(self.0.number()) << 32 | u64::from(round);
        self.put(row, word);
    }

    pub(super) fn leave(self, row: u32) {
        self.put(row, 0);
    }

    pub(super) fn put(self, row: u32, word: u64) {
        let row = self.0.long(ROWS + ROW_BYTES * row as usize);
        row.store(word, Release);
    }

    /// How many wait for the end of the round.
    pub(super) fn arrived(self) -> u32 {
        let next = u64::from(self.round().wrapping_add(1));
        let has_come = |row: &u32| {
            let word = self.row(*row);
            word != 0 && word & u64::from(u32::MAX) == next
        };
        count(self.rows().filter(has_come))
    }

    /// How many parties are not open.
    pub(super) fn missing(self) -> u32 {
        count(self.rows().filter(|row| self.row(*row) == 0))
    }

    pub(super) fn is_dead(self, row: u32) -> bool {
        let word = self.row(row);
        word != 0 && !self.0.is_alive(rows::owner(word))
    }

    pub(super) fn has_dead(self) -> bool {
        self.rows().any(|row| self.is_dead(row))
    }

    /// Breaks the barrier if a party has died, whose row is free then.
    pub(super) fn bury_the_dead(self) {
        for row in self.rows().filter(|row| self.is_dead(*row)) {
            self.smash();
            self.leave(row);
        }
    }

    /// Breaks the barrier. For who has the turn.
    pub(super) fn smash(self) {
        self.0.word(STATE).fetch_or(BROKEN, SeqCst);
        futex::wake(self.0.word(ROUND), u32::MAX);
    }

    pub(super) fn reset(self) {
        let turn = self.turn();
        // Broken until the end, so that who dies in between leaves it broken.
        self.smash();
        self.bury_the_dead();
        for row in self.rows().filter(|row| self.row(*row) != 0) {
            let party = self.row(row) >> 32 << 32;
            self.put(row, party | u64::from(self.round()));
        }
        let state = self.state() & !BROKEN;
        self.0.word(STATE).store(state.wrapping_add(2), SeqCst);
        drop(turn);
        futex::wake(self.0.word(ROUND), u32::MAX);
    }
}

fn count(rows: impl Iterator<Item = u32>) -> u32 {
    u32::try_from(rows.count()).unwrap_or(u32::MAX)
}
