//! What IDX and NumPy files have in common: a header that says of how many elements of which type they are, and the
//! elements.

use std::{collections::HashMap, ops::Range};

use super::{Classes, Features, array_error::ArrayError};

/// What an element means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
    /// Bytes of text, filled up with zeros.
    Bytes,
    /// Characters of four bytes, filled up with zeros.
    Chars,
}

/// What a file holds according to its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    /// The lengths along each axis; the first counts samples.
    pub(super) shape: Vec<usize>,
    pub(super) kind: Kind,
    /// Bytes of an element, at least 1; 8 at most where it is a number.
    pub(super) size: usize,
    pub(super) is_big_endian: bool,
    /// Whether the first index runs fastest.
    pub(super) is_fortran: bool,
    /// Where the elements begin.
    pub(super) start: usize,
}

/// Samples without their classes.
pub(super) struct Samples {
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) features: Features,
    pub(super) image: Option<(u32, u32)>,
}

impl Array {
    /// Where the elements are in a file of this many bytes.
    fn elements(&self, source: &str, found: usize) -> Result<Range<usize>, ArrayError> {
        let source_name = source.to_owned();
        let shape = self.shape();
        let count = |product: usize, &length: &usize| product.checked_mul(length);
        let elements = self.shape.iter().try_fold(self.size, count);
        let end = elements.and_then(|elements| elements.checked_add(self.start));
        let size = self.size;
        match end {
            Some(end) if end == found && elements != Some(0) => Ok(self.start..end),
            Some(end) if end == found => Err(ArrayError::Empty { source_name, shape }),
            Some(end) if end < found => Err(ArrayError::TooLong {
                source_name,
                shape,
                size,
                surplus: found - end,
            }),
            _ => Err(ArrayError::Truncated {
                source_name,
                shape,
                size,
                promised: end.map_or_else(|| "more".to_owned(), |end| end.to_string()),
                found,
            }),
        }
    }

    /// The shape for people.
    fn shape(&self) -> String {
        let lengths: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        lengths.join(" x ")
    }

    /// Takes the file for samples: one a row, all further axes together are its features.
    pub(super) fn samples(&self, source: &str, mut bytes: Vec<u8>) -> Result<Samples, ArrayError> {
        let source_name = || source.to_owned();
        let &[rows, ref rest @ ..] = self.shape.as_slice() else {
            return Err(ArrayError::NotSamples {
                source_name: source_name(),
            });
        };
        if rest.is_empty() {
            return Err(ArrayError::NotSamples {
                source_name: source_name(),
            });
        }
        if matches!(self.kind, Kind::Bytes | Kind::Chars) {
            return Err(ArrayError::TextFeatures {
                source_name: source_name(),
            });
        }
        let range = self.elements(source, bytes.len())?;
        let width = rest.iter().product();
        bytes.drain(..range.start);
        if self.is_fortran {
            bytes = row_by_row(&bytes, rows, rest, self.size);
        }
        let features = if self.kind == Kind::Unsigned && self.size == 1 {
            Features::Bytes(bytes)
        } else {
            self.numbers(source, &bytes, width)?
        };
        let image = match *rest {
            [height, width] => u32::try_from(height).ok().zip(u32::try_from(width).ok()),
            _ => None,
        };
        Ok(Samples {
            rows,
            width,
            features,
            image,
        })
    }

    fn numbers(&self, source: &str, bytes: &[u8], width: usize) -> Result<Features, ArrayError> {
        let mut features = Features::Bytes(Vec::new());
        for (index, raw) in bytes.chunks_exact(self.size).enumerate() {
            let number = self.number(raw);
            if !number.is_finite() {
                return Err(ArrayError::NotFinite {
                    source_name: source.to_owned(),
                    row: index / width + 1,
                    column: index % width + 1,
                    found: number,
                });
            }
            features.push(number);
        }
        Ok(features)
    }

