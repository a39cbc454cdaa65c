//! Outcomes of a map on their way to its consumer: one by one, or the outputs of many tasks as they came.

use std::collections::VecDeque;

use brigade_protocol::{Task, codec, split_item};

use super::{error::TaskError, handle::decode, outcome::Outcome};

/// Outputs of tasks that follow each other in a map.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Position of the next output.
    position: u64,
    /// How many are left.
    count: u64,
    /// The outputs, each after its length.
    items: Box<[u8]>,
    /// Where the next one begins.
    at: usize,
}

impl Block {
    /// The outputs in `items` after the first `skip`; `None` when these are no whole items.
    pub(crate) fn parse(items: &[u8], skip: u64) -> Option<Self> {
        let mut count = 0_u64;
        let mut rest = items;
        let mut start = 0;
        while !rest.is_empty() {
            if count == skip {
                start = items.len() - rest.len();
            }
            (_, rest) = split_item(rest)?;
            count += 1;
        }
        Some(Self {
            position: 0,
            count: count.saturating_sub(skip),
            items: items[if count > skip { start } else { items.len() }..].into(),
            at: 0,
        })
    }

    /// The same outputs, at this position of a map.
    pub(crate) fn at(self, position: u64) -> Self {
        Self { position, ..self }
    }

    /// Position of the first output that is left.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// How many outputs are left.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    fn next(&mut self) -> Option<(u64, &[u8])> {
        let (item, _) = split_item(self.items.get(self.at..)?)?;
        self.at += size_of::<u32>() + item.len();
        let position = self.position;
        self.position += 1;
        self.count = self.count.saturating_sub(1);
        Some((position, item))
    }
}

/// What a stream holds: the outcome at a position, or a block of outputs.
#[derive(Debug)]
pub(crate) enum Piece {
    One(u64, Outcome),
    Block(Block),
}

/// What a consumer may have now.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    pieces: VecDeque<Piece>,
}

impl Ready {
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Adds what comes next. Empty blocks are left out.
    pub(crate) fn push(&mut self, piece: Piece) {
        if !matches!(&piece, Piece::Block(block) if block.count == 0) {
            self.pieces.push_back(piece);
        }
    }

    /// How many outcomes there are.
    pub(crate) fn count(&self) -> u64 {
        let counts = self.pieces.iter().map(|piece| match piece {
            Piece::One(..) => 1,
            Piece::Block(block) => block.count,
        });
        counts.sum()
    }

    /// The next outcome, decoded, and its position.
    pub(crate) fn next<T: Task>(&mut self) -> Option<(u64, Result<T::Output, TaskError>)> {
        if let Some(Piece::Block(block)) = self.pieces.front_mut() {
            let (position, item) = block.next()?;
            let output = codec::decode(item);
            if block.count == 0 {
                self.pieces.pop_front();
            }
            let output = output.map_err(|error| TaskError::OutputUndecodable {
                reason: error.to_string(),
                input_index: Some(position),
            });
            return Some((position, output));
        }
        match self.pieces.pop_front()? {
            Piece::One(position, outcome) => Some((position, decode::<T>(outcome, Some(position)))),
            Piece::Block(_) => None,
        }
    }
}

#[cfg(feature = "cluster")]
impl Ready {
    /// The next outcome as it is, for somebody who passes it on, and its position.
    pub(crate) fn next_raw(&mut self) -> Option<(u64, Result<Vec<u8>, TaskError>)> {
        use super::outcome::Output;
        if let Some(Piece::Block(block)) = self.pieces.front_mut() {
            let (position, item) = block.next()?;
            let output = item.to_vec();
            if block.count == 0 {
                self.pieces.pop_front();
            }
            return Some((position, Ok(output)));
        }
        match self.pieces.pop_front()? {
            Piece::One(position, Ok(Output::Bytes(bytes))) => {
                Some((position, Ok(bytes.into_vec())))
            }
            Piece::One(position, Ok(Output::Value(_))) => {
                let reason = "was not encoded".into();
                let input_index = None;
                Some((
                    position,
                    Err(TaskError::OutputUndecodable {
                        reason,
                        input_index,
                    }),
                ))
            }
            Piece::One(position, Err(error)) => Some((position, Err(*error))),
            Piece::Block(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brigade_protocol::jobs::echo::Echo;

    const ITEMS: &[u8] = b"\x01\0\0\0\x05\x01\0\0\0\x06\x01\0\0\0\x07";

    fn outputs(skip: u64) -> Vec<(u64, Result<u64, TaskError>)> {
        let mut ready = Ready::default();
        ready.push(Piece::Block(Block::parse(ITEMS, skip).unwrap().at(100)));
        let count = ready.count();
        let outputs: Vec<_> = std::iter::from_fn(|| ready.next::<Echo>()).collect();
        assert_eq!(outputs.len() as u64, count);
        assert!(ready.is_empty());
        outputs
    }

    #[test]
    fn a_block_gives_its_outputs_in_order_after_those_that_are_known() {
        assert_eq!(outputs(0), [(100, Ok(5)), (101, Ok(6)), (102, Ok(7))]);
        assert_eq!(outputs(2), [(100, Ok(7))]);
        assert_eq!(outputs(3), []);
        assert_eq!(outputs(9), []);
    }

    #[test]
    fn bytes_that_are_no_items_are_no_block() {
        assert_eq!(Block::parse(&ITEMS[..14], 0), None);
        assert_eq!(Block::parse(b"\xff\xff\xff\xff", 0), None);
        assert_eq!(Block::parse(b"\0", 1), None);
        assert_eq!(Block::parse(b"", 0).unwrap().count(), 0);
    }

    #[test]
    fn an_output_that_cannot_be_decoded_fails_alone() {
        let mut ready = Ready::default();
        let items = b"\x02\0\0\0\x05\x05\x01\0\0\0\x06";
        ready.push(Piece::Block(Block::parse(items, 0).unwrap()));
        assert!(matches!(
            ready.next::<Echo>(),
            Some((0, Err(TaskError::OutputUndecodable { .. })))
        ));
        assert_eq!(ready.next::<Echo>(), Some((1, Ok(6))));
    }
}
