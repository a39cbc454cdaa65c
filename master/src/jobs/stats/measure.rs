//! The measures of each feature.
//!
//! The mean is found first and deviations from it are summed up afterwards, so nothing cancels. Each feature is
//! brought below 2 by a power of two, which changes no digit, so no sum overflows whatever the numbers are.

use crate::table::{Features, Table};

/// Features measured in one go over the rows: enough to make use of a cache line, and few enough that a sum for each
/// class stays small where there are many classes.
const TOGETHER: usize = 32;

/// What one feature is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measures {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
    /// The standard deviation of a sample, n − 1 in the denominator; none of a single row. Infinite where it is
    /// larger than the largest number.
    pub(crate) sd: Option<f64>,
    /// Pearson's correlation with the number of the class; none where one of the two does not vary.
    pub(crate) correlation: Option<f64>,
    /// The variance between the classes as a share of all variance, from 0 to 1; none as above.
    pub(crate) eta_squared: Option<f64>,
}

impl Measures {
    /// Whether all rows have the same number.
    pub(crate) fn is_constant(&self) -> bool {
        self.min >= self.max
    }
}

/// Measures every feature.
pub(crate) fn measure(table: &Table) -> Vec<Measures> {
    let classes = Classes::new(table);
    (0..table.width)
        .step_by(TOGETHER)
        .flat_map(|first| Block::new(table, first).measures(&classes))
        .collect()
}

/// What the numbers of the classes are like.
struct Classes {
    /// Rows of each class.
    counts: Vec<f64>,
    mean: f64,
    /// Squares of deviations from the mean.
    squares: f64,
}

impl Classes {
    fn new(table: &Table) -> Self {
        let mut counts = vec![0.0; table.class_names.len()];
        for &class_id in &table.class_ids {
            counts[class_id as usize] += 1.0;
        }
        let rows = table.rows() as f64;
        let numbered = || counts.iter().enumerate();
        let mean = numbered().map(|(id, count)| id as f64 * count).sum::<f64>() / rows;
        let squares = numbered()
            .map(|(id, count)| count * (id as f64 - mean).powi(2))
            .sum();
        Self {
            counts,
            mean,
            squares,
        }
    }

    fn is_one(&self) -> bool {
        self.counts.iter().filter(|count| **count > 0.0).count() < 2
    }
}

/// Features that stand side by side.
struct Block<'a> {
    table: &'a Table,
    first: usize,
    width: usize,
}

/// The sums over deviations from the mean.
#[derive(Clone, Default)]
struct Sums {
    deviations: f64,
    squares: f64,
    products: f64,
}

impl<'a> Block<'a> {
    fn new(table: &'a Table, first: usize) -> Self {
        Self {
            table,
            first,
            width: TOGETHER.min(table.width - first),
        }
    }

    /// Shows every row's features and class id.
    fn each_row(&self, mut see: impl FnMut(&[f64], usize)) {
        let Self {
            table,
            first,
            width,
        } = *self;
        let mut row = [0.0; TOGETHER];
        for (at, &class_id) in table.class_ids.iter().enumerate() {
            let place = at * table.width + first..at * table.width + first + width;
            match &table.features {
                Features::Numbers(numbers) => row[..width].copy_from_slice(&numbers[place]),
                Features::Bytes(bytes) => {
                    for (number, byte) in row.iter_mut().zip(&bytes[place]) {
                        *number = f64::from(*byte);
                    }
                }
            }
            see(&row[..width], class_id as usize);
        }
    }

    fn measures(&self, classes: &Classes) -> Vec<Measures> {
        let width = self.width;
        let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); width];
        self.each_row(|row, _| {
            for ((min, max), number) in ranges.iter_mut().zip(row) {
                (*min, *max) = (min.min(*number), max.max(*number));
            }
        });
        let units: Vec<f64> = ranges.iter().map(|range| unit(*range)).collect();
        let rows = self.table.rows() as f64;
        let mut means = vec![0.0; width];
        self.each_row(|row, _| {
            for ((mean, number), unit) in means.iter_mut().zip(row).zip(&units) {
                *mean += number / unit;
            }
        });
        for mean in &mut means {
            *mean /= rows;
        }
        let mut sums = vec![Sums::default(); width];
        let mut by_class = vec![0.0; width * classes.counts.len()];
        self.each_row(|row, class_id| {
            let number_of_class = class_id as f64 - classes.mean;
            let of_class = &mut by_class[class_id * width..][..width];
            for (feature, number) in row.iter().enumerate() {
                let deviation = number / units[feature] - means[feature];
                let sums = &mut sums[feature];
                sums.deviations += deviation;
                sums.squares += deviation * deviation;
                sums.products += deviation * number_of_class;
                of_class[feature] += deviation;
            }
        });
        let finished = (0..width).map(|feature| {
            let between = by_class.iter().skip(feature).step_by(width);
            let between = between.zip(&classes.counts).map(|(sum, count)| {
                let sum = sum - sums[feature].deviations / rows * count;
                sum * sum / count.max(1.0)
            });
            let scaled = (units[feature], means[feature]);
            finish(
                ranges[feature],
                scaled,
                &sums[feature],
                between.sum(),
                classes,
                rows,
            )
        });
        finished.collect()
    }
}

/// A power of two near the largest magnitude: numbers divided by it are below 2.
fn unit((min, max): (f64, f64)) -> f64 {
    let largest = min.abs().max(max.abs());
    // The bits of the exponent alone. Subnormal numbers have none; the least normal number does for them.
    let power = f64::from_bits(largest.to_bits() & 0x7ff0_0000_0000_0000);
    if power > 0.0 {
        power
    } else {
        f64::MIN_POSITIVE
    }
}

/// The measures on the scale of the numbers.
fn finish(
    (min, max): (f64, f64),
    (unit, mean): (f64, f64),
    sums: &Sums,
    between: f64,
    classes: &Classes,
    rows: f64,
) -> Measures {
    // What rounding has left of the deviations, which would sum up to zero.
    let rest = sums.deviations / rows;
    let squares = (sums.squares - sums.deviations * rest).max(0.0);
    let is_told = min < max && squares > 0.0 && !classes.is_one();
    let correlation = || sums.products / (squares.sqrt() * classes.squares.sqrt());
    Measures {
        min,
        max,
        mean: if min < max {
            ((mean + rest) * unit).clamp(min, max)
        } else {
            min
        },
        sd: (rows > 1.0).then(|| {
            if min < max {
                (squares / (rows - 1.0)).sqrt() * unit
            } else {
                0.0
            }
        }),
        correlation: is_told.then(|| correlation().clamp(-1.0, 1.0)),
        eta_squared: is_told.then(|| (between / squares).clamp(0.0, 1.0)),
    }
}

#[cfg(test)]
mod tests;
