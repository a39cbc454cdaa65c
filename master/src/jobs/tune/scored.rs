//! A cell of the grid with all that was found out about it.

use brigade_protocol::jobs::tune::Distance;

use super::metric::Confusion;

/// One cell of the grid, tested.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scored {
    /// How many neighbours vote.
    pub(crate) k: u32,
    /// What makes them near.
    pub(crate) distance: Distance,
    /// What the metric says of each partition; `None` of those that were not completed.
    pub(crate) scores: Vec<Option<f64>>,
    /// The mean of the scores.
    pub(crate) quality: f64,
    /// The standard deviation of the scores, with n in the denominator as numpy's.
    pub(crate) sd: f64,
    /// One more than the number of cells that are better.
    pub(crate) rank: u32,
    /// The counts of all completed partitions.
    pub(crate) confusion: Confusion,
}

impl Scored {
    /// A cell that is not ranked yet; `None` if no partition was completed.
    pub(crate) fn new(
        k: u32,
        distance: Distance,
        scores: Vec<Option<f64>>,
        confusion: Confusion,
    ) -> Option<Self> {
        let known = sorted(&scores);
        let count = known.len() as f64;
        let quality = mean(&scores)?;
        let squares = known.iter().map(|score| (score - quality).powi(2));
        let sd = (squares.sum::<f64>() / count).sqrt();
        Some(Self {
            k,
            distance,
            scores,
            quality,
            sd,
            rank: 1,
            confusion,
        })
    }

    /// Testing samples that were classified correctly.
    pub(crate) fn passed(&self) -> u64 {
        self.confusion.passed()
    }

    /// Testing samples.
    pub(crate) fn tested(&self) -> u64 {
        self.confusion.tested()
    }
}

/// The scores that are known, in the order of their size, so that the same scores give the same sum, whichever folds
/// had them.
fn sorted(scores: &[Option<f64>]) -> Vec<f64> {
    let mut known: Vec<f64> = scores.iter().copied().flatten().collect();
    known.sort_by(f64::total_cmp);
    known
}

/// The mean of the scores that are known, if any is.
pub(super) fn mean(scores: &[Option<f64>]) -> Option<f64> {
    let known = sorted(scores);
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Ranks cells by quality as scikit-learn does: the best is 1, and equals share the lowest rank.
pub(crate) fn rank(cells: &mut [Scored]) {
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|&one, &other| cells[other].quality.total_cmp(&cells[one].quality));
    let mut shared = (f64::NAN, 1);
    for (place, cell) in (1..).zip(order) {
        let cell = &mut cells[cell];
        if cell.quality.total_cmp(&shared.0).is_ne() {
            shared = (cell.quality, place);
        }
        cell.rank = shared.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(scores: &[Option<f64>]) -> Option<Scored> {
        Scored::new(
            1,
            Distance::Euclidean,
            scores.to_vec(),
            Confusion::default(),
        )
    }

    #[test]
    fn mean_and_deviation_are_those_of_the_known_scores() {
        let scored = cell(&[Some(0.5), None, Some(1.0), Some(0.75)]).unwrap();
        assert!((scored.quality - 0.75).abs() < 1e-12);
        assert!((scored.sd - (0.125_f64 / 3.0).sqrt()).abs() < 1e-12);
        let one = cell(&[Some(29.0 / 30.0)]).unwrap();
        assert_eq!(
            (one.quality.to_bits(), one.sd.to_bits()),
            ((29.0_f64 / 30.0).to_bits(), 0)
        );
        assert_eq!(cell(&[None]), None);
        assert_eq!(cell(&[]), None);
    }

    #[test]
    fn equals_share_the_lowest_rank() {
        let mut cells: Vec<Scored> = [0.5, 0.9, 0.7, 0.9, 0.7, 0.1]
            .iter()
            .filter_map(|&score| cell(&[Some(score)]))
            .collect();
        rank(&mut cells);
        let ranks: Vec<u32> = cells.iter().map(|cell| cell.rank).collect();
        assert_eq!(ranks, [5, 1, 3, 1, 3, 6]);
        rank(&mut []);
    }

    #[test]
    fn the_same_scores_in_other_folds_are_equal() {
        let one = cell(&[Some(0.1), Some(0.2), Some(0.3)]).unwrap();
        let other = cell(&[Some(0.3), Some(0.2), Some(0.1)]).unwrap();
        assert_eq!(one.quality.to_bits(), other.quality.to_bits());
    }
}
