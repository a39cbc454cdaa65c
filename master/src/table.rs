//! Reads a table of samples: a text with columns, numeric features and one column of class names; or an IDX or NumPy
//! file of features and another one of labels. Each may be compressed by gzip.

mod append;
mod array;
mod array_error;
mod column;
mod dialect;
mod error;
mod format;
mod idx;
pub(crate) mod iris;
mod labels;
mod npy;
mod number;
mod parse;
mod rows;
mod select;
mod source;
mod threads;
mod unlabelled;

use std::path::{Path, PathBuf};

use brigade_protocol::shm::{BuildError, SamplesBuilder, Segment};

pub(crate) use column::Label;
pub(crate) use dialect::Header;
pub(crate) use error::TableError;
pub(crate) use select::FeatureList;
pub(crate) use unlabelled::{Unlabelled, is_array, is_gzip};

use array::{Array, Samples};
use array_error::ArrayError;
use format::Format;
use labels::Classes;

/// How to read a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Whether the first row names the columns.
    pub(crate) header: Header,
    /// Which column holds the class.
    pub(crate) label: Label,
    /// The file of the classes, for formats that do not hold them.
    pub(crate) labels: Option<PathBuf>,
}

/// The features of all rows in one piece.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Features {
    /// Finite numbers.
    Numbers(Vec<f64>),
    /// Whole numbers from 0 to 255.
    Bytes(Vec<u8>),
}

impl Features {
    /// Appends one number; bytes become numbers at the first that is none of them.
    fn push(&mut self, number: f64) {
        match (&mut *self, byte(number)) {
            (Self::Bytes(bytes), Some(byte)) => bytes.push(byte),
            (Self::Numbers(numbers), _) => numbers.push(number),
            (Self::Bytes(bytes), None) => {
                let mut numbers: Vec<f64> = bytes.iter().copied().map(f64::from).collect();
                numbers.push(number);
                *self = Self::Numbers(numbers);
            }
        }
    }
}

/// The byte that stands for this number. Negative zero has other bits than zero, and no byte for it.
fn byte(number: f64) -> Option<u8> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "compared with what it was made from"
    )]
    let byte = number as u8;
    (f64::from(byte).to_bits() == number.to_bits()).then_some(byte)
}

/// Samples as they were read: features row by row in one piece, and a class for each row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Where the table came from, for people.
    pub(crate) source: String,
    /// Number of features of each row.
    pub(crate) width: usize,
    /// The features' names, if the table has a header.
    pub(crate) feature_names: Option<Vec<String>>,
    /// `width` a row.
    pub(crate) features: Features,
    /// For each row, the place of its class in `class_names`.
    pub(crate) class_ids: Vec<u32>,
    /// The classes in the order in which they appear.
    pub(crate) class_names: Vec<String>,
    /// Where in its file everything was.
    pub(crate) origin: Origin,
}

/// Where in its file a table's columns were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The column of each feature, from 1; empty if they are the features' own numbers.
    pub(crate) columns: Vec<usize>,
    /// The column of the class, from 1, if it is in the same file.
    pub(crate) label: Option<usize>,
    /// Whether two of its columns have one name.
    pub(crate) has_repeated_names: bool,
    /// Height and width in pixels, if each sample is an image.
    pub(crate) image: Option<(u32, u32)>,
}

impl Table {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    /// [`TableError`] naming file, line and column, and what was expected there.
    pub(crate) fn read(path: &Path, reading: &Reading) -> Result<Self, TableError> {
        let input = Path::new("-");
        if path == input && reading.labels.as_deref() == Some(input) {
            return Err(ArrayError::BothFromInput.into());
        }
        let (source, bytes) = source::read(path)?;
        Self::from_bytes(&source, Some(path), bytes, reading)
    }

    /// Reads a text table that is already in memory; `source` is its name in errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn parse(source: &str, bytes: &[u8], reading: &Reading) -> Result<Self, TableError> {
        parse::parse(source, source::text(source, bytes)?, reading)
    }

    /// Reads any format; labels may lie beside `path`.
    fn from_bytes(
        source: &str,
        path: Option<&Path>,
        bytes: Vec<u8>,
        reading: &Reading,
    ) -> Result<Self, TableError> {
        let array = match Format::of(source, &bytes)? {
            Format::Text if reading.labels.is_some() => {
                let source_name = source.to_owned();
                return Err(ArrayError::LabelsForText { source_name }.into());
            }
            Format::Text => return Self::parse(source, &bytes, reading),
            Format::Idx => idx::header(source, &bytes)?,
            Format::Npy => npy::header(source, &bytes)?,
        };
        Self::from_array(source, path, &array, bytes, reading)
    }

    fn from_array(
        source: &str,
        path: Option<&Path>,
        array: &Array,
        bytes: Vec<u8>,
        reading: &Reading,
    ) -> Result<Self, TableError> {
        if reading.label != Label::default() {
            let (source_name, label) = (source.to_owned(), reading.label.to_string());
            return Err(ArrayError::NoColumn { source_name, label }.into());
        }
        let Samples {
            rows,
            width,
            features,
            image,
        } = array.samples(source, bytes)?;
        let classes = labels::read(source, path, rows, reading)?;
        Ok(Self {
            source: source.to_owned(),
            width,
            feature_names: None,
            features,
            class_ids: classes.ids,
            class_names: classes.names,
            origin: Origin {
                image,
                ..Origin::default()
            },
        })
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.class_ids.len()
    }

    /// Copies the table into shared memory.
    ///
    /// # Errors
    /// [`BuildError`] when there is not enough memory or the table is too large.
    pub(crate) fn segment(&self) -> Result<Segment, BuildError> {
        self.segment_by(|row| row)
    }

    /// Copies all rows into shared memory, in another order than the file's: `source_row` says which one comes there.
    ///
    /// # Errors
    /// As [`segment`](Self::segment).
    ///
    /// # Panics
    /// When there is no such row.
    pub(crate) fn segment_by(
        &self,
        source_row: impl Fn(usize) -> usize + Sync,
    ) -> Result<Segment, BuildError> {
        const NAME: &str = "brigade-samples";
        let builder =
            SamplesBuilder::new(self.width, &self.class_names, self.feature_names.as_deref())?;
        let place = |row: usize| row * self.width..(row + 1) * self.width;
        let rows = self.rows();
        match &self.features {
            Features::Numbers(numbers) => {
                let parts = threads::threads(size_of_val(&numbers[..]));
                builder.segment_in_parts(NAME, rows, parts, |to| {
                    let mut rows = to.range().map(&source_row);
                    rows.try_for_each(|row| to.push(&numbers[place(row)], self.class_ids[row]))
                })
            }
            Features::Bytes(bytes) => {
                let parts = threads::threads(bytes.len());
                builder.bytes().segment_in_parts(NAME, rows, parts, |to| {
                    let mut rows = to.range().map(&source_row);
                    rows.try_for_each(|row| to.push_bytes(&bytes[place(row)], self.class_ids[row]))
                })
            }
        }
    }
}

#[cfg(test)]
mod array_tests;
#[cfg(test)]
mod tests;
