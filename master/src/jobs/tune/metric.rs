//! How good a classification is, from counts of what was right and what was said.

use std::{collections::BTreeMap, fmt, str::FromStr};

use thiserror::Error;

/// So few classes are counted in a table of all pairs, which is faster than sorting.
const FEW_CLASSES: usize = 32;

/// How often samples of one class were taken for those of another, or rightly for their own. Only pairs that occur
/// take room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Confusion {
    /// By right class and predicted class.
    counts: BTreeMap<(u32, u32), u64>,
}

/// What there is to know about one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ClassCounts {
    /// Samples of this class.
    pub(crate) support: u64,
    /// Samples that were taken for this class.
    pub(crate) predicted: u64,
    /// Samples of this class that were taken for it.
    pub(crate) passed: u64,
}

impl Confusion {
    /// Counts a block of samples: the right class of each, and the predicted one.
    pub(crate) fn count(&mut self, right: &[u32], predicted: &[u32]) {
        let pairs = || right.iter().copied().zip(predicted.iter().copied());
        let classes = right.iter().chain(predicted).max();
        let classes = classes.map_or(0, |&most| most as usize + 1);
        if classes <= FEW_CLASSES {
            let mut counts = vec![0_u64; classes * classes];
            for (right, predicted) in pairs() {
                counts[right as usize * classes + predicted as usize] += 1;
            }
            let of_pairs = (0..).flat_map(|right| (0..classes).map(move |class| (right, class)));
            for ((right, predicted), count) in of_pairs.zip(counts).filter(|(_, count)| *count > 0)
            {
                // Fits, as one of few.
                let predicted = u32::try_from(predicted).unwrap_or(u32::MAX);
                *self.counts.entry((right, predicted)).or_default() += count;
            }
            return;
        }
        let mut pairs: Vec<(u32, u32)> = pairs().collect();
        pairs.sort_unstable();
        for run in pairs.chunk_by(PartialEq::eq) {
            *self.counts.entry(run[0]).or_default() += run.len() as u64;
        }
    }

    /// Adds another count to this one.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (&pair, count) in &other.counts {
            *self.counts.entry(pair).or_default() += count;
        }
    }

    /// Pairs of right and predicted class with their counts, in the order of the classes.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (u32, u32, u64)> {
        self.counts
            .iter()
            .map(|(&(right, predicted), &count)| (right, predicted, count))
    }

    /// How many samples were counted.
    pub(crate) fn tested(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many of them were classified correctly.
    pub(crate) fn passed(&self) -> u64 {
        let correct = self
            .pairs()
            .filter(|(right, predicted, _)| right == predicted);
        correct.map(|(_, _, count)| count).sum()
    }

    /// The classes that occur, as right or as predicted ones, in the order of their ids.
    pub(crate) fn classes(&self) -> BTreeMap<u32, ClassCounts> {
        let mut classes: BTreeMap<u32, ClassCounts> = BTreeMap::new();
        for (right, predicted, count) in self.pairs() {
            let class = classes.entry(right).or_default();
            class.support += count;
            class.passed += if right == predicted { count } else { 0 };
            classes.entry(predicted).or_default().predicted += count;
        }
        classes
    }
}

impl ClassCounts {
    /// The share of samples taken for this class that are of it; 0 when there is none.
    pub(crate) fn precision(self) -> f64 {
        share(self.passed, self.predicted)
    }

    /// The share of samples of this class that were taken for it; 0 when there is none.
    pub(crate) fn recall(self) -> f64 {
        share(self.passed, self.support)
    }

