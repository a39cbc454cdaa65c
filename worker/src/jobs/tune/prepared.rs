//! What a worker finds out once about a table and one of its partitions.

use std::{cell::OnceCell, cmp::Ordering};

use brigade_protocol::{
    jobs::tune::{Input, Partition, Scale, Split},
    shm::{Row, Samples},
};

use super::{ScoreError, bytes::Lore, floats::Extent, scaling::Scaling};

/// Bytes of a row that its sorting key holds, beside the number of zeros before them.
const KEY_BYTES: usize = 6;

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
        let full = |one: u32, other: u32| {
            compare(samples.row(one as usize), samples.row(other as usize))
                .then_with(|| name(one).cmp(name(other)))
        };
        let mut keyed: Vec<(u64, u32)> = rows
            .iter()
            .map(|&row| (sorting_key(samples.row(row as usize)), row))
            .collect();
        keyed.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| full(one.1, other.1)));
        rows.clear();
        rows.extend(keyed.iter().map(|(_, row)| *row));
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

/// A number that is less for a row that comes before another, or the same: most rows need not be fetched to be compared.
/// In rows of bytes it is how soon the zeros at the beginning end, which most pictures have, and the six bytes there.
fn sorting_key(row: Row<'_>) -> u64 {
    let Row::U8(bytes) = row else { return 0 };
    // What is wider than this is compared in full.
    let Ok(width) = u16::try_from(bytes.len()) else {
        return 0;
    };
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let soon = u64::from(width) - zeros as u64;
    let next = bytes[zeros..].iter().copied().chain([0; KEY_BYTES]);
    next.take(KEY_BYTES)
        .fold(soon, |key, byte| key << 8 | u64::from(byte))
}

/// Features one after another. Negative zero equals zero, as it does when numbers are compared.
fn compare(one: Row<'_>, other: Row<'_>) -> Ordering {
    if let (Row::U8(one), Row::U8(other)) = (one, other) {
        return one.cmp(other);
    }
    one.iter()
        .zip(other.iter())
        .map(|(one, other)| (one + 0.0).total_cmp(&(other + 0.0)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn keys_never_contradict_the_order_of_rows(
            (one, other) in (1..20_usize).prop_flat_map(|width| {
                let row = || vec(prop_oneof![3 => Just(0_u8), 1 => Just(1), 1 => any::<u8>()], width);
                (row(), row())
            }),
        ) {
            let by_key = sorting_key(Row::U8(&one)).cmp(&sorting_key(Row::U8(&other)));
            prop_assert!(by_key.is_eq() || by_key == one.cmp(&other), "{one:?} {other:?}");
        }
    }
}
