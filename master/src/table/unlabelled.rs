//! Samples whose classes are to be found: rows of an IDX or NumPy file.

use std::path::Path;

use super::{
    Features, Reading, TableError,
    array::Samples,
    format::Format,
    idx,
    labels::{self, Classes},
    npy, source,
};

/// Whether a file that begins like this is compressed by gzip.
pub(crate) fn is_gzip(beginning: &[u8]) -> bool {
    beginning.starts_with(&source::GZIP)
}

/// Whether a file that begins like this is no text: a format with rows of numbers, or one that is known to be none.
pub(crate) fn is_array(beginning: &[u8]) -> bool {
    !matches!(Format::of("", beginning), Ok(Format::Text))
}

/// Rows of numbers, and their classes if these were asked for.
#[derive(Debug)]
pub(crate) struct Unlabelled {
    rows: usize,
    width: usize,
    features: Features,
    classes: Option<Classes>,
}

impl Unlabelled {
    /// Takes the rows out of an IDX or NumPy file; `path` says where it lies, beside its classes.
    ///
    /// # Errors
    /// [`TableError`] naming what was expected.
    pub(crate) fn parse(
        source: &str,
        path: Option<&Path>,
        bytes: Vec<u8>,
        needs_classes: bool,
    ) -> Result<Self, TableError> {
        let array = match Format::of(source, &bytes)? {
            Format::Npy => npy::header(source, &bytes)?,
            Format::Idx | Format::Text => idx::header(source, &bytes)?,
        };
        let Samples {
            rows,
            width,
            features,
            ..
        } = array.samples(source, bytes)?;
        let classes = needs_classes
            .then(|| labels::read(source, path, rows, &Reading::default()))
            .transpose()?;
        Ok(Self {
            rows,
            width,
            features,
            classes,
        })
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Numbers of a row.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Copies a row, in place of what is there.
    pub(crate) fn copy_row(&self, row: usize, out: &mut Vec<f64>) {
        out.clear();
        let range = row * self.width..(row + 1) * self.width;
        match &self.features {
            Features::Bytes(bytes) => out.extend(bytes[range].iter().copied().map(f64::from)),
            Features::Numbers(numbers) => out.extend_from_slice(&numbers[range]),
        }
    }

    /// The class of a row, if it was asked for.
    pub(crate) fn class(&self, row: usize) -> Option<&str> {
        let classes = self.classes.as_ref()?;
        let id = *classes.ids.get(row)?;
        classes.names.get(id as usize).map(String::as_str)
    }
}
