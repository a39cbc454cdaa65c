//! The values of one record, in an arena.

use super::PickleError;

/// Bytes in the record, or behind its end in the scratch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    at: u32,
    length: u32,
}

impl Span {
    /// Records and their scratch are far below 4 GiB (`frame::LARGEST_LIMIT`), so nothing is cut here.
    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded by the limit of records"
    )]
    pub(super) fn new(at: usize, length: usize) -> Self {
        Self {
            at: at as u32,
            length: length as u32,
        }
    }
}

/// What is recognised of what pickles import, because Python writes plain data so in older protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// `_codecs.encode`, of text and `latin1`: how bytes are written in protocols 0 to 2.
    Encode,
    Bytes,
    ByteArray,
    Set,
}

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    List,
    Tuple,
    Set,
    Dict,
}

/// A value. Containers are known by their numbers, so a value that is referred to twice is there once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// UTF-8, which nobody has checked yet; Python lets surrogates pass.
    Text(Span),
    /// A whole number in decimal digits.
    Digits(Span),
    Bytes(Span),
    Held(Kind, u32),
    Known(Known),
}

/// Some values of a container that lie side by side in `items`.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    start: u32,
    length: u32,
    /// The number of the next chunk of the same container, which is always higher than this one's.
    next: u32,
}

const NO_CHUNK: u32 = u32::MAX;

/// A container's chain of chunks.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u32,
    last: u32,
}

/// All values of one record.
#[derive(Debug, Default)]
pub(super) struct Tree {
    items: Vec<Node>,
    chunks: Vec<Chunk>,
    chains: Vec<Chain>,
    /// Text and bytes that are not in the record as they are meant.
    scratch: Vec<u8>,
    record_length: usize,
}

/// What is kept for the next record. Larger ones are rare, and their room is given back.
const KEPT: usize = 1 << 14;

impl Tree {
    /// Forgets everything, for a record of this length.
    pub(super) fn clear(&mut self, record_length: usize) {
        self.items.clear();
        self.items.shrink_to(KEPT);
        self.chunks.clear();
        self.chunks.shrink_to(KEPT);
        self.chains.clear();
        self.chains.shrink_to(KEPT);
        self.scratch.clear();
        self.scratch.shrink_to(KEPT);
        self.record_length = record_length;
    }

    /// A new container, empty.
    #[inline]
    pub(super) fn hold(&mut self, kind: Kind) -> Node {
        self.chains.push(Chain {
            first: NO_CHUNK,
            last: NO_CHUNK,
        });
        Node::Held(kind, number(self.chains.len() - 1))
    }

    /// A new container with the values of another.
    pub(super) fn hold_same(&mut self, kind: Kind, other: u32) -> Node {
        let chain = self.chains[other as usize];
        self.chains.push(chain);
        Node::Held(kind, number(self.chains.len() - 1))
    }

    /// Adds values to a container.
    #[inline]
    pub(super) fn extend(&mut self, container: u32, values: &[Node]) {
        if values.is_empty() {
            return;
        }
        let start = number(self.items.len());
        let length = number(values.len());
        self.items.extend_from_slice(values);
        let fresh = number(self.chunks.len());
        let chain = &mut self.chains[container as usize];
        if let Some(last) = self.chunks.get_mut(chain.last as usize) {
            if last.start + last.length == start {
                last.length += length;
                return;
            }
            last.next = fresh;
        }
        chain.last = fresh;
        if chain.first == NO_CHUNK {
            chain.first = chain.last;
        }
        self.chunks.push(Chunk {
            start,
            length,
            next: NO_CHUNK,
        });
    }

    /// Appends to the scratch what `write` writes, which is up to `most` bytes.
    ///
    /// A record may make the same text into bytes again and again; the scratch stays in proportion to the record.
    pub(super) fn write(
        &mut self,
        most: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), PickleError>,
    ) -> Result<Span, PickleError> {
        let limit = self.record_length.saturating_mul(4) + 4096;
        if self.scratch.len() + most > limit {
            return Err(PickleError::TooLong(limit));
        }
        let start = self.scratch.len();
        write(&mut self.scratch)?;
        let length = self.scratch.len() - start;
        Ok(Span::new(self.record_length + start, length))
    }

    /// The bytes of a span.
    #[inline]
    pub(super) fn bytes<'a>(&'a self, record: &'a [u8], span: Span) -> &'a [u8] {
        let (at, length) = (span.at as usize, span.length as usize);
        let (whole, at) = match at.checked_sub(self.record_length) {
            None => (record, at),
            Some(at) => (self.scratch.as_slice(), at),
        };
        whole.get(at..at + length).unwrap_or_default()
    }

    /// The runs of values of a container.
    pub(super) fn runs(&self, container: u32) -> Runs<'_> {
        let chain = self.chains.get(container as usize);
        Runs {
            tree: self,
            next: chain.map_or(NO_CHUNK, |chain| chain.first),
        }
    }

    /// The values of a container, if they lie in one run, as those of tuples do.
    pub(super) fn only(&self, container: u32) -> Option<&[Node]> {
        let mut runs = self.runs(container);
        let first = runs.next().unwrap_or_default();
        runs.next().is_none().then_some(first)
    }
}

/// There are fewer of anything than a record has bytes, or than `MOST_VALUES`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded by the number of values"
)]
fn number(count: usize) -> u32 {
    count as u32
}

/// Goes through a container.
#[derive(Debug)]
pub(crate) struct Runs<'a> {
    tree: &'a Tree,
    next: u32,
}

impl<'a> Iterator for Runs<'a> {
    type Item = &'a [Node];

    #[inline]
    fn next(&mut self) -> Option<&'a [Node]> {
        let chunk = self.tree.chunks.get(self.next as usize)?;
        self.next = chunk.next;
        let (start, length) = (chunk.start as usize, chunk.length as usize);
        self.tree.items.get(start..start + length)
    }
}

/// A record that was read: a dict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(super) tree: &'a Tree,
    pub(super) bytes: &'a [u8],
    pub(super) root: u32,
}

impl<'a> Record<'a> {
    /// The dict itself.
    pub(crate) fn root(&self) -> Node {
        Node::Held(Kind::Dict, self.root)
    }

    /// How long the pickle is, in bytes.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of text, digits or bytes.
    #[inline]
    pub(crate) fn bytes(&self, span: Span) -> &'a [u8] {
        self.tree.bytes(self.bytes, span)
    }

    /// The values of a container, run by run; of a dict, keys and values in turns, no pair torn apart.
    #[inline]
    pub(crate) fn runs(&self, container: u32) -> Runs<'a> {
        self.tree.runs(container)
    }

    /// The value of a key of the outermost dict; of several, the last.
    pub(crate) fn field(&self, name: &[u8]) -> Option<Node> {
        self.runs(self.root)
            .flat_map(|run| run.chunks_exact(2))
            .filter(|pair| matches!(pair[0], Node::Text(key) if self.bytes(key) == name))
            .map(|pair| pair[1])
            .last()
    }
}
