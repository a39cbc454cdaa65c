//! The outcomes of a map until its consumer takes them.

use std::{collections::VecDeque, sync::Mutex, thread::Thread};

use super::{
    outcome::{Awaited, Outcome, lock},
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
    /// Position of the front of `waiting`.
    first: u64,
    /// Ordered: the outcomes from `first` on, as far as they are known.
    waiting: VecDeque<Option<Outcome>>,
    /// Unordered: the outcomes and their positions.
    ready: VecDeque<(u64, Outcome)>,
    waiter: Option<Thread>,
}

impl Stream {
    pub(crate) fn new(is_ordered: bool) -> Self {
        Self {
            is_ordered,
            inner: Mutex::default(),
        }
    }

    pub(crate) fn put(&self, position: u64, outcome: Outcome, wakes: &mut Wakes) {
        let mut inner = lock(&self.inner);
        if self.is_ordered {
            let Some(index) = position
                .checked_sub(inner.first)
                .and_then(|index| usize::try_from(index).ok())
            else {
                return;
            };
            if index == inner.waiting.len() {
                inner.waiting.push_back(Some(outcome));
            } else {
                if inner.waiting.len() <= index {
                    inner.waiting.resize_with(index + 1, || None);
                }
                inner.waiting[index] = Some(outcome);
            }
            if index == 0 {
                wakes.unpark(inner.waiter.take());
            }
        } else {
            inner.ready.push_back((position, outcome));
            wakes.unpark(inner.waiter.take());
        }
    }

    /// Moves all outcomes that may be yielded now into `out`, with their positions.
    pub(crate) fn take_ready(&self, out: &mut VecDeque<(u64, Outcome)>) {
        let mut inner = lock(&self.inner);
        if !self.is_ordered {
            out.append(&mut inner.ready);
            return;
        }
        while let Some(slot) = inner.waiting.front_mut() {
            let Some(outcome) = slot.take() else {
                break;
            };
            inner.waiting.pop_front();
            out.push_back((inner.first, outcome));
            inner.first += 1;
        }
    }
}

impl Awaited for Stream {
    fn is_ready(&self) -> bool {
        let inner = lock(&self.inner);
        if self.is_ordered {
            inner.waiting.front().is_some_and(Option::is_some)
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

    #[expect(clippy::unnecessary_wraps, reason = "an outcome is a result")]
    fn ok(byte: u8) -> Outcome {
        Ok(Output::Bytes([byte].as_slice().into()))
    }

    fn taken(stream: &Stream) -> Vec<u64> {
        let mut out = VecDeque::new();
        stream.take_ready(&mut out);
        out.into_iter().map(|(position, _)| position).collect()
    }

    #[test]
    fn an_ordered_stream_holds_back_what_came_early() {
        let stream = Stream::new(true);
        let mut wakes = Wakes::default();
        stream.put(1, ok(1), &mut wakes);
        stream.put(2, ok(2), &mut wakes);
        assert!(!stream.is_ready());
        assert_eq!(taken(&stream), []);
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
