//! Samples as flyweights over shared memory: a sample is a row number and a reference, and fetches its
//! measurements and its class when asked. Training and testing sets are computed, never stored.

use std::os::fd::OwnedFd;

use thiserror::Error;

use super::{
    layout::{Layout, LayoutError},
    names::NameTable,
    partition::Partition,
    row::{Matrix, Row},
    segment::{Segment, SegmentError},
    shape::Element,
};

/// A table of samples in a segment that has been verified.
///
/// ```
/// # use brigade_protocol::shm::{SamplesBuilder, Samples};
/// # let builder = SamplesBuilder::new(4, &["Iris-setosa"], None)?;
/// # let segment = builder.segment("iris", 1, |rows| rows.push(&[5.1, 3.5, 1.4, 0.2], 0))?;
/// let samples = Samples::parse(segment.bytes())?;
/// let sample = samples.sample(0);
/// assert_eq!((sample.sepal_length(), sample.petal_width(), sample.species()), (5.1, 0.2, "Iris-setosa"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    features: Matrix<'a>,
    class_ids: &'a [u32],
    width: usize,
    class_names: NameTable<'a>,
    feature_names: Option<NameTable<'a>>,
}

impl<'a> Samples<'a> {
    /// Verifies a segment, checksum included, and views it.
    ///
    /// # Errors
    /// [`LayoutError`] for anything that is not exactly what [`SamplesBuilder`](super::SamplesBuilder) writes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, LayoutError> {
        Self::verified(bytes, &Layout::parse(bytes)?)
    }

    /// Views a segment of this layout, and looks whether each of its rows has a class.
    fn verified(bytes: &'a [u8], layout: &Layout) -> Result<Self, LayoutError> {
        let samples = Self::over(bytes, layout)?;
        let classes = layout.shape().classes;
        let unnamed = samples
            .class_ids
            .iter()
            .enumerate()
            .find(|(_, class_id)| **class_id as usize >= classes);
        match unnamed {
            Some((row, &class_id)) => Err(LayoutError::ClassId {
                row,
                class_id,
                classes,
            }),
            None => Ok(samples),
        }
    }

    /// Views a segment whose layout has been verified; cheap, whatever its size.
    fn over(bytes: &'a [u8], layout: &Layout) -> Result<Self, LayoutError> {
        let shape = layout.shape();
        let features = match shape.element {
            Element::F64 => bytemuck::try_cast_slice(&bytes[layout.features()])
                .map(Matrix::F64)
                .map_err(|_| LayoutError::Alignment)?,
            Element::U8 => Matrix::U8(&bytes[layout.features()]),
        };
        let class_ids = bytemuck::try_cast_slice(&bytes[layout.class_ids()])
            .map_err(|_| LayoutError::Alignment)?;
        let class_names = NameTable::parse(&bytes[layout.class_names()], shape.classes, "class")?;
        let feature_names = match &bytes[layout.feature_names()] {
            [] => None,
            table => Some(NameTable::parse(table, shape.features, "feature")?),
        };
        Ok(Self {
            features,
            class_ids,
            width: shape.features,
            class_names,
            feature_names,
        })
    }

    /// Number of samples.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.class_ids.len()
    }

    /// Whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.class_ids.is_empty()
    }

    /// Number of features of each sample.
    #[must_use]
    pub const fn feature_count(&self) -> usize {
        self.width
    }

    /// The names of the classes, by class id.
    #[must_use]
    pub const fn class_names(&self) -> NameTable<'a> {
        self.class_names
    }

    /// The names of the features, if the table had a header.
    #[must_use]
    pub const fn feature_names(&self) -> Option<NameTable<'a>> {
        self.feature_names
    }

    /// One sample.
    ///
    /// # Panics
    /// Its accessors panic when there is no such `row`.
    #[must_use]
    pub const fn sample(&self, row: usize) -> Sample<'_> {
        Sample { samples: self, row }
    }

    /// All features, row by row.
    #[must_use]
    pub const fn matrix(&self) -> Matrix<'a> {
        self.features
    }

    /// The features of one row.
    ///
    /// # Panics
    /// When there is no such `row`.
    #[must_use]
    pub fn row(&self, row: usize) -> Row<'a> {
        let range = row * self.width..(row + 1) * self.width;
        match self.features {
            Matrix::F64(features) => Row::F64(&features[range]),
            Matrix::U8(features) => Row::U8(&features[range]),
        }
    }

    /// The class ids, row by row.
    #[must_use]
    pub const fn class_ids(&self) -> &'a [u32] {
        self.class_ids
    }

    /// The class id of one row.
    ///
    /// # Panics
    /// When there is no such `row`.
    #[must_use]
    pub const fn class_id(&self, row: usize) -> u32 {
        self.class_ids[row]
    }

    /// All samples in the order of the file.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Sample<'_>> + Clone {
        (0..self.len()).map(|row| self.sample(row))
    }

    /// The samples that train, in the order of the file.
    #[must_use]
    pub fn training<'s>(
        &'s self,
        partition: &'s Partition,
    ) -> impl ExactSizeIterator<Item = Sample<'s>> + Clone {
        (0..partition.training_count())
            .map(move |position| self.sample(partition.training_row(position)))
    }

    /// The samples that test, in the order of the file.
    #[must_use]
    pub fn testing<'s>(
        &'s self,
        partition: &'s Partition,
    ) -> impl ExactSizeIterator<Item = Sample<'s>> + Clone {
        (0..partition.testing_count())
            .map(move |position| self.sample(partition.testing_row(position)))
    }
}

