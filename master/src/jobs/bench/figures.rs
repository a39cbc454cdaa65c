//! What several measurements of one thing say.

use std::time::Duration;

/// What the median absolute deviation of normally distributed values is multiplied by to be their standard deviation.
const AS_DEVIATION: f64 = 1.4826;

/// By how much the median of normally distributed values is less certain than their mean.
const OF_MEDIANS: f64 = 1.2533;

/// A value is an outlier if it is this many deviations away from the median, and by this share of it. Runs that
/// agree closely would else have outliers of a microsecond.
const OUTLYING_DEVIATIONS: f64 = 5.0;
const OUTLYING_SHARE: f64 = 0.1;

/// What several times have in common, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    /// In the order in which they were measured.
    pub(crate) times: Vec<f64>,
    pub(crate) median: f64,
    pub(crate) mean: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// The median of the distances from the median.
    pub(crate) mad: f64,
    /// The standard deviation of a sample: n - 1 in the denominator.
    pub(crate) deviation: f64,
}

impl Figures {
    /// The figures of these times; `None` if there are none.
    pub(crate) fn of(times: &[Duration]) -> Option<Self> {
        Self::of_seconds(times.iter().map(Duration::as_secs_f64).collect())
    }

    pub(super) fn of_seconds(times: Vec<f64>) -> Option<Self> {
        let median = median(&times)?;
        let mad = self::median(&distances(&times, median))?;
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
        Some(Self {
            median,
            mean,
            least: times.iter().copied().fold(f64::INFINITY, f64::min),
            most: times.iter().copied().fold(0.0, f64::max),
            mad,
            deviation: (squares / (count - 1.0).max(1.0)).sqrt(),
            times,
        })
    }

    /// How far times are from the median, usually: a standard deviation that outliers do not move.
    pub(crate) fn spread(&self) -> f64 {
        AS_DEVIATION * self.mad
    }

    /// The spread as a share of the median.
    pub(crate) fn noise(&self) -> f64 {
        share(self.spread(), self.median)
    }

    /// How far the median may be from the one that endless runs would have: its standard error.
    pub(super) fn uncertainty(&self) -> f64 {
        let count = self.times.len() as f64;
        // Few runs may agree by chance: what the least and the most of them say is not forgotten.
        let range = (self.most - self.least) / count;
        (OF_MEDIANS * self.spread() / count.sqrt()).max(range / 2.0)
    }

    /// How many times are far away from all others.
    pub(super) fn outliers(&self) -> usize {
        let far = (OUTLYING_DEVIATIONS * self.spread()).max(OUTLYING_SHARE * self.median);
        let distances = distances(&self.times, self.median);
        distances.iter().filter(|distance| **distance > far).count()
    }
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle)?;
    let lower = sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

/// A part of a whole; none of nothing.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn distances(values: &[f64], from: f64) -> Vec<f64> {
    values.iter().map(|value| (value - from).abs()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(times: &[f64]) -> Figures {
        Figures::of_seconds(times.to_vec()).unwrap()
    }

    fn is_near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn medians_and_deviations_are_those_of_the_textbooks() {
        let odd = figures(&[1.0, 5.0, 2.0, 4.0, 3.0]);
        assert!(is_near(odd.median, 3.0) && is_near(odd.mean, 3.0) && is_near(odd.mad, 1.0));
        assert!(is_near(odd.deviation, 2.5_f64.sqrt()));
        assert!(is_near(odd.least, 1.0) && is_near(odd.most, 5.0));
        let even = figures(&[4.0, 1.0, 2.0, 3.0]);
        assert!(is_near(even.median, 2.5) && is_near(even.mad, 1.0));
        assert_eq!(Figures::of(&[]), None);
    }

    #[test]
    fn one_time_is_its_own_median_and_has_no_spread() {
        let one = figures(&[0.25]);
        assert!(is_near(one.median, 0.25) && is_near(one.spread(), 0.0));
        assert!(is_near(one.deviation, 0.0) && is_near(one.uncertainty(), 0.0));
        assert_eq!(one.outliers(), 0);
    }

    #[test]
    fn one_bad_run_moves_neither_median_nor_spread_and_is_an_outlier() {
        let quiet = figures(&[1.0, 1.01, 0.99, 1.02, 0.98]);
        let disturbed = figures(&[1.0, 1.01, 0.99, 1.02, 3.0]);
        assert!((quiet.median - disturbed.median).abs() < 0.02);
        assert!(disturbed.noise() < 0.03, "{}", disturbed.noise());
        assert_eq!((quiet.outliers(), disturbed.outliers()), (0, 1));
        // Far away by deviations, and yet by a millionth.
        assert_eq!(figures(&[1.0, 1.0, 1.0, 1.0, 1.000_001]).outliers(), 0);
    }

    #[test]
    fn more_runs_are_more_certain() {
        let few = figures(&[1.0, 1.2, 1.1]);
        let many = figures(&[1.0, 1.2, 1.1].repeat(16));
        assert!(is_near(few.median, many.median));
        assert!(few.uncertainty() > 3.0 * many.uncertainty());
    }
}
