//! Features on a scale: what it takes is found on the training rows, and applied to rows as they are fetched.

use brigade_protocol::{
    jobs::tune::{Partition, Scale},
    shm::Samples,
};

use super::ScoreError;

/// For each feature, what is subtracted and what the difference is divided by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaling {
    offsets: Vec<f64>,
    divisors: Vec<f64>,
}

impl Scaling {
    /// `None` where features stay as they are.
    pub(super) fn fit(
        samples: &Samples<'_>,
        partition: &Partition,
        scale: Scale,
    ) -> Result<Option<Self>, ScoreError> {
        let width = samples.feature_count();
        if scale == Scale::None {
            return Ok(None);
        }
        let training = partition.training_count();
        let (mut offsets, mut divisors) = (Vec::with_capacity(width), Vec::with_capacity(width));
        for feature in 0..width {
            let column =
                (0..training).map(move |at| samples.row(partition.training_row(at)).get(feature));
            let (offset, divisor) = match scale {
                Scale::MinMax => min_max(column.clone()),
                _ => standard(column.clone()),
            };
            // A feature that does not vary says nothing, on any scale; rounding may lend it a deviation.
            let is_constant = column
                .clone()
                .all(|number| Some(number) == column.clone().next());
            let divisor = if is_constant || divisor <= 0.0 {
                1.0
            } else {
                divisor
            };
            let all = (0..samples.len()).map(|row| samples.row(row).get(feature));
            if !all
                .map(|number| (number - offset) / divisor)
                .all(f64::is_finite)
            {
                return Err(ScoreError::Scale { feature });
            }
            offsets.push(offset);
            divisors.push(divisor);
        }
        Ok(Some(Self { offsets, divisors }))
    }

    /// Puts one number of a row on the scale.
    pub(super) fn scaled(&self, feature: usize, number: f64) -> f64 {
        (number - self.offsets[feature]) / self.divisors[feature]
    }

    /// Puts one row on the scale.
    pub(super) fn apply(&self, row: &mut [f64]) {
        for ((number, offset), divisor) in row.iter_mut().zip(&self.offsets).zip(&self.divisors) {
            *number = (*number - offset) / divisor;
        }
    }
}

/// Mean and standard deviation, in two passes for the sake of precision.
fn standard(column: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let count = column.len() as f64;
    let mean = column.clone().sum::<f64>() / count;
    let variance = column.map(|number| (number - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// Smallest and range.
fn min_max(column: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let least = column.clone().fold(f64::INFINITY, f64::min);
    let most = column.fold(f64::NEG_INFINITY, f64::max);
    (least, most - least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_those_of_the_formulas() {
        let column = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(standard(column.into_iter()), (5.0, 2.0));
        assert_eq!(min_max(column.into_iter()), (2.0, 7.0));
        let scaling = Scaling {
            offsets: vec![5.0],
            divisors: vec![2.0],
        };
        let mut row = [9.0];
        scaling.apply(&mut row);
        assert_eq!(row, [2.0]);
    }
}