/// One sample: a row number and a reference, 16 bytes. Accessors panic when the row or feature does not exist.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    samples: &'a Samples<'a>,
    row: usize,
}

impl<'a> Sample<'a> {
    /// The row number, from 0, in the order of the file.
    #[must_use]
    pub const fn row(&self) -> usize {
        self.row
    }

    /// All features.
    #[must_use]
    pub fn features(&self) -> Row<'a> {
        self.samples.row(self.row)
    }

    /// The feature in column `index`, from 0.
    #[must_use]
    pub fn feature(&self, index: usize) -> f64 {
        self.features().get(index)
    }

    /// The id of the class, below the number of class names.
    #[must_use]
    pub const fn class_id(&self) -> u32 {
        self.samples.class_id(self.row)
    }

    /// The name of the class.
    #[must_use]
    pub fn class(&self) -> &'a str {
        self.samples
            .class_names
            .get(self.class_id() as usize)
            .unwrap_or_default()
    }

    /// Iris: length of the sepal in cm, feature 0.
    #[must_use]
    pub fn sepal_length(&self) -> f64 {
        self.feature(0)
    }

    /// Iris: width of the sepal in cm, feature 1.
    #[must_use]
    pub fn sepal_width(&self) -> f64 {
        self.feature(1)
    }

    /// Iris: length of the petal in cm, feature 2.
    #[must_use]
    pub fn petal_length(&self) -> f64 {
        self.feature(2)
    }

    /// Iris: width of the petal in cm, feature 3.
    #[must_use]
    pub fn petal_width(&self) -> f64 {
        self.feature(3)
    }

    /// Iris: the species, which is the class.
    #[must_use]
    pub fn species(&self) -> &'a str {
        self.class()
    }
}

/// A segment of samples that has been verified once and is viewed many times.
#[derive(Debug)]
pub struct SharedSamples {
    segment: Segment,
    layout: Layout,
}

impl SharedSamples {
    /// Maps and verifies the segment behind a descriptor.
    ///
    /// # Errors
    /// [`SharedSamplesError`] when it is not sealed, or is no segment of samples.
    pub fn open(fd: OwnedFd) -> Result<Self, SharedSamplesError> {
        let segment = Segment::open(fd)?;
        let layout = Layout::parse(segment.bytes())?;
        Samples::verified(segment.bytes(), &layout)?;
        Ok(Self { segment, layout })
    }

    /// The samples. Costs next to nothing.
    ///
    /// # Errors
    /// Never after [`open`](Self::open) has succeeded, because nobody can change the segment.
    pub fn samples(&self) -> Result<Samples<'_>, LayoutError> {
        Samples::over(self.segment.bytes(), &self.layout)
    }
}

/// Why a descriptor is not a usable segment of samples.
#[derive(Debug, Error)]
pub enum SharedSamplesError {
    /// It cannot be mapped.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// It holds something else.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

#[cfg(test)]
mod tests;
