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
mod tests {
    use super::*;
    use crate::{jobs::iris, table::Reading};

    fn measures(text: &str) -> Vec<Measures> {
        measure(&Table::parse("t", text.as_bytes(), &Reading::default()).unwrap())
    }

    fn near(found: f64, expected: f64) {
        let error = (found - expected).abs();
        assert!(error <= 1e-12 * expected.abs(), "{found} {expected}");
    }

    #[test]
    fn iris_is_as_its_description_says() {
        let text = std::str::from_utf8(iris::BYTES).unwrap();
        // The figures of iris.names are those of the rows before their correction.
        let (mut wrong, mut rows) = (0, Vec::new());
        for (number, row) in (1..).zip(text.split_whitespace()) {
            let is_wrong = number == 35 || number == 38;
            wrong += u32::from(is_wrong);
            rows.push(if is_wrong {
                "4.9,3.1,1.5,0.1,Iris-setosa"
            } else {
                row
            });
        }
        assert_eq!(wrong, 2);
        let round = |measures: &Measures| {
            let Measures {
                min,
                max,
                mean,
                sd,
                correlation,
                ..
            } = *measures;
            let (sd, correlation) = (sd.unwrap(), correlation.unwrap());
            format!("{min:.1} {max:.1} {mean:.2} {sd:.2} {correlation:.4}")
        };
        let described: Vec<String> = measures(&rows.join("\n")).iter().map(round).collect();
        assert_eq!(
            described,
            [
                "4.3 7.9 5.84 0.83 0.7826",
                "2.0 4.4 3.05 0.43 -0.4194",
                "1.0 6.9 3.76 1.76 0.9490",
                "0.1 2.5 1.20 0.76 0.9565",
            ]
        );
        let corrected: Vec<String> = measures(text).iter().map(round).collect();
        assert_eq!(
            corrected,
            [
                "4.3 7.9 5.84 0.83 0.7826",
                "2.0 4.4 3.06 0.44 -0.4267",
                "1.0 6.9 3.76 1.77 0.9490",
                "0.1 2.5 1.20 0.76 0.9565",
            ]
        );
    }

    #[test]
    fn large_small_and_distant_numbers_keep_their_digits() {
        let plain = measures("1,a\n2,a\n4,b\n9,b\n")[0];
        near(plain.mean, 4.0);
        near(plain.sd.unwrap(), (38.0_f64 / 3.0).sqrt());
        near(plain.eta_squared.unwrap(), 25.0 / 38.0);
        for factor in ["e307", "e-300", "e-310"] {
            let text = format!("1{factor},a\n2{factor},a\n4{factor},b\n9{factor},b\n");
            let found = measures(&text)[0];
            let scale: f64 = format!("1{factor}").parse().unwrap();
            let close = |found: f64, expected: f64| {
                assert!(
                    (found / expected - 1.0).abs() < 1e-9,
                    "{factor} {found} {expected}"
                );
            };
            close(found.mean / scale, 4.0);
            close(found.sd.unwrap() / scale, (38.0_f64 / 3.0).sqrt());
            close(found.eta_squared.unwrap(), 25.0 / 38.0);
            close(found.correlation.unwrap(), plain.correlation.unwrap());
        }
        let distant =
            measures("1000000000001,a\n1000000000002,a\n1000000000004,b\n1000000000009,b\n")[0];
        near(distant.sd.unwrap(), plain.sd.unwrap());
        near(distant.correlation.unwrap(), plain.correlation.unwrap());
        let extreme = measures("-1.7e308,a\n1.7e308,b\n")[0];
        assert_eq!((extreme.mean, extreme.sd), (0.0, Some(f64::INFINITY)));
        near(extreme.correlation.unwrap(), 1.0);
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        let found = measures("0.1,1,a\n0.1,2,b\n0.1,4,a\n");
        assert!(found[0].is_constant() && !found[1].is_constant());
        assert_eq!((found[0].mean, found[0].sd), (0.1, Some(0.0)));
        assert_eq!((found[0].correlation, found[0].eta_squared), (None, None));
        let one_class = measures("1,a\n2,a\n")[0];
        assert_eq!((one_class.correlation, one_class.eta_squared), (None, None));
        assert_eq!(measures("7,a\n")[0].sd, None);
    }

    #[test]
    fn bytes_are_measured_as_the_same_numbers_are() {
        let row = |row: u32| {
            (0..70)
                .map(|x| ((x * row * 7 + row) % 256).to_string())
                .collect::<Vec<_>>()
                .join(",")
        };
        let lines: Vec<String> = (0..40)
            .map(|at| format!("{},{}", row(at), at % 4))
            .collect();
        let bytes = lines.join(
            "
",
        );
        let table = Table::parse("t", bytes.as_bytes(), &Reading::default()).unwrap();
        let Features::Bytes(of_table) = &table.features else {
            panic!("bytes are expected");
        };
        let numbers = Table {
            features: Features::Numbers(of_table.iter().map(|byte| f64::from(*byte)).collect()),
            ..table.clone()
        };
        assert_eq!(measure(&table).len(), 70);
        assert_eq!(measure(&table), measure(&numbers));
    }
}
