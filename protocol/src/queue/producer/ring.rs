//! Writing into the ring, and its memory: reserved as it is needed, given back when it is not.

use std::{
    ops::Range,
    sync::atomic::Ordering::{Relaxed, Release},
};

use super::{
    super::{
        error::QueueError,
        frame::{self, HEADER_BYTES, Header},
        lock::PutGuard,
        pace::WARM_BYTES,
        position::Position,
    },
    Producer,
};

/// Memory that is kept when the queue has run empty.
const KEPT_BYTES: u64 = 8 << 20;
/// Large enough for any page that a kernel has.
const PAGE_BYTES: u64 = 64 << 10;
/// The ring's memory is reserved in steps of this.
const RESERVE_STEP: u64 = 1 << 20;
/// A frame of so much is worth a system call that maps its memory.
const LARGE_BYTES: u64 = 16 << 10;

impl<T> Producer<T> {
    /// Lets a queue that is empty or nearly so go on at the ring's beginning, once it has left the part that is kept warm.
    pub(super) fn rewind(
        &self,
        _: &PutGuard<'_>,
        at: Position,
        used: u64,
        needed: u64,
    ) -> Result<Position, QueueError> {
        let ring = self.ring_bytes();
        let (layout, offset) = (self.layout(), at.bytes() & (ring - 1));
        let skipped = ring - offset;
        // What is skipped counts as used until the consumer has come past it: at once if it waits, and who knows when if
        // it is at work. So much room there is left until then.
        let is_waiting = layout.is_waiting().load(Relaxed) != 0;
        let far = if used == 0 && is_waiting {
            WARM_BYTES
        } else {
            (ring / 16).max(WARM_BYTES)
        };
        if offset < far || used + skipped + needed > ring {
            return Ok(at);
        }
        self.reserve(at, HEADER_BYTES as u64)?;
        layout.0.write(at.bytes(), &Header::Skip(skipped).encode());
        if used == 0 {
            self.give_back(offset, needed)?;
        }
        Ok(at.plus(0, skipped))
    }

    /// Gives most of an empty ring's memory back, but for what items as large as the next one need, and for the page at
    /// `offset`, where the consumer reads next.
    fn give_back(&self, offset: u64, needed: u64) -> Result<(), QueueError> {
        let (layout, page) = (self.layout(), offset / PAGE_BYTES * PAGE_BYTES);
        let reserved = layout.reserved().load(Relaxed).min(self.ring_bytes());
        let kept = KEPT_BYTES.max((2 * needed).next_multiple_of(RESERVE_STEP));
        if reserved <= kept {
            return Ok(());
        }
        layout.reserved().store(kept, Relaxed);
        let after = (page + PAGE_BYTES).max(kept);
        for (from, to) in [(kept, page), (after, reserved)] {
            if from < to {
                layout.0.release(to_usize(from), to_usize(to))?;
            }
        }
        Ok(())
    }

    /// Writes one frame and lets it count.
    pub(super) fn write(
        &self,
        _: &PutGuard<'_>,
        at: Position,
        header: Header,
        range: Range<usize>,
    ) -> Result<Position, QueueError> {
        let layout = self.layout();
        let taken = frame::ring_bytes(range.len());
        self.reserve(at, taken)?;
        self.map(at, taken);
        let content = self.buffer.bytes.get(range).unwrap_or_default();
        layout.0.write(at.bytes(), &header.encode());
        layout.0.write(at.bytes() + HEADER_BYTES as u64, content);
        let end = at.plus(u64::from(header.ends_item()), taken);
        layout.tail().store(end.word(), Release);
        layout.items_gate().open(1);
        Ok(end)
    }

    /// Maps the memory of a large frame in one go.
    fn map(&self, at: Position, bytes: u64) {
        if bytes < LARGE_BYTES {
            return;
        }
        let layout = self.layout();
        let from = at.bytes() & (self.ring_bytes() - 1);
        let end = (from + bytes).min(self.ring_bytes());
        // What was given back meanwhile is mapped no more.
        let mapped = self
            .mapped
            .load(Relaxed)
            .min(layout.reserved().load(Relaxed));
        if end > mapped {
            layout.0.populate(to_usize(from.max(mapped)), to_usize(end));
            self.mapped.store(end, Relaxed);
        }
    }

    /// Makes sure that there is memory behind the next bytes of the ring.
    fn reserve(&self, at: Position, bytes: u64) -> Result<(), QueueError> {
        let (layout, ring) = (self.layout(), self.ring_bytes());
        let end = (at.bytes() & (ring - 1)) + bytes;
        let reserved = layout.reserved().load(Relaxed).min(ring);
        if end.min(ring) <= reserved {
            return Ok(());
        }
        let target = end.next_multiple_of(RESERVE_STEP).min(ring);
        layout.0.reserve(to_usize(reserved), to_usize(target))?;
        layout.reserved().store(target, Relaxed);
        Ok(())
    }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
