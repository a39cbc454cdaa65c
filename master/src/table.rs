//! Reads a table of samples from any text file with columns: numeric features and one column of class names.

mod append;
mod column;
mod dialect;
mod error;
mod number;
mod parse;
mod select;
mod source;

use std::path::Path;

use brigade_protocol::shm::{BuildError, SamplesBuilder, Segment};

pub(crate) use column::Label;
pub(crate) use dialect::Header;
pub(crate) use error::TableError;

/// How to read a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// Whether the first row names the columns.
    pub(crate) header: Header,
    /// Which column holds the class.
    pub(crate) label: Label,
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
    /// Numbers, as bytes if that is what they all are.
    pub(crate) fn new(numbers: Vec<f64>) -> Self {
        // Negative zero has other bits than zero, and no byte for it.
        let byte = |number: &f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "compared with what it was made from"
            )]
            let byte = *number as u8;
            (f64::from(byte).to_bits() == number.to_bits()).then_some(byte)
        };
        match numbers.iter().map(byte).collect() {
            Some(bytes) => Self::Bytes(bytes),
            None => Self::Numbers(numbers),
        }
    }
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
}

impl Table {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    /// [`TableError`] naming file, line and column, and what was expected there.
    pub(crate) fn read(path: &Path, reading: &Reading) -> Result<Self, TableError> {
        let (source, bytes) = source::read(path)?;
        Self::parse(&source, &bytes, reading)
    }

    /// Reads a table that is already in memory; `source` is its name in errors.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn parse(source: &str, bytes: &[u8], reading: &Reading) -> Result<Self, TableError> {
        parse::parse(source, source::text(source, bytes)?, reading)
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
        let builder =
            SamplesBuilder::new(self.width, &self.class_names, self.feature_names.as_deref())?;
        let classes = self.class_ids.iter().copied();
        match &self.features {
            Features::Numbers(numbers) => {
                let mut rows = numbers.chunks_exact(self.width).zip(classes);
                builder.segment("brigade-samples", self.rows(), |to| {
                    rows.try_for_each(|(features, class_id)| to.push(features, class_id))
                })
            }
            Features::Bytes(bytes) => {
                let mut rows = bytes.chunks_exact(self.width).zip(classes);
                builder
                    .bytes()
                    .segment("brigade-samples", self.rows(), |to| {
                        rows.try_for_each(|(features, class_id)| to.push_bytes(features, class_id))
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests;