    /// The harmonic mean of precision and recall; 0 when both are.
    pub(crate) fn f1(self) -> f64 {
        share(2 * self.passed, self.support + self.predicted)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// What is to be as great as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Metric {
    /// The share of samples that were classified correctly.
    #[default]
    Accuracy,
    /// The mean recall of the classes that were tested.
    BalancedAccuracy,
    /// The mean F1 of the classes that were tested or predicted.
    F1Macro,
}

impl Metric {
    const ALL: [(&'static str, Self); 3] = [
        ("accuracy", Self::Accuracy),
        ("balanced-accuracy", Self::BalancedAccuracy),
        ("f1-macro", Self::F1Macro),
    ];

    /// The value, from 0 to 1; 0 when nothing was counted. The same as scikit-learn's `accuracy_score`,
    /// `balanced_accuracy_score` and `f1_score(average="macro", zero_division=0)`.
    pub(crate) fn of(self, confusion: &Confusion) -> f64 {
        let classes = || confusion.classes().into_values();
        match self {
            Self::Accuracy => share(confusion.passed(), confusion.tested()),
            Self::BalancedAccuracy => mean(
                classes()
                    .filter(|class| class.support > 0)
                    .map(ClassCounts::recall),
            ),
            Self::F1Macro => mean(classes().map(ClassCounts::f1)),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}

/// A word that names no metric.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown metric `{word}`: expected accuracy, balanced-accuracy or f1-macro")]
pub(crate) struct MetricError {
    word: String,
}

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(word: &str) -> Result<Self, MetricError> {
        let known = Self::ALL.iter().find(|(name, _)| *name == word);
        known.map(|(_, metric)| *metric).ok_or_else(|| MetricError {
            word: word.to_owned(),
        })
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(_, metric)| metric == self);
        out.pad(known.map_or("", |(name, _)| *name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    }

    /// Classes 0, 1, 2 with 5, 3, 2 samples.
    fn three() -> Confusion {
        let mut confusion = Confusion::default();
        confusion.count(&[0, 0, 0, 0, 0, 1, 1], &[0, 0, 0, 0, 1, 1, 1]);
        confusion.count(&[1, 2, 2], &[2, 0, 2]);
        confusion
    }

    #[test]
    fn metrics_equal_those_worked_out_by_hand() {
        let confusion = three();
        assert_eq!((confusion.passed(), confusion.tested()), (7, 10));
        assert_near(Metric::Accuracy.of(&confusion), 0.7);
        // Recalls 4/5, 2/3, 1/2.
        assert_near(
            Metric::BalancedAccuracy.of(&confusion),
            (0.8 + 2.0 / 3.0 + 0.5) / 3.0,
        );
        // Predicted 5, 3, 2: F1 8/10, 4/6, 2/4.
        assert_near(
            Metric::F1Macro.of(&confusion),
            (0.8 + 2.0 / 3.0 + 0.5) / 3.0,
        );
    }

    /// Class 1 is predicted and never right; class 2 is neither.
    #[test]
    fn classes_that_do_not_occur_count_as_scikit_learn_counts_them() {
        let mut confusion = Confusion::default();
        confusion.count(&[0, 0, 3], &[0, 1, 3]);
        assert_near(Metric::Accuracy.of(&confusion), 2.0 / 3.0);
        // Recalls of 0 and 3.
        assert_near(Metric::BalancedAccuracy.of(&confusion), 0.75);
        // F1 of 0 (2/3), 1 (0) and 3 (1).
        assert_near(Metric::F1Macro.of(&confusion), (2.0 / 3.0 + 1.0) / 3.0);
        for (_, metric) in Metric::ALL {
            assert_near(metric.of(&Confusion::default()), 0.0);
        }
    }

    #[test]
    fn counts_add_up_in_any_order() {
        let mut one = Confusion::default();
        one.count(&[2, 1, 2], &[0, 2, 2]);
        let mut other = Confusion::default();
        other.count(&[0, 0, 0, 1, 0, 0, 1], &[0, 1, 0, 1, 0, 0, 1]);
        one.merge(&other);
        assert_eq!(one, three());
        let class = three().classes()[&1];
        assert_eq!((class.support, class.predicted, class.passed), (3, 3, 2));
    }

    #[test]
    fn names_round_trip() {
        for (name, metric) in Metric::ALL {
            assert_eq!(
                (name.parse(), metric.to_string()),
                (Ok(metric), name.to_owned())
            );
        }
        assert!(
            "auc"
                .parse::<Metric>()
                .unwrap_err()
                .to_string()
                .contains("`auc`")
        );
    }
}