    /// An element's bytes as the bits of a number.
    fn bits(&self, raw: &[u8]) -> u64 {
        let push = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
        if self.is_big_endian {
            raw.iter().fold(0, push)
        } else {
            raw.iter().rev().fold(0, push)
        }
    }

    fn signed(&self, raw: &[u8]) -> i64 {
        let unused = 64_usize.saturating_sub(8 * self.size);
        (self.bits(raw) << unused).cast_signed() >> unused
    }

    fn number(&self, raw: &[u8]) -> f64 {
        let bits = self.bits(raw);
        match (self.kind, self.size) {
            #[expect(clippy::cast_possible_truncation, reason = "there are four bytes")]
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Signed, _) => self.signed(raw) as f64,
            _ => bits as f64,
        }
    }

    /// Takes the file for the classes of as many samples.
    pub(super) fn classes(&self, source: &str, bytes: &[u8]) -> Result<Classes, ArrayError> {
        // A single column is as good as a list.
        if !matches!(self.shape.as_slice(), [_] | [_, 1]) {
            return Err(ArrayError::NotLabels {
                source_name: source.to_owned(),
                shape: self.shape(),
            });
        }
        let range = self.elements(source, bytes.len())?;
        let elements = bytes.get(range).unwrap_or_default();
        let mut ids_by_element: HashMap<&[u8], u32> = HashMap::new();
        let mut classes = Classes::default();
        for (index, raw) in elements.chunks_exact(self.size).enumerate() {
            if let Some(&id) = ids_by_element.get(raw) {
                classes.ids.push(id);
                continue;
            }
            let name = self.name(raw).ok_or_else(|| ArrayError::NotAClass {
                source_name: source.to_owned(),
                row: index + 1,
            })?;
            ids_by_element.insert(raw, classes.push(&name));
        }
        Ok(classes)
    }

    /// The name of a class: text, or a whole number.
    fn name(&self, raw: &[u8]) -> Option<String> {
        let name = match self.kind {
            Kind::Bool => if self.bits(raw) == 0 { "False" } else { "True" }.to_owned(),
            Kind::Unsigned => self.bits(raw).to_string(),
            Kind::Signed => self.signed(raw).to_string(),
            Kind::Float => {
                let number = self.number(raw);
                // Negative zero is zero.
                (number.is_finite() && number.fract() == 0.0).then(|| (number + 0.0).to_string())?
            }
            Kind::Bytes => str::from_utf8(raw).ok()?.to_owned(),
            Kind::Chars => {
                let chars = raw
                    .chunks_exact(4)
                    .map(|raw| u32::try_from(self.bits(raw)).ok().and_then(char::from_u32));
                chars.collect::<Option<String>>()?
            }
        };
        let name = name.trim_end_matches('\0');
        (!name.trim().is_empty() && !name.contains('\0')).then(|| name.to_owned())
    }
}

/// Elements of which the first index runs fastest, in the order of which the last one does.
fn row_by_row(elements: &[u8], rows: usize, rest: &[usize], size: usize) -> Vec<u8> {
    /// Rows that are written together, so that what is read together stays in the cache.
    const BLOCK: usize = 64;
    // For each feature in the order in which it is wanted, the number of its column as it lies in the file.
    let mut columns = vec![0];
    let mut step = 1;
    for &length in rest {
        let before = columns;
        columns = before
            .iter()
            .flat_map(|&column| (0..length).map(move |index| column + index * step))
            .collect();
        step *= length;
    }
    let mut out = vec![0; elements.len()];
    let row_bytes = columns.len() * size;
    for (block, out) in out.chunks_mut(BLOCK * row_bytes).enumerate() {
        for (feature, column) in columns.iter().enumerate() {
            let first = (column * rows + block * BLOCK) * size;
            let from = elements.get(first..).unwrap_or_default();
            for (from, to) in from.chunks_exact(size).zip(out.chunks_exact_mut(row_bytes)) {
                if let Some(to) = to.get_mut(feature * size..(feature + 1) * size) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
    out
}
