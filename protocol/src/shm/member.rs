//! One opening of a primitive's arena: its memory, and a number that nobody else ever had or will have.
//!
//! Words of shared memory name their holder by that number. It is alive as long as its file lock is held
//! (`presence.rs`), and because numbers are given out once, a word that names a dead member changes only by the
//! hand of who has found it dead: there is no moment in which the dead could be taken for a successor.

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use super::{Address, Arena, ArenaError, gate::Gate, presence};

const MAGIC: u64 = u64::from_le_bytes(*b"BRGSYNC1");

/// How many times one primitive can be opened.
pub(crate) const MOST_OPENINGS: u32 = (1 << 29) - 1;

/// The words of a primitive; the first 64 bytes are alike for all. Some have rows behind them.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Why a primitive could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// It is not there any more.
    Gone,
    /// What is there is something else.
    Other,
    /// It has been opened too often.
    Crowded,
}

/// What a primitive is: those who open it have to expect the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Which primitive.
    pub(crate) name: [u8; 4],
    /// Bytes of words.
    pub(crate) header_bytes: usize,
    /// Size and alignment of what it guards, or of one element of that.
    pub(crate) element: (u32, u32),
}

impl Kind {
    /// A primitive with a page of words and no data.
    pub(crate) const fn small(name: [u8; 4]) -> Self {
        Self {
            name,
            header_bytes: PAGE_BYTES,
            element: (0, 1),
        }
    }

    /// The same for data of this element.
    pub(crate) const fn of(mut self, size: usize, alignment: usize) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is compared with itself only"
        )]
        {
            self.element = (size as u32, alignment as u32);
        }
        self
    }
}

/// One opening of a primitive.
#[derive(Debug)]
pub(crate) struct Member {
    arena: Arena,
    number: u32,
    /// Whether there are further words behind those of the first page.
    has_rows: bool,
}

impl Member {
    /// Makes a primitive with so many bytes of data, which `describe` fills, as its words.
    pub(crate) fn create(
        kind: Kind,
        data_bytes: usize,
        describe: impl FnOnce(&Self),
    ) -> Result<Self, ArenaError> {
        let room = data_bytes
            .max(1)
            .checked_next_power_of_two()
            .ok_or(ArenaError::NotAnArena)?;
        let arena = Arena::create("brigade-sync", kind.header_bytes, room)?;
        arena.reserve(0, data_bytes.max(1))?;
        let has_rows = kind.header_bytes > PAGE_BYTES;
        let member = Self {
            arena,
            number: 1,
            has_rows,
        };
        let [size, alignment] = [kind.element.0, kind.element.1].map(u64::from);
        member.long(8).store(fastrand::u64(..), Relaxed);
        member
            .word(16)
            .store(u32::from_le_bytes(kind.name), Relaxed);
        member.word(20).store(2, Relaxed);
        member.long(24).store(data_bytes as u64, Relaxed);
        member.long(32).store(size << 32 | alignment, Relaxed);
        describe(&member);
        presence::hold(member.arena.fd(), member.number);
        member.long(0).store(MAGIC, Release);
        Ok(member)
    }

    /// Opens a primitive of this kind.
    pub(crate) fn open(kind: Kind, address: Address) -> Result<Self, OpenError> {
        let arena =
            Arena::open(&address.path(), kind.header_bytes).map_err(|error| match error {
                ArenaError::Os { .. } => OpenError::Gone,
                ArenaError::NotAnArena => OpenError::Other,
            })?;
        let mut member = Self {
            arena,
            number: 0,
            has_rows: kind.header_bytes > PAGE_BYTES,
        };
        let [size, alignment] = [kind.element.0, kind.element.1].map(u64::from);
        if member.long(0).load(Acquire) != MAGIC || member.long(8).load(Relaxed) != address.id {
            return Err(OpenError::Gone);
        }
        let fits = member.word(16).load(Relaxed) == u32::from_le_bytes(kind.name)
            && member.long(32).load(Relaxed) == size << 32 | alignment
            && member.data_bytes() <= member.arena.ring_bytes();
        if !fits {
            return Err(OpenError::Other);
        }
        let next = |number| (number < MOST_OPENINGS).then_some(number + 1);
        member.number = member
            .word(20)
            .fetch_update(Relaxed, Relaxed, next)
            .map_err(|_| OpenError::Crowded)?;
        if !presence::hold(member.arena.fd(), member.number) {
            return Err(OpenError::Crowded);
        }
        Ok(member)
    }

    /// The number that words name it by; never 0.
    #[inline]
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// Whether the member with this number is still there: it has not been closed, and its process lives.
    pub(crate) fn is_alive(&self, number: u32) -> bool {
        number == self.number || presence::is_held(self.arena.fd(), number)
    }

    /// Where others find it.
    pub(crate) fn address(&self) -> Address {
        Address::of(self.arena.fd(), self.long(8).load(Relaxed))
    }

    /// Whether there are further words behind those of the first page.
    pub(crate) const fn has_rows(&self) -> bool {
        self.has_rows
    }

    /// The bytes of its data.
    pub(crate) fn data_bytes(&self) -> usize {
        usize::try_from(self.long(24).load(Relaxed)).unwrap_or(usize::MAX)
    }

    #[inline]
    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }

    #[inline]
    pub(crate) fn word(&self, offset: usize) -> &AtomicU32 {
        self.arena.word(offset)
    }

    #[inline]
    pub(crate) fn long(&self, offset: usize) -> &AtomicU64 {
        self.arena.long_word(offset)
    }

    pub(crate) fn gate(&self, offset: usize) -> Gate<'_> {
        Gate(self.arena.word(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind::small(*b"test");

    #[test]
    fn every_opening_has_a_number_of_its_own_and_lives_until_it_is_dropped() {
        let first = Member::create(KIND, 8, |_| ()).unwrap();
        let second = Member::open(KIND, first.address()).unwrap();
        let third = Member::open(KIND, second.address()).unwrap();
        assert_eq!([first.number(), second.number(), third.number()], [1, 2, 3]);
        assert!(first.is_alive(2) && third.is_alive(2) && third.is_alive(3));
        drop(second);
        assert!(!first.is_alive(2) && !third.is_alive(2));
        let fourth = Member::open(KIND, first.address()).unwrap();
        assert_eq!(fourth.number(), 4);
        assert!(!first.is_alive(2));
    }

    #[test]
    fn what_is_something_else_is_not_opened() {
        let first = Member::create(KIND, 8, |_| ()).unwrap();
        let address = first.address();
        let open = |kind, address| Member::open(kind, address).map(|_| ());
        assert_eq!(open(Kind::small(*b"tset"), address), Err(OpenError::Other));
        assert_eq!(open(KIND.of(4, 4), address), Err(OpenError::Other));
        let strange = Address {
            id: !address.id,
            ..address
        };
        assert_eq!(open(KIND, strange), Err(OpenError::Gone));
        drop(first);
        assert!(open(KIND, address).is_err());
    }

    #[test]
    fn there_is_an_end_to_the_numbers() {
        let first = Member::create(KIND, 0, |_| ()).unwrap();
        first.word(20).store(MOST_OPENINGS, Relaxed);
        let opened = Member::open(KIND, first.address());
        assert_eq!(opened.map(|_| ()), Err(OpenError::Crowded));
    }
}
