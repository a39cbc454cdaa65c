//! Takes the rows of a table in their order; cut in parts, from several threads at once.

use std::ops::Range;

use super::{builder::BuildError, layout::LayoutError};

/// The features as they are being written.
#[derive(Debug)]
pub(super) enum MatrixMut<'a> {
    F64(&'a mut [f64]),
    U8(&'a mut [u8]),
}

impl MatrixMut<'_> {
    fn split_at(self, elements: usize) -> (Self, Self) {
        /// Both, in the form of the whole.
        fn both<'a, T>(
            whole: &'a mut [T],
            elements: usize,
            form: impl Fn(&'a mut [T]) -> MatrixMut<'a>,
        ) -> (MatrixMut<'a>, MatrixMut<'a>) {
            let (first, rest) = whole.split_at_mut(elements);
            (form(first), form(rest))
        }
        match self {
            Self::F64(all) => both(all, elements, MatrixMut::F64),
            Self::U8(all) => both(all, elements, MatrixMut::U8),
        }
    }
}

/// Takes the rows of a table in their order, or of a part of it.
#[derive(Debug)]
pub struct RowWriter<'a> {
    features: MatrixMut<'a>,
    class_ids: &'a mut [u32],
    width: usize,
    classes: usize,
    /// The number of its first row.
    first: usize,
    written: usize,
}

impl<'a> RowWriter<'a> {
    /// Writes a table of as many rows as there are class ids, of `width` features.
    pub(super) fn new(
        features: MatrixMut<'a>,
        class_ids: &'a mut [u32],
        width: usize,
        classes: usize,
    ) -> Self {
        Self {
            features,
            class_ids,
            width,
            classes,
            first: 0,
            written: 0,
        }
    }

    /// Cuts it into so many parts of about as many rows, one at least.
    pub(super) fn split(self, parts: usize) -> Vec<Self> {
        let rows = self.class_ids.len().div_ceil(parts.max(1)).max(1);
        let (first, mut rest) = self.split_at(rows);
        let mut all = vec![first];
        while !rest.class_ids.is_empty() {
            let (part, after) = rest.split_at(rows);
            all.push(part);
            rest = after;
        }
        all
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        let Self { width, classes, .. } = self;
        let rows = rows.min(self.class_ids.len());
        let (features, rest) = self.features.split_at(rows * width);
        let (class_ids, rest_ids) = self.class_ids.split_at_mut(rows);
        let part = |features, class_ids, first| Self {
            first,
            ..Self::new(features, class_ids, width, classes)
        };
        (
            part(features, class_ids, self.first),
            part(rest, rest_ids, self.first + rows),
        )
    }

    /// The rows that it takes: numbers in the whole table.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.first..self.first + self.class_ids.len()
    }

    /// How many it has taken.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Appends one row.
    ///
    /// # Errors
    /// [`BuildError::Width`] for a ragged row, [`LayoutError::ClassId`] for a class without a name,
    /// [`BuildError::Rows`] when the table is full, [`BuildError::Element`] for a table of bytes.
    pub fn push(&mut self, features: &[f64], class_id: u32) -> Result<(), BuildError> {
        let at = self.claim(features.len(), class_id)?;
        let MatrixMut::F64(matrix) = &mut self.features else {
            return Err(BuildError::Element);
        };
        matrix[at..][..features.len()].copy_from_slice(features);
        Ok(())
    }

    /// Appends one row to a table of bytes.
    ///
    /// # Errors
    /// As [`push`](Self::push), and [`BuildError::Element`] for a table of `f64`.
    pub fn push_bytes(&mut self, features: &[u8], class_id: u32) -> Result<(), BuildError> {
        let at = self.claim(features.len(), class_id)?;
        let MatrixMut::U8(matrix) = &mut self.features else {
            return Err(BuildError::Element);
        };
        matrix[at..][..features.len()].copy_from_slice(features);
        Ok(())
    }

    /// Notes the class of the next row, and returns where in the matrix its features belong.
    fn claim(&mut self, found: usize, class_id: u32) -> Result<usize, BuildError> {
        let row = self.first + self.written;
        if found != self.width {
            return Err(BuildError::Width {
                row,
                expected: self.width,
                found,
            });
        }
        if class_id as usize >= self.classes {
            return Err(LayoutError::ClassId {
                row,
                class_id,
                classes: self.classes,
            }
            .into());
        }
        let full = BuildError::Rows {
            expected: self.range().end,
            found: row + 1,
        };
        let at = self.written;
        *self.class_ids.get_mut(at).ok_or(full)? = class_id;
        self.written += 1;
        Ok(at * self.width)
    }
}
