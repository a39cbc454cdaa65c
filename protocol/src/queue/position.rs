//! How far a queue has been written or read: two counters in one word, so that both change at once or, if
//! their writer is killed, not at all.

/// Bits of the counter of bytes, which counts units of eight.
const UNIT_BITS: u32 = 36;
const UNIT_MASK: u64 = (1 << UNIT_BITS) - 1;
/// Bits of the counter of items.
const ITEM_MASK: u64 = (1 << (64 - UNIT_BITS)) - 1;

/// Every frame begins at a multiple of so many bytes.
pub(super) const UNIT: usize = 8;

/// The most items that may be in a queue: half of what the counter can tell apart.
pub(super) const MOST_ITEMS: u64 = ITEM_MASK / 2;

/// The largest ring: half of what the counter can tell apart.
pub(super) const MOST_BYTES: u64 = (UNIT_MASK / 2 + 1) * UNIT as u64;

/// Items and bytes that have passed since the queue was made, each modulo its counter's range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position(u64);

impl Position {
    pub(super) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(super) const fn word(self) -> u64 {
        self.0
    }

    /// The items alone, to be compared with [`distance`].
    pub(super) const fn items(self) -> u64 {
        self.0 >> UNIT_BITS
    }

    /// Where in the ring, modulo anything up to its largest size.
    pub(super) const fn bytes(self) -> u64 {
        (self.0 & UNIT_MASK) * UNIT as u64
    }

    /// This many items and bytes further; the bytes are a multiple of [`UNIT`].
    pub(super) const fn plus(self, items: u64, bytes: u64) -> Self {
        let units = (self.0 & UNIT_MASK).wrapping_add(bytes / UNIT as u64) & UNIT_MASK;
        let items = self.items().wrapping_add(items) & ITEM_MASK;
        Self(items << UNIT_BITS | units)
    }

    /// How many items this is ahead of another position.
    pub(super) const fn items_since(self, earlier: Self) -> u64 {
        distance(self.items(), earlier.items())
    }

    /// How many bytes this is ahead of another position.
    pub(super) const fn bytes_since(self, earlier: Self) -> u64 {
        ((self.0 & UNIT_MASK).wrapping_sub(earlier.0 & UNIT_MASK) & UNIT_MASK) * UNIT as u64
    }
}

/// How far one counter of items is ahead of another.
pub(super) const fn distance(later: u64, earlier: u64) -> u64 {
    later.wrapping_sub(earlier) & ITEM_MASK
}

/// One more on a counter of items.
pub(super) const fn next(items: u64) -> u64 {
    items.wrapping_add(1) & ITEM_MASK
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn counters_wrap_without_touching_each_other(
            start: u64,
            items in 0..=MOST_ITEMS,
            units in 0..=MOST_BYTES / UNIT as u64,
        ) {
            let start = Position::from_word(start);
            let end = start.plus(items, units * UNIT as u64);
            prop_assert_eq!(end.items_since(start), items);
            prop_assert_eq!(end.bytes_since(start), units * UNIT as u64);
            prop_assert_eq!(Position::from_word(end.word()), end);
        }
    }
}
