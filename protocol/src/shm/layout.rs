//! Where everything lies in a samples segment: pure arithmetic, every bound checked.
//!
//! A segment is a header of 128 bytes, then the feature matrix (row by row, starting on a cache line), the
//! class ids, the table of class names and, if there is one, the table of feature names. All offsets follow
//! from the header's counts; they are stored nevertheless, and a header whose offsets differ from the
//! computed ones is refused. The checksum covers the whole segment but itself.
//!
//! Numbers stand in the machine's own byte order. The magic is a number too, so a segment from a machine of
//! the other order is refused by its magic.

use std::ops::Range;

use thiserror::Error;

use super::shape::{Element, Shape};

/// Marks a segment of samples: `BRIGSMPL` on a little-endian machine.
const MAGIC: u64 = u64::from_le_bytes(*b"BRIGSMPL");
/// Grows with every change to what is written here.
const VERSION: u32 = 1;
/// The header's length; also the offset of the feature matrix.
pub const HEADER_BYTES: usize = 128;
/// Where the header keeps the checksum.
const CHECKSUM: Range<usize> = 120..124;

/// Why bytes are not a segment of samples, or why samples do not fit into one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// Fewer bytes than a header has.
    #[error(
        "samples segment has {found} bytes, less than its header of {HEADER_BYTES}: it was cut off"
    )]
    NoHeader {
        /// The bytes there are.
        found: usize,
    },
    /// Not a samples segment, or one from a machine of the other byte order.
    #[error("not a samples segment: magic {found:#018x} instead of {MAGIC:#018x}")]
    Magic {
        /// The first eight bytes.
        found: u64,
    },
    /// Written by another version of Brigade.
    #[error(
        "samples segment has layout version {found}, this build reads version {VERSION}: rebuild master and worker together"
    )]
    Version {
        /// The version in the header.
        found: u32,
    },
    /// The features are stored as something this build does not know.
    #[error(
        "samples segment stores its features as unknown type {code}: rebuild master and worker together"
    )]
    Element {
        /// The code in the header.
        code: u32,
    },
    /// The segment is shorter or longer than its header says.
    #[error(
        "samples segment has {found} bytes, its header says {expected}: it was cut off or overwritten"
    )]
    Length {
        /// The length in the header.
        expected: u64,
        /// The bytes there are.
        found: usize,
    },
    /// The header's offsets are not those that follow from its counts.
    #[error("samples segment has a corrupt header: its offsets do not follow from its counts")]
    Offsets,
    /// A byte changed after the segment was written.
    #[error("samples segment is corrupt: checksum {found:#010x} instead of {expected:#010x}")]
    Checksum {
        /// The checksum in the header.
        expected: u32,
        /// The checksum of the bytes.
        found: u32,
    },
    /// A part does not start at a multiple of its element's size in memory.
    #[error(
        "samples segment lies at an address that its numbers cannot be read from: map it on a page"
    )]
    Alignment,
    /// The table of class names or feature names is not well formed.
    #[error("samples segment has a corrupt table of {what} names")]
    Names {
        /// `class` or `feature`.
        what: &'static str,
    },
    /// A row's class has no name.
    #[error("row {row} has class id {class_id}, but there are {classes} classes")]
    ClassId {
        /// The row, from 0.
        row: usize,
        /// The id that has no name.
        class_id: u32,
        /// How many classes there are.
        classes: usize,
    },
    /// Samples without features cannot be told apart.
    #[error("samples have no features: at least one numeric column is needed")]
    NoFeatures,
    /// More rows, features or names than can be numbered or addressed.
    #[error(
        "samples are too large for one segment ({rows} rows of {features} features): at most {} rows",
        u32::MAX
    )]
    TooLarge {
        /// The rows asked for.
        rows: usize,
        /// The features asked for.
        features: usize,
    },
}

/// Where the parts of a samples segment lie. Computed from a [`Shape`], or read from a header and checked.
///
/// ```
/// use brigade_protocol::shm::{HEADER_BYTES, Layout, Shape};
///
/// let layout = Layout::new(Shape { rows: 150, features: 4, classes: 3, ..Shape::default() })?;
/// assert_eq!(layout.features().start, HEADER_BYTES);
/// assert_eq!(layout.features().len(), 150 * 4 * 8);
/// # Ok::<(), brigade_protocol::shm::LayoutError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    shape: Shape,
    features: Range<usize>,
    class_ids: Range<usize>,
    class_names: Range<usize>,
    feature_names: Range<usize>,
}

impl Layout {
    /// Lays out samples of this shape.
    ///
    /// # Errors
    /// [`LayoutError::NoFeatures`], or [`LayoutError::TooLarge`] when rows or bytes cannot be counted.
    pub fn new(shape: Shape) -> Result<Self, LayoutError> {
        if shape.features == 0 {
            return Err(LayoutError::NoFeatures);
        }
        Self::place(shape).ok_or(LayoutError::TooLarge {
            rows: shape.rows,
            features: shape.features,
        })
    }

