//! How an item lies in the ring: one frame, or several pieces if it is large, each behind a header of eight
//! bytes and filled up to a multiple of eight.
//!
//! A large item is cut so that the consumer copies its beginning while the producer still writes its end. If
//! the producer dies in between, what comes next begins with the mark of a first piece, and the consumer
//! forgets the rest.

use super::position::UNIT;

/// Length of a piece of a large item. It stays in the processor's caches on its way from one to the other.
pub(super) const PIECE_BYTES: usize = 256 << 10;

pub(super) const HEADER_BYTES: usize = 8;

const FIRST: u64 = 1;
const LAST: u64 = 2;
const SKIP: u64 = 4;
const FLAG_BITS: u32 = 3;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// An item of so many bytes.
    Whole(u64),
    /// The first [`PIECE_BYTES`] of an item of so many bytes.
    First(u64),
    /// So many further bytes.
    Middle(u64),
    /// The last bytes of an item.
    Last(u64),
    /// Nothing: so many bytes of the ring are left out, the header included.
    Skip(u64),
}

impl Header {
    pub(super) const fn encode(self) -> [u8; HEADER_BYTES] {
        let (value, flags) = match self {
            Self::Whole(bytes) => (bytes, FIRST | LAST),
            Self::First(total) => (total, FIRST),
            Self::Middle(bytes) => (bytes, 0),
            Self::Last(bytes) => (bytes, LAST),
            Self::Skip(bytes) => (bytes, SKIP),
        };
        (value << FLAG_BITS | flags).to_le_bytes()
    }

    /// `None` for what no producer writes.
    pub(super) const fn decode(bytes: [u8; HEADER_BYTES]) -> Option<Self> {
        let word = u64::from_le_bytes(bytes);
        let value = word >> FLAG_BITS;
        match word & ((1 << FLAG_BITS) - 1) {
            0 => Some(Self::Middle(value)),
            FIRST => Some(Self::First(value)),
            LAST => Some(Self::Last(value)),
            SKIP => Some(Self::Skip(value)),
            word if word == FIRST | LAST => Some(Self::Whole(value)),
            _ => None,
        }
    }

    /// How many bytes of an item follow the header.
    pub(super) const fn content_bytes(self) -> u64 {
        match self {
            Self::Whole(bytes) | Self::Middle(bytes) | Self::Last(bytes) => bytes,
            Self::First(_) => PIECE_BYTES as u64,
            Self::Skip(_) => 0,
        }
    }

    /// How many bytes of the ring the frame takes, `None` if more than can be counted.
    pub(super) const fn frame_bytes(self) -> Option<u64> {
        match self {
            Self::Skip(bytes) => Some(bytes),
            other => match other.content_bytes().checked_add(HEADER_BYTES as u64) {
                Some(bytes) => bytes.checked_next_multiple_of(UNIT as u64),
                None => None,
            },
        }
    }

    /// Whether an item ends here.
    pub(super) const fn ends_item(self) -> bool {
        matches!(self, Self::Whole(_) | Self::Last(_))
    }
}

/// The pieces of an item of so many bytes: header, and the range of its bytes.
pub(super) fn pieces(length: usize) -> impl Iterator<Item = (Header, std::ops::Range<usize>)> {
    let count = length.div_ceil(PIECE_BYTES).max(1);
    (0..count).map(move |index| {
        let from = index * PIECE_BYTES;
        let to = length.min(from + PIECE_BYTES);
        let bytes = (to - from) as u64;
        let header = match (index == 0, index + 1 == count) {
            (true, true) => Header::Whole(bytes),
            (true, false) => Header::First(length as u64),
            (false, true) => Header::Last(bytes),
            (false, false) => Header::Middle(bytes),
        };
        (header, from..to)
    })
}

/// How many bytes of the ring an item of so many bytes takes.
pub(super) fn ring_bytes(length: usize) -> u64 {
    let count = length.div_ceil(PIECE_BYTES).max(1);
    // All pieces but the last are a multiple of the unit long.
    (length + count * HEADER_BYTES).next_multiple_of(UNIT) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_cover_an_item_and_take_what_was_said(length in 0..5 * PIECE_BYTES) {
            let pieces: Vec<_> = pieces(length).collect();
            let mut at = 0;
            for (header, range) in &pieces {
                prop_assert_eq!(range.start, at);
                prop_assert_eq!(header.content_bytes(), range.len() as u64);
                prop_assert_eq!(Header::decode(header.encode()), Some(*header));
                at = range.end;
            }
            prop_assert_eq!(at, length);
            let taken: u64 = pieces.iter().filter_map(|(header, _)| header.frame_bytes()).sum();
            prop_assert_eq!(taken, ring_bytes(length));
            prop_assert_eq!(pieces.iter().filter(|(header, _)| header.ends_item()).count(), 1);
        }

        #[test]
        fn any_header_is_decoded_or_refused_without_a_panic(bytes: [u8; 8]) {
            if let Some(header) = Header::decode(bytes) {
                let _ = header.frame_bytes();
                prop_assert_eq!(header.encode(), bytes);
            }
        }
    }
}
