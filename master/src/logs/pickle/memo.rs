//! What a pickle has put aside, to refer to again.

use std::collections::HashMap;

use super::{PickleError, tree::Node};

/// Numbered values. Picklers number from 0 on, or from 1, so most are in a plain vector.
#[derive(Debug, Default)]
pub(super) struct Memo {
    dense: Vec<Option<Node>>,
    sparse: HashMap<u32, Node>,
}

/// Up to this number, gaps are filled; beyond it, a gap could be made to cost much memory.
const FILLED: u32 = 256;

const KEPT: usize = 1 << 12;

impl Memo {
    pub(super) fn clear(&mut self) {
        self.dense.clear();
        self.dense.shrink_to(KEPT);
        if !self.sparse.is_empty() {
            self.sparse = HashMap::new();
        }
    }

    #[inline]
    pub(super) fn put(&mut self, number: u32, value: Node) {
        let at = number as usize;
        if at == self.dense.len() {
            self.dense.push(Some(value));
        } else if let Some(place) = self.dense.get_mut(at) {
            *place = Some(value);
        } else if number < FILLED {
            self.dense.resize(at, None);
            self.dense.push(Some(value));
        } else {
            self.sparse.insert(number, value);
        }
    }

    /// Puts a value under the number after all others.
    #[inline]
    pub(super) fn push(&mut self, value: Node) {
        self.dense.push(Some(value));
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Result<Node, PickleError> {
        let dense = self.dense.get(number as usize).copied().flatten();
        dense
            .or_else(|| self.sparse.get(&number).copied())
            .ok_or(PickleError::Damaged(
                "it refers to a value that is not there",
            ))
    }
}
