//! What a worker finds out once about a table and one of its partitions.

use std::cell::OnceCell;

use brigade_protocol::{
    jobs::tune::{Input, Partition, Scale, Split, rank},
    shm::Samples,
};

use super::{ScoreError, bytes::Lore, floats::Extent, scaling::Scaling};

/// What a worker finds out once about a table and a partition, and then uses for every block: the training rows in
/// the order of their features and class names, which breaks ties between equal distances for free, and the scale.
/// Eight bytes a training row, and of a table of bytes up to 330 more once they are needed; the features stay
/// in shared memory.
#[derive(Debug, Clone)]
pub struct Prepared {
    split: Split,
    index: u32,
    scale: Scale,
    width: usize,
    pub(super) partition: Partition,
    pub(super) scaling: Option<Scaling>,
    /// The row at each rank.
    pub(super) rows: Vec<u32>,
    /// The class id at each rank.
    pub(super) class_ids: Vec<u32>,
    pub(super) classes: usize,
    pub(super) lore: Lore,
    /// Of the training rows on the scale, once it was needed.
    pub(super) extent: OnceCell<Extent>,
}

impl Prepared {
    /// Ranks the training rows of a partition of `samples`, and finds the scale.
    ///
    /// # Errors
    /// [`ScoreError::Scale`] when a feature is too large to be put on the scale.
    pub fn new(
        samples: &Samples<'_>,
        split: Split,
        index: u32,
        scale: Scale,
    ) -> Result<Self, ScoreError> {
        let partition = split.partition(index, samples.class_ids());
        let names: Vec<&str> = samples.class_names().iter().collect();
        let name = |row: u32| names[samples.class_id(row as usize) as usize];
        // Row numbers fit: a segment has at most u32::MAX rows.
        #[expect(clippy::cast_possible_truncation, reason = "at most u32::MAX rows")]
        let mut rows: Vec<u32> = (0..partition.training_count())
            .map(|at| partition.training_row(at) as u32)
            .collect();
        rank(&mut rows, |row| samples.row(row as usize), name);
        let class_ids = rows
            .iter()
            .map(|&row| samples.class_id(row as usize))
            .collect();
        Ok(Self {
            scaling: Scaling::fit(samples, &partition, scale)?,
            split,
            index,
            scale,
            width: samples.feature_count(),
            partition,
            rows,
            class_ids,
            classes: names.len(),
            lore: Lore::default(),
            extent: OnceCell::new(),
        })
    }

    /// Whether this is what `input` asks for.
    #[must_use]
    pub fn fits(&self, input: &Input) -> bool {
        (self.split, self.index, self.scale) == (input.split, input.partition, input.scale)
    }

    /// Whether features are put on this scale.
    #[must_use]
    pub fn has_scale(&self, scale: Scale) -> bool {
        self.scale == scale
    }

    /// Whether `input` can be scored on `samples`.
    pub(super) fn check(&self, samples: &Samples<'_>, input: &Input) -> Result<(), ScoreError> {
        self.check_rows(samples, input)?;
        let (start, end) = (input.testing.start, input.testing.end);
        let testing = self.partition.testing_count();
        if start > end || end as usize > testing {
            return Err(ScoreError::Block {
                start,
                end,
                testing,
            });
        }
        Ok(())
    }

    /// The same for rows that came with the input.
    pub(super) fn check_rows(
        &self,
        samples: &Samples<'_>,
        input: &Input,
    ) -> Result<(), ScoreError> {
        let (rows, training) = (samples.len(), self.rows.len());
        if !self.fits(input)
            || rows != self.partition.rows()
            || samples.feature_count() != self.width
        {
            return Err(ScoreError::Split {
                asked: input.split,
                rows,
                prepared: self.split,
                prepared_rows: self.partition.rows(),
            });
        }
        let mut distances = input.distances.iter().enumerate();
        if let Some((_, &distance)) =
            distances.find(|(at, distance)| input.distances[..*at].contains(distance))
        {
            return Err(ScoreError::Repeated { distance });
        }
        match input.ks.iter().find(|&&k| k == 0 || k as usize > training) {
            Some(&k) => Err(ScoreError::Neighbours { k, training }),
            None => Ok(()),
        }
    }

    /// Copies the features of a row of `samples`, on the scale.
    pub(super) fn fetch(&self, samples: &Samples<'_>, row: usize, out: &mut [f64]) {
        samples.row(row).copy_to(out);
        self.scale(out);
    }

    /// One number of a row, on the scale.
    pub(super) fn scaled(&self, feature: usize, number: f64) -> f64 {
        match &self.scaling {
            Some(scaling) => scaling.scaled(feature, number),
            None => number,
        }
    }

    /// Puts a row on the scale.
    pub(super) fn scale(&self, row: &mut [f64]) {
        if let Some(scaling) = &self.scaling {
            scaling.apply(row);
        }
    }
}
