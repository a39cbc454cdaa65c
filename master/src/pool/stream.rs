//! The outcomes of a map until its consumer takes them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Mutex,
    thread::Thread,
};

use super::{
    outcome::{Awaited, Outcome, lock},
    ready::{Block, Piece, Ready},
    wakes::Wakes,
};

/// Holds the outcomes of a map until its consumer takes them: in the order of the inputs, or as they come.
#[derive(Debug)]
pub(crate) struct Stream {
    is_ordered: bool,
    inner: Mutex<StreamInner>,
}

#[derive(Debug, Default)]
struct StreamInner {
    /// Ordered: the position of the next outcome to be yielded.
    first: u64,
    /// Ordered: the outcomes from `first` on, as far as they came by themselves.
    waiting: VecDeque<Option<Outcome>>,
    /// Ordered: those that came in blocks, by the position of their first.
    blocks: BTreeMap<u64, Block>,
    /// Unordered: what has come.
    ready: Vec<Piece>,
    waiter: Option<Thread>,
}

impl StreamInner {
    /// Ordered: what comes next, if it is here.
    fn pop(&mut self) -> Option<Piece> {
        if let Some(entry) = self.blocks.first_entry()
            && *entry.key() == self.first
        {
            let block = entry.remove();
            self.first += block.count();
            // Places that were kept for these while later outcomes came by themselves.
            let count = usize::try_from(block.count()).unwrap_or(usize::MAX);
            self.waiting.drain(..count.min(self.waiting.len()));
            return Some(Piece::Block(block));
        }
        let outcome = self.waiting.front_mut()?.take()?;
        self.waiting.pop_front();
        self.first += 1;
        Some(Piece::One(self.first - 1, outcome))
    }

    /// Ordered: whether what comes next is here.
    fn has_next(&self) -> bool {
        self.waiting.front().is_some_and(Option::is_some) || self.blocks.contains_key(&self.first)
    }

    fn put(&mut self, position: u64, outcome: Outcome) {
        let Some(index) = position
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok())
        else {
            return;
        };
        if index == self.waiting.len() {
            self.waiting.push_back(Some(outcome));
        } else {
            if self.waiting.len() <= index {
                self.waiting.resize_with(index + 1, || None);
            }
            self.waiting[index] = Some(outcome);
        }
    }
}

impl Stream {
    pub(crate) fn new(is_ordered: bool) -> Self {
        Self {
            is_ordered,
            inner: Mutex::default(),
        }
    }

    /// Takes in the outcome at a position.
    pub(crate) fn put(&self, position: u64, outcome: Outcome, wakes: &mut Wakes) {
        let mut inner = lock(&self.inner);
        if self.is_ordered {
            inner.put(position, outcome);
            if position == inner.first {
                wakes.unpark(inner.waiter.take());
            }
        } else {
            inner.ready.push(Piece::One(position, outcome));
            wakes.unpark(inner.waiter.take());
        }
    }

    /// Takes in many outputs at once.
    pub(crate) fn put_block(&self, block: Block, wakes: &mut Wakes) {
        let mut inner = lock(&self.inner);
        if !self.is_ordered {
            inner.ready.push(Piece::Block(block));
            wakes.unpark(inner.waiter.take());
            return;
        }
        let position = block.position();
        if position >= inner.first && block.count() > 0 {
            inner.blocks.insert(position, block);
        }
        if position == inner.first {
            wakes.unpark(inner.waiter.take());
        }
    }

    /// Moves all outcomes that may be yielded now into `out`.
    pub(crate) fn take_ready(&self, out: &mut Ready) {
        let mut inner = lock(&self.inner);
        if !self.is_ordered {
            inner.ready.drain(..).for_each(|piece| out.push(piece));
            return;
        }
        while let Some(piece) = inner.pop() {
            out.push(piece);
        }
    }
}

impl Awaited for Stream {
    fn is_ready(&self) -> bool {
        let inner = lock(&self.inner);
        if self.is_ordered {
            inner.has_next()
        } else {
            !inner.ready.is_empty()
        }
    }

    fn set_waiter(&self, waiter: Option<Thread>) {
        lock(&self.inner).waiter = waiter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::outcome::Output;
    use brigade_protocol::jobs::echo::Echo;

    #[expect(clippy::unnecessary_wraps, reason = "an outcome is a result")]
    fn ok(byte: u8) -> Outcome {
        Ok(Output::Bytes([byte].as_slice().into()))
    }

    fn taken(stream: &Stream) -> Vec<u64> {
        let mut out = Ready::default();
        stream.take_ready(&mut out);
        std::iter::from_fn(|| out.next::<Echo>())
            .map(|(position, _)| position)
            .collect()
    }

    fn block(position: u64, count: usize) -> Block {
        Block::parse(&b"\x01\0\0\0\x07".repeat(count), 0)
            .unwrap()
            .at(position)
    }

    #[test]
    fn blocks_and_single_outcomes_take_their_places() {
        let stream = Stream::new(true);
        let mut wakes = Wakes::default();
        stream.put(3, ok(3), &mut wakes);
        stream.put_block(block(4, 3), &mut wakes);
        assert!(!stream.is_ready());
        stream.put_block(block(1, 2), &mut wakes);
        assert!(!stream.is_ready());
        stream.put(0, ok(0), &mut wakes);
        assert!(stream.is_ready());
        assert_eq!(taken(&stream), [0, 1, 2, 3, 4, 5, 6]);
        stream.put(9, ok(9), &mut wakes);
        stream.put_block(block(7, 2), &mut wakes);
        assert_eq!(taken(&stream), [7, 8, 9]);
        stream.put_block(block(7, 2), &mut wakes);
        assert!(taken(&stream).is_empty(), "known");
    }

    #[test]
    fn an_ordered_stream_holds_back_what_came_early() {
        let stream = Stream::new(true);
        let mut wakes = Wakes::default();
        stream.put(1, ok(1), &mut wakes);
        stream.put(2, ok(2), &mut wakes);
        assert!(!stream.is_ready());
        assert!(taken(&stream).is_empty());
        stream.put(0, ok(0), &mut wakes);
        assert!(stream.is_ready());
        assert_eq!(taken(&stream), [0, 1, 2]);
        stream.put(4, ok(4), &mut wakes);
        stream.put(3, ok(3), &mut wakes);
        assert_eq!(taken(&stream), [3, 4]);
    }

    #[test]
    fn an_unordered_stream_gives_what_it_has() {
        let stream = Stream::new(false);
        stream.put(7, ok(7), &mut Wakes::default());
        stream.put(3, ok(3), &mut Wakes::default());
        assert_eq!(taken(&stream), [7, 3]);
    }

    #[test]
    fn a_waiter_of_an_ordered_stream_is_woken_by_the_first_result_only() {
        let stream = Stream::new(true);
        stream.set_waiter(Some(std::thread::current()));
        let mut wakes = Wakes::default();
        stream.put(1, ok(1), &mut wakes);
        assert!(wakes.is_empty());
        stream.put(0, ok(0), &mut wakes);
        assert!(!wakes.is_empty());
    }
}
