//! The worker's end of the outbox: results gathered in the lane until they are worth a write.
//!
//! Whatever has been added survives the process. The results of a chunk's tasks share a frame, which grows as they
//! come: while it is open its length is 0, which no finished frame has, and it reaches to the end of what counts.

use super::lane::{Lane, OUTBOX_BYTES};
use crate::frame::HEADER_BYTES;

/// The worker's end of the outbox.
#[derive(Debug)]
pub struct Outbox {
    lane: Lane,
    length: usize,
    /// Where the open frame begins.
    open: Option<usize>,
}

impl Outbox {
    pub(super) fn new(lane: Lane) -> Self {
        Self {
            lane,
            length: 0,
            open: None,
        }
    }

    /// Adds whole frames, or says `false` when there is no room.
    #[must_use]
    pub fn push(&mut self, frames: &[u8]) -> bool {
        self.close();
        self.append(&[frames])
    }

    /// Opens a frame whose content begins with `header` and an `item`, or says `false` when there is no room.
    #[must_use]
    pub fn open_frame(&mut self, header: &[u8], item: &[u8]) -> bool {
        self.close();
        let start = self.length;
        let is_added = self.append(&[&[0; HEADER_BYTES], header, &item_length(item), item]);
        self.open = is_added.then_some(start);
        is_added
    }

    /// Adds an item, after its length as a `u32`, to the open frame. Says `false` when none is open or there is no
    /// room.
    #[must_use]
    pub fn extend_frame(&mut self, item: &[u8]) -> bool {
        self.open.is_some() && self.append(&[&item_length(item), item])
    }

    /// Closes the frame that is open, if any.
    fn close(&mut self) {
        if let Some(start) = self.open.take() {
            let length = length_of(self.length - start - HEADER_BYTES);
            self.lane.write_outbox(start, &length);
        }
    }

    /// Closes the frame that is open, and returns what is to be written to the pipe.
    #[must_use]
    pub fn pending(&mut self) -> &[u8] {
        self.close();
        self.lane.read_outbox(self.length)
    }

    /// How many bytes are to be written to the pipe.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.length
    }

    /// Forgets what was pending, after it has been written.
    pub fn clear(&mut self) {
        self.open = None;
        self.length = 0;
        self.lane.commit_outbox(0);
    }

    /// Adds pieces that count together or not at all.
    fn append(&mut self, pieces: &[&[u8]]) -> bool {
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        if total > OUTBOX_BYTES - self.length {
            return false;
        }
        for piece in pieces {
            self.lane.write_outbox(self.length, piece);
            self.length += piece.len();
        }
        self.lane.commit_outbox(self.length);
        true
    }
}

/// Lets a frame that its dead writer left open reach to the end.
pub(super) fn close_open_frame(frames: &mut [u8]) {
    let mut rest = frames;
    while let Some((header, content)) = rest.split_first_chunk_mut::<HEADER_BYTES>() {
        if *header == [0; HEADER_BYTES] {
            *header = length_of(content.len());
            return;
        }
        let length = u32::from_le_bytes(*header) as usize;
        let Some((_, later)) = content.split_at_mut_checked(length) else {
            return;
        };
        rest = later;
    }
}

fn item_length(item: &[u8]) -> [u8; HEADER_BYTES] {
    length_of(item.len())
}

/// As it stands on the wire. What is too long for it is too long for the outbox as well.
fn length_of(length: usize) -> [u8; HEADER_BYTES] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair() -> (Lane, Lane) {
        let (master, fd) = Lane::create().unwrap();
        (master, Lane::attach(&fd).unwrap())
    }

    #[test]
    fn what_was_pushed_is_left_over_until_it_is_cleared() {
        let (master, worker) = pair();
        let mut outbox = worker.outbox();
        assert!(outbox.push(b"one") && outbox.push(b"two"));
        assert_eq!(outbox.pending(), b"onetwo");
        assert_eq!(master.leftover(), b"onetwo");
        outbox.clear();
        assert_eq!(master.leftover(), b"");
    }

    #[test]
    fn a_full_outbox_says_so_and_keeps_what_it_has() {
        let (master, worker) = pair();
        let mut outbox = worker.outbox();
        assert!(outbox.push(&vec![1; OUTBOX_BYTES - 1]));
        assert!(!outbox.push(&[2, 2]));
        assert!(outbox.push(&[3]));
        assert_eq!(master.leftover().len(), OUTBOX_BYTES);
    }

    #[test]
    fn a_frame_left_open_by_a_death_has_all_items_that_were_added() {
        let (master, worker) = pair();
        let mut outbox = worker.outbox();
        assert!(!outbox.extend_frame(b"x"), "none is open");
        assert!(outbox.push(b"\x01\0\0\0h"));
        assert!(
            outbox.open_frame(b"head", b"ab")
                && outbox.extend_frame(b"")
                && outbox.extend_frame(b"c")
        );
        let whole = b"\x01\0\0\0h\x13\0\0\0head\x02\0\0\0ab\0\0\0\0\x01\0\0\0c";
        assert_eq!(master.leftover(), whole);
        assert_eq!(outbox.pending(), whole);
        assert_eq!(master.leftover(), whole);
    }

    #[test]
    fn what_comes_after_an_open_frame_closes_it() {
        let (master, worker) = pair();
        let mut outbox = worker.outbox();
        assert!(outbox.open_frame(b"h", b"a") && outbox.push(b"\x01\0\0\0n"));
        assert_eq!(master.leftover(), b"\x06\0\0\0h\x01\0\0\0a\x01\0\0\0n");
        assert!(outbox.open_frame(b"i", b""));
        assert_eq!(outbox.pending_bytes(), 24);
        outbox.clear();
        assert!(!outbox.extend_frame(b"x"));
        assert_eq!(master.leftover(), b"");
    }

    #[test]
    fn an_item_without_room_leaves_the_frame_as_it_was() {
        let (master, worker) = pair();
        let mut outbox = worker.outbox();
        assert!(outbox.open_frame(b"h", b"a"));
        let before = master.leftover();
        assert!(!outbox.extend_frame(&vec![0; OUTBOX_BYTES]));
        assert_eq!(master.leftover(), before);
    }

    proptest! {
        #[test]
        fn whatever_a_dying_worker_left_is_walked_without_a_panic(mut bytes: Vec<u8>) {
            close_open_frame(&mut bytes);
        }
    }
}
