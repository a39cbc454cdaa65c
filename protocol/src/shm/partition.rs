//! One training set and its testing set. Where a rule gives the rows, positions become row numbers by arithmetic;
//! of folds, which are shuffled, the row numbers are kept, four bytes each.

use std::num::NonZeroU32;

use super::split::KFold;

/// A training set and a testing set of the rows of a table, each in the order of the file.
///
/// Made by [`Split::partition`](super::Split::partition).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    rule: Rule,
    rows: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    EveryNth(NonZeroU32),
    HoldOut {
        training: usize,
    },
    Listed {
        training: Vec<u32>,
        testing: Vec<u32>,
    },
}

impl Partition {
    pub(super) fn every(nth: NonZeroU32, rows: usize) -> Self {
        Self {
            rule: Rule::EveryNth(nth),
            rows,
        }
    }

    pub(super) fn hold_out(training: u32, rows: usize) -> Self {
        let training = (training as usize).min(rows);
        Self {
            rule: Rule::HoldOut { training },
            rows,
        }
    }

    /// Deals the rows of each class out to the folds in turn, in an order that the seed decides.
    pub(super) fn fold(kfold: KFold, index: u32, class_ids: &[u32]) -> Self {
        let KFold { folds, seed, .. } = kfold;
        let folds = folds.max(1);
        let (repeat, fold) = (index / folds, index % folds);
        // Row numbers fit: a segment has at most u32::MAX rows.
        let mut order: Vec<u32> = (0..).take(class_ids.len()).collect();
        fastrand::Rng::with_seed(seed ^ (u64::from(repeat) << 32)).shuffle(&mut order);
        if kfold.is_stratified {
            order.sort_by_key(|&row| class_ids[row as usize]);
        }
        let (mut testing, mut training) = (Vec::new(), Vec::new());
        for (place, row) in (0..folds).cycle().zip(order) {
            if place == fold {
                testing.push(row);
            } else {
                training.push(row);
            }
        }
        testing.sort_unstable();
        training.sort_unstable();
        Self {
            rule: Rule::Listed { training, testing },
            rows: class_ids.len(),
        }
    }

    /// How many rows test.
    #[must_use]
    pub const fn testing_count(&self) -> usize {
        match &self.rule {
            Rule::EveryNth(nth) => self.rows.div_ceil(nth.get() as usize),
            Rule::HoldOut { training } => self.rows - *training,
            Rule::Listed { testing, .. } => testing.len(),
        }
    }

    /// How many rows train.
    #[must_use]
    pub const fn training_count(&self) -> usize {
        self.rows - self.testing_count()
    }

    /// How many rows there are.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The row number of a position in the testing set.
    ///
    /// # Panics
    /// When rows are listed and there is no such position; a rule computes a row number beyond the table.
    #[must_use]
    pub fn testing_row(&self, position: usize) -> usize {
        match &self.rule {
            Rule::EveryNth(nth) => position.saturating_mul(nth.get() as usize),
            Rule::HoldOut { training } => training.saturating_add(position),
            Rule::Listed { testing, .. } => testing[position] as usize,
        }
    }

    /// The row number of a position in the training set.
    ///
    /// # Panics
    /// As [`testing_row`](Self::testing_row).
    #[must_use]
    pub fn training_row(&self, position: usize) -> usize {
        match &self.rule {
            // With `every:1` there is no training position; the divisor only has to exist.
            Rule::EveryNth(nth) => match nth.get() as usize - 1 {
                0 => position,
                run => (position / run)
                    .saturating_mul(run + 1)
                    .saturating_add(1 + position % run),
            },
            Rule::HoldOut { .. } => position,
            Rule::Listed { training, .. } => training[position] as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shm::Split;

    fn sets(partition: &Partition) -> (Vec<usize>, Vec<usize>) {
        let testing = 0..partition.testing_count();
        let training = 0..partition.training_count();
        (
            testing.map(|at| partition.testing_row(at)).collect(),
            training.map(|at| partition.training_row(at)).collect(),
        )
    }

    #[test]
    fn rules_enumerate_the_rows() {
        for rows in 0..50 {
            let class_ids = vec![0; rows];
            for nth in 2..9 {
                let split = Split::every(nth).unwrap();
                let expected = (0..rows).partition(|row| row % nth as usize == 0);
                assert_eq!(
                    sets(&split.partition(0, &class_ids)),
                    expected,
                    "{split} of {rows}"
                );
            }
            for training in [0, 1, 20, 80] {
                let split = Split::HoldOut { training };
                let expected = (0..rows).partition(|row| *row >= training as usize);
                assert_eq!(
                    sets(&split.partition(0, &class_ids)),
                    expected,
                    "{split} of {rows}"
                );
            }
        }
    }

    #[test]
    fn each_row_tests_in_one_fold_of_each_repeat() {
        let class_ids: Vec<u32> = (0..103).map(|row| row % 7 / 3).collect();
        for text in ["kfold:5x2", "kfold:4x2:seed=3:plain"] {
            let split: Split = text.parse().unwrap();
            let half = split.partitions() / 2;
            for repeat in 0..2 {
                let mut tested = Vec::new();
                for index in repeat * half..(repeat + 1) * half {
                    let (testing, training) = sets(&split.partition(index, &class_ids));
                    assert!(testing.is_sorted() && training.is_sorted());
                    assert!(testing.len().abs_diff(103 / half as usize) <= 1);
                    let mut all = [testing.clone(), training].concat();
                    all.sort_unstable();
                    assert!(all.into_iter().eq(0..103));
                    tested.extend(testing);
                }
                tested.sort_unstable();
                assert!(tested.into_iter().eq(0..103));
            }
            let first = sets(&split.partition(0, &class_ids));
            assert_eq!(
                first,
                sets(&split.partition(0, &class_ids)),
                "the same each time"
            );
            assert_ne!(
                first,
                sets(&split.partition(half, &class_ids)),
                "another shuffle"
            );
        }
    }

    #[test]
    fn stratified_folds_have_their_share_of_each_class() {
        let class_ids: Vec<u32> = (0..100).map(|row| u32::from(row < 10)).collect();
        let split = Split::kfold(5).unwrap();
        for index in 0..5 {
            let (testing, _) = sets(&split.partition(index, &class_ids));
            let rare = testing.iter().filter(|&&row| class_ids[row] == 1).count();
            assert_eq!((testing.len(), rare), (20, 2));
        }
    }
}
