//! Memory for an encoded item that serves for the next one.

/// So much is always kept.
const KEPT_BYTES: usize = 4 << 20;
/// So much is kept while items are that large.
const MOST_KEPT_BYTES: usize = 64 << 20;
/// After so many items that took a quarter of it or less, the rest is given back.
const SMALL_ITEMS: u32 = 16;

/// Memory that grows with the items. Clearing that of a large one takes longer than copying it.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    pub(super) bytes: Vec<u8>,
    small: u32,
}

impl Reuse {
    /// Forgets the item that is in there.
    pub(super) fn clear(&mut self) {
        let (used, capacity) = (self.bytes.len(), self.bytes.capacity());
        self.bytes.clear();
        if capacity <= KEPT_BYTES {
            return;
        }
        self.small = if used <= capacity / 4 {
            self.small + 1
        } else {
            0
        };
        if capacity > MOST_KEPT_BYTES || self.small >= SMALL_ITEMS {
            self.bytes.shrink_to(KEPT_BYTES);
            self.small = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_while_items_are_large_and_given_back_when_they_are_small() {
        let mut reuse = Reuse::default();
        let mut put = |bytes: usize| {
            reuse.bytes.resize(bytes, 0);
            reuse.clear();
            reuse.bytes.capacity()
        };
        assert!(put(32 << 20) >= 32 << 20);
        for _ in 1..SMALL_ITEMS {
            assert!(put(9) >= 32 << 20);
        }
        assert!(put(30 << 20) >= 32 << 20);
        for _ in 1..SMALL_ITEMS {
            put(9);
        }
        assert!(put(9) <= KEPT_BYTES);
        assert!(put(65 << 20) <= KEPT_BYTES);
    }
}
