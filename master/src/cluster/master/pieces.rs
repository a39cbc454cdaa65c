//! Outputs that came in pieces, because a message of the server is smaller.

use std::collections::HashMap;

/// Which output: chunk, attempt, host, and index in the chunk.
pub(super) type Key = (u64, u32, String, u32);

/// The most pieces of an output.
const MOST: u32 = 1 << 16;

#[derive(Debug, Default)]
pub(super) struct Pieces {
    open: HashMap<Key, Vec<Option<Vec<u8>>>>,
}

impl Pieces {
    /// Takes a piece; the whole output once all are there. What does not add up is dropped.
    pub(super) fn take(
        &mut self,
        key: &Key,
        (piece, pieces): (u32, u32),
        bytes: Vec<u8>,
        limit_bytes: u64,
    ) -> Option<Vec<u8>> {
        if pieces > MOST || piece >= pieces {
            return None;
        }
        let parts = self
            .open
            .entry(key.clone())
            .or_insert_with(|| vec![None; pieces as usize]);
        *parts.get_mut(piece as usize)? = Some(bytes);
        let held: usize = parts.iter().flatten().map(Vec::len).sum();
        if held as u64 > limit_bytes {
            self.open.remove(key);
            return None;
        }
        if parts.iter().any(Option::is_none) {
            return None;
        }
        let parts = self.open.remove(key)?;
        Some(parts.into_iter().flatten().flatten().collect())
    }

    /// Forgets what came of a chunk that is done.
    pub(super) fn forget(&mut self, chunk: u64) {
        self.open.retain(|key, _| key.0 != chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_in_any_order_and_more_than_once() {
        let mut pieces = Pieces::default();
        let key = || (1, 1, "host".to_owned(), 0);
        assert_eq!(pieces.take(&key(), (1, 2), vec![3], 10), None);
        assert_eq!(pieces.take(&key(), (1, 2), vec![3], 10), None);
        assert_eq!(
            pieces.take(&key(), (0, 2), vec![1, 2], 10),
            Some(vec![1, 2, 3])
        );
        assert!(pieces.open.is_empty());
    }

    #[test]
    fn what_does_not_add_up_is_dropped() {
        let mut pieces = Pieces::default();
        let key = || (1, 1, "host".to_owned(), 0);
        for (piece, all) in [(2, 2), (0, 0), (0, u32::MAX)] {
            assert_eq!(pieces.take(&key(), (piece, all), vec![1], 10), None);
        }
        assert_eq!(pieces.take(&key(), (0, 2), vec![0; 11], 10), None);
        assert!(pieces.open.is_empty(), "too large");
        assert_eq!(pieces.take(&key(), (0, 2), vec![0], 10), None);
        pieces.forget(1);
        assert!(pieces.open.is_empty());
    }
}