    fn place(shape: Shape) -> Option<Self> {
        u32::try_from(shape.rows).ok()?;
        let matrix = shape
            .rows
            .checked_mul(shape.features)?
            .checked_mul(shape.element.size_bytes())?;
        let features = part(HEADER_BYTES, matrix)?;
        let class_ids = part(features.end, shape.rows.checked_mul(4)?)?;
        let class_names = part(class_ids.end, shape.class_names_bytes)?;
        let feature_names = part(class_names.end, shape.feature_names_bytes)?;
        isize::try_from(feature_names.end).ok()?;
        Some(Self {
            shape,
            features,
            class_ids,
            class_names,
            feature_names,
        })
    }

    /// The counts this layout was made from.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The feature matrix, row by row.
    #[must_use]
    pub fn features(&self) -> Range<usize> {
        self.features.clone()
    }

    /// The class ids, four bytes a row.
    #[must_use]
    pub fn class_ids(&self) -> Range<usize> {
        self.class_ids.clone()
    }

    /// The table of class names.
    #[must_use]
    pub fn class_names(&self) -> Range<usize> {
        self.class_names.clone()
    }

    /// The table of feature names; empty when features have no names.
    #[must_use]
    pub fn feature_names(&self) -> Range<usize> {
        self.feature_names.clone()
    }

    /// The whole segment's length.
    #[must_use]
    pub const fn total_bytes(&self) -> usize {
        self.feature_names.end
    }

    /// The header's numbers in the order in which they are stored.
    fn fields(&self) -> [u64; 11] {
        [
            self.shape.rows,
            self.shape.features,
            self.shape.classes,
            self.features.start,
            self.class_ids.start,
            self.class_names.start,
            self.shape.class_names_bytes,
            self.feature_names.start,
            self.shape.feature_names_bytes,
            HEADER_BYTES,
            self.total_bytes(),
        ]
        .map(|count| count as u64)
    }

    /// Writes the header, checksum included, in front of a body that is complete.
    ///
    /// # Errors
    /// [`LayoutError::Length`] when `bytes` is not [`total_bytes`](Self::total_bytes) long.
    pub fn encode(&self, bytes: &mut [u8]) -> Result<(), LayoutError> {
        if bytes.len() != self.total_bytes() {
            return Err(LayoutError::Length {
                expected: self.total_bytes() as u64,
                found: bytes.len(),
            });
        }
        bytes[..HEADER_BYTES].fill(0);
        bytes[..8].copy_from_slice(&MAGIC.to_ne_bytes());
        bytes[8..12].copy_from_slice(&VERSION.to_ne_bytes());
        bytes[12..16].copy_from_slice(&self.shape.element.code().to_ne_bytes());
        for (slot, field) in bytes[16..].chunks_exact_mut(8).zip(self.fields()) {
            slot.copy_from_slice(&field.to_ne_bytes());
        }
        let checksum = checksum(bytes).to_ne_bytes();
        bytes[CHECKSUM].copy_from_slice(&checksum);
        Ok(())
    }

    /// Reads a header and verifies it against the segment: every bound, and the checksum.
    ///
    /// The names and class ids are checked by [`Samples::parse`](super::Samples::parse).
    ///
    /// # Errors
    /// What is wrong first, from the magic on. Never panics, whatever the bytes are.
    pub fn parse(bytes: &[u8]) -> Result<Self, LayoutError> {
        let no_header = LayoutError::NoHeader { found: bytes.len() };
        let (header, _) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(no_header)?;
        let (words, _) = header.as_chunks::<8>();
        let (halves, _) = header.as_chunks::<4>();
        let word = |index: usize| u64::from_ne_bytes(words[index]);
        let half = |index: usize| u32::from_ne_bytes(halves[index]);
        if word(0) != MAGIC {
            return Err(LayoutError::Magic { found: word(0) });
        }
        if half(2) != VERSION {
            return Err(LayoutError::Version { found: half(2) });
        }
        let element = Element::from_code(half(3))?;
        if word(12) != bytes.len() as u64 {
            return Err(LayoutError::Length {
                expected: word(12),
                found: bytes.len(),
            });
        }
        let count = |index: usize| usize::try_from(word(index)).map_err(|_| LayoutError::Offsets);
        let layout = Self::new(Shape {
            element,
            rows: count(2)?,
            features: count(3)?,
            classes: count(4)?,
            class_names_bytes: count(8)?,
            feature_names_bytes: count(10)?,
        })?;
        if !layout
            .fields()
            .iter()
            .enumerate()
            .all(|(index, &field)| field == word(index + 2))
        {
            return Err(LayoutError::Offsets);
        }
        let (expected, found) = (half(CHECKSUM.start / 4), checksum(bytes));
        if expected != found {
            return Err(LayoutError::Checksum { expected, found });
        }
        Ok(layout)
    }
}

/// A part of `length` bytes that starts on the first cache line after `end`.
fn part(end: usize, length: usize) -> Option<Range<usize>> {
    let start = end.checked_next_multiple_of(64)?;
    Some(start..start.checked_add(length)?)
}

/// CRC-32 of everything but the checksum's own place. `bytes` holds at least a header.
fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..CHECKSUM.start]);
    hasher.update(&bytes[CHECKSUM.end..]);
    hasher.finalize()
}
