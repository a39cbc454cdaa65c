//! Who reads, or has permits: one row for each opening, which names it and counts.
//!
//! Rows lie in lines of memory of their own, so readers do not take a common one from each other. A reader enters itself in its row and then looks for a writer; a writer holds the lock and then looks for
//! readers. One of them sees the other. Entering and being entered is one step, so a reader may be killed at any
//! instruction: its row still says that it reads, and whose row it is, and who waits for it asks the kernel.

use std::{
    hint,
    sync::atomic::{
        Ordering::{Relaxed, SeqCst},
        fence,
    },
    time::Duration,
};

use super::{
    gate::{Deadline, HAS_COMPANY},
    member::{Kind, Member, PAGE_BYTES},
};

/// Where rows begin, a line of memory each: the number of its member, and its count.
pub(crate) const ROWS: usize = PAGE_BYTES;
pub(crate) const ROW_BYTES: usize = 64;
/// How many openings there can be at a time.
pub(crate) const MOST_ROWS: u32 = 1024;
/// No row beyond this one was ever used.
const END: usize = 72;
/// Where a writer sleeps until readers have gone.
const GATE: usize = 128;

const NUMBER_SHIFT: u32 = 32;
const COUNT: u64 = (1 << NUMBER_SHIFT) - 1;
const LOOKS: u32 = 100;

/// A primitive with rows.
pub(crate) const fn kind(name: [u8; 4]) -> Kind {
    Kind {
        name,
        header_bytes: ROWS + ROW_BYTES * MOST_ROWS as usize,
        element: (0, 1),
    }
}

/// Which row is an opening's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row(u32);

/// The rows, as one member sees them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a>(&'a Member);

impl<'a> Rows<'a> {
    #[inline]
    pub(crate) fn of(member: &'a Member) -> Self {
        Self(member)
    }

    /// Makes a row the member's own: one that is nobody's, or one of the dead. There is none in a primitive
    /// without rows; and it is an error when all belong to the living.
    pub(crate) fn enter(member: &Member) -> Result<Option<Row>, ()> {
        if !member.has_rows() {
            return Ok(None);
        }
        let own = u64::from(member.number()) << NUMBER_SHIFT;
        for index in 0..MOST_ROWS {
            let row = member.long(offset(index));
            let word = row.load(Relaxed);
            // Whose row it was may still be entered in it: that ends here.
            let is_free = word == 0 || !member.is_alive(owner(word));
            if is_free && row.compare_exchange(word, own, SeqCst, Relaxed).is_ok() {
                member.word(END).fetch_max(index + 1, SeqCst);
                return Ok(Some(Row(index)));
            }
        }
        Err(())
    }

    /// Gives the row back, unless somebody who has forgotten its guard is still entered.
    pub(crate) fn leave(self, row: Row) {
        let own = u64::from(self.0.number()) << NUMBER_SHIFT;
        let _ = self
            .0
            .long(offset(row.0))
            .compare_exchange(own, 0, SeqCst, Relaxed);
    }

    /// Enters a reader. The look for a writer comes after.
    #[inline]
    pub(crate) fn begin(self, row: Row) {
        self.0.long(offset(row.0)).fetch_add(1, SeqCst);
    }

    /// Takes a reader out again, and tells the writer that waits for it.
    #[inline]
    pub(crate) fn end(self, row: Row) {
        self.0.long(offset(row.0)).fetch_sub(1, SeqCst);
        self.0.gate(GATE).open_after_exchange(1);
    }

    /// Waits until nobody reads; whether that came within the limit. For who holds the writers' lock.
    pub(crate) fn wait_until_gone(self, limit: Option<Duration>) -> bool {
        // Between having become the writer and looking for readers.
        fence(SeqCst);
        if self.are_gone() {
            return true;
        }
        self.wait_for_the_last(limit)
    }

    #[cold]
    fn wait_for_the_last(self, limit: Option<Duration>) -> bool {
        let looks = if *HAS_COMPANY { LOOKS } else { 1 };
        for _ in 0..looks {
            hint::spin_loop();
            if self.are_gone() {
                return true;
            }
        }
        let (deadline, gate) = (Deadline::of(limit), self.0.gate(GATE));
        loop {
            gate.announce();
            if self.are_gone() {
                return true;
            }
            let Some(left) = deadline.left() else {
                return false;
            };
            gate.sleep(left);
            self.take_out_the_dead();
        }
    }

    /// Adds to the count in a row.
    #[inline]
    pub(crate) fn add(self, row: Row, amount: u32) {
        let row = self.0.long(offset(row.0));
        row.fetch_add(u64::from(amount), SeqCst);
    }

    /// Takes from the count in a row, which has so many.
    #[inline]
    pub(crate) fn subtract(self, row: Row, amount: u32) {
        let row = self.0.long(offset(row.0));
        row.fetch_sub(u64::from(amount), SeqCst);
    }

    /// The sum of the counts of the living; the rows of the dead are cleared.
    pub(crate) fn sum_of_living(self) -> u64 {
        self.take_out_the_dead();
        (0..self.end_row())
            .map(|index| self.0.long(offset(index)).load(SeqCst) & COUNT)
            .sum()
    }

    #[inline]
    fn are_gone(self) -> bool {
        (0..self.end_row()).all(|index| self.0.long(offset(index)).load(SeqCst) & COUNT == 0)
    }

    #[cold]
    fn take_out_the_dead(self) {
        for index in 0..self.end_row() {
            let row = self.0.long(offset(index));
            let word = row.load(SeqCst);
            if word != 0 && !self.0.is_alive(owner(word)) {
                let _ = row.compare_exchange(word, 0, SeqCst, Relaxed);
            }
        }
    }

    fn end_row(self) -> u32 {
        self.0.word(END).load(SeqCst).min(MOST_ROWS)
    }
}

fn offset(index: u32) -> usize {
    ROWS + ROW_BYTES * index as usize
}

pub(crate) fn owner(word: u64) -> u32 {
    (word >> NUMBER_SHIFT) as u32
}
