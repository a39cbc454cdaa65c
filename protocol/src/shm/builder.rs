//! Writes samples straight into the segment they will be read from.

use thiserror::Error;

use super::{
    layout::{Layout, LayoutError},
    names::NameTable,
    segment::{Segment, SegmentError},
    shape::{Element, Shape},
    writer::{MatrixMut, RowWriter},
};
use crate::side_by_side;

/// Why samples could not be put into a segment.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The samples do not fit the layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The shared memory could not be made.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A row has more or fewer features than the others.
    #[error("row {row} has {found} features, the table has {expected}")]
    Width {
        /// The row, from 0.
        row: usize,
        /// The table's number of features.
        expected: usize,
        /// The row's number of features.
        found: usize,
    },
    /// More or fewer rows came than were announced.
    #[error("{found} rows were written into a table of {expected}")]
    Rows {
        /// The rows announced.
        expected: usize,
        /// The rows written.
        found: usize,
    },
    /// Numbers were pushed into a table of bytes, or bytes into a table of numbers.
    #[error("rows of another element type than the table's were written into it")]
    Element,
    /// Two classes have the same name, so a vote would be split between them.
    #[error("class name `{name}` is there twice: give each class one id")]
    RepeatedClass {
        /// The repeated name.
        name: String,
    },
}

/// Knows the table's columns; makes the segment once the number of rows is known. See the
/// [module](super) for an example.
#[derive(Debug)]
pub struct SamplesBuilder {
    element: Element,
    features: usize,
    classes: usize,
    class_names: Vec<u8>,
    feature_names: Vec<u8>,
}

impl SamplesBuilder {
    /// A table of `features` numbers a row, whose classes are numbered from 0 in the order of their names.
    ///
    /// # Errors
    /// [`BuildError::Width`] when there are names for more or fewer features, [`BuildError::RepeatedClass`],
    /// and [`LayoutError`] when the names are too long.
    pub fn new<S: AsRef<str>>(
        features: usize,
        class_names: &[S],
        feature_names: Option<&[S]>,
    ) -> Result<Self, BuildError> {
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = class_names.iter().find(|&name| !seen.insert(name.as_ref())) {
            return Err(BuildError::RepeatedClass {
                name: name.as_ref().to_owned(),
            });
        }
        if let Some(found) = feature_names
            .map(<[S]>::len)
            .filter(|&found| found != features)
        {
            return Err(BuildError::Width {
                row: 0,
                expected: features,
                found,
            });
        }
        Ok(Self {
            element: Element::F64,
            features,
            classes: class_names.len(),
            class_names: NameTable::encode(class_names, "class")?,
            feature_names: match feature_names {
                Some(names) => NameTable::encode(names, "feature")?,
                None => Vec::new(),
            },
        })
    }

    /// Stores the features as bytes; [`RowWriter::push_bytes`] takes the rows then.
    #[must_use]
    pub fn bytes(self) -> Self {
        Self {
            element: Element::U8,
            ..self
        }
    }

    /// Where everything lies with this many rows.
    ///
    /// # Errors
    /// [`LayoutError`] for a table without features or too large.
    pub fn layout(&self, rows: usize) -> Result<Layout, LayoutError> {
        Layout::new(Shape {
            rows,
            features: self.features,
            classes: self.classes,
            class_names_bytes: self.class_names.len(),
            feature_names_bytes: self.feature_names.len(),
            element: self.element,
        })
    }

    /// Makes a sealed segment of exactly `rows` rows, which `write` pushes one after another.
    ///
    /// # Errors
    /// What `write` returns; [`BuildError`] when there is no room or the number of rows is not `rows`.
    pub fn segment(
        &self,
        name: &str,
        rows: usize,
        write: impl FnOnce(&mut RowWriter<'_>) -> Result<(), BuildError>,
    ) -> Result<Segment, BuildError> {
        self.fill(name, rows, |mut to| {
            write(&mut to)?;
            Ok(to.written())
        })
    }

    /// The same with so many threads, each of which calls `write` for a part of the rows: for
    /// [`RowWriter::range`], in its order.
    ///
    /// ```
    /// use brigade_protocol::shm::{Samples, SamplesBuilder};
    ///
    /// let squares: Vec<[f64; 1]> = (0..1000).map(|x| [f64::from(x * x)]).collect();
    /// let segment = SamplesBuilder::new(1, &["all"], None)?.segment_in_parts("squares", 1000, 4, |to| {
    ///     to.range().try_for_each(|row| to.push(&squares[row], 0))
    /// })?;
    /// assert_eq!(Samples::parse(segment.bytes())?.row(999).to_vec(), [998_001.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`segment`](Self::segment): what the first part returns that fails.
    ///
    /// # Panics
    /// When `write` does.
    pub fn segment_in_parts(
        &self,
        name: &str,
        rows: usize,
        parts: usize,
        write: impl Fn(&mut RowWriter<'_>) -> Result<(), BuildError> + Sync,
    ) -> Result<Segment, BuildError> {
        let write = |mut to: RowWriter<'_>| write(&mut to).map(|()| to.written());
        self.fill(name, rows, |to| {
            side_by_side(to.split(parts), write)
                .into_iter()
                .sum::<Result<usize, _>>()
        })
    }

    /// A sealed segment whose rows `write` writes; it returns how many these were.
    fn fill(
        &self,
        name: &str,
        rows: usize,
        write: impl FnOnce(RowWriter<'_>) -> Result<usize, BuildError>,
    ) -> Result<Segment, BuildError> {
        let layout = self.layout(rows)?;
        let mut written = Ok(());
        let segment = Segment::create(name, layout.total_bytes(), |bytes| {
            written = self.write(&layout, bytes, write);
        })?;
        written.map(|()| segment)
    }

    /// Writes a whole segment into `bytes`, which holds zeros and is as long as the layout says.
    fn write(
        &self,
        layout: &Layout,
        bytes: &mut [u8],
        write: impl FnOnce(RowWriter<'_>) -> Result<usize, BuildError>,
    ) -> Result<(), BuildError> {
        let expected = layout.shape().rows;
        let (body, rest) = bytes.split_at_mut(layout.class_ids().start);
        let (class_ids, _) = rest.split_at_mut(layout.class_ids().len());
        let features = match self.element {
            Element::F64 => bytemuck::try_cast_slice_mut(&mut body[layout.features()])
                .map(MatrixMut::F64)
                .map_err(|_| LayoutError::Alignment)?,
            Element::U8 => MatrixMut::U8(&mut body[layout.features()]),
        };
        let class_ids =
            bytemuck::try_cast_slice_mut(class_ids).map_err(|_| LayoutError::Alignment)?;
        let found = write(RowWriter::new(
            features,
            class_ids,
            self.features,
            self.classes,
        ))?;
        if found != expected {
            return Err(BuildError::Rows { expected, found });
        }
        bytes[layout.class_names()].copy_from_slice(&self.class_names);
        bytes[layout.feature_names()].copy_from_slice(&self.feature_names);
        Ok(layout.encode(bytes)?)
    }
}
