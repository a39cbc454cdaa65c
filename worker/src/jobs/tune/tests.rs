//! The computation against a reference that is as plain as can be: every distance, a full sort, a count.

use std::cmp::Ordering;

use brigade_protocol::{
    jobs::tune::{Scale, Weights},
    shm::{RowWriter, SamplesBuilder, Segment},
};
use proptest::{collection::vec, prelude::*};

use super::*;

mod floats;

fn distance(kind: Distance, one: &[f64], other: &[f64]) -> f64 {
    let pairs = || one.iter().zip(other);
    let absolute = || pairs().fold(0.0, |sum, (a, b)| sum + (a - b).abs());
    match kind {
        Distance::Euclidean => pairs()
            .fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
            .sqrt(),
        Distance::Manhattan => absolute(),
        Distance::Chebyshev => pairs().fold(0.0, |max, (a, b)| (a - b).abs().max(max)),
        Distance::Sorensen => {
            kernel::sorensen(absolute(), pairs().fold(0.0, |sum, (a, b)| sum + (a + b)))
        }
        Distance::Cosine => {
            let sum = |one: &[f64], other: &[f64]| {
                one.iter().zip(other).fold(0.0, |sum, (a, b)| sum + a * b)
            };
            kernel::cosine(sum(one, other), sum(one, one), sum(other, other))
        }
        Distance::Canberra => pairs().fold(0.0, |sum, (&a, &b)| sum + kernel::canberra(a, b)),
        Distance::Hamming => pairs().filter(|(a, b)| a != b).count() as f64 / one.len() as f64,
        Distance::Minkowski(exponent) => pairs()
            .fold(0.0, |sum, (a, b)| sum + (a - b).abs().powf(exponent.get()))
            .powf(1.0 / exponent.get()),
    }
}

/// The training rows' scale, found as plainly as can be.
fn scaled(rows: &[Vec<f64>], training: &[usize], scale: Scale) -> Vec<Vec<f64>> {
    let mut rows = rows.to_vec();
    for feature in 0..rows[0].len() {
        let column: Vec<f64> = training.iter().map(|&row| rows[row][feature]).collect();
        let count = column.len() as f64;
        let (offset, divisor) = match scale {
            Scale::None => continue,
            Scale::Standard => {
                let mean = column.iter().sum::<f64>() / count;
                let squares = column.iter().map(|number| (number - mean).powi(2));
                (mean, (squares.sum::<f64>() / count).sqrt())
            }
            Scale::MinMax => {
                let least = column.iter().copied().reduce(f64::min).unwrap();
                let most = column.iter().copied().reduce(f64::max).unwrap();
                (least, most - least)
            }
        };
        let is_constant = column.iter().all(|number| *number == column[0]);
        let divisor = if is_constant || divisor <= 0.0 {
            1.0
        } else {
            divisor
        };
        for row in &mut rows {
            row[feature] = (row[feature] - offset) / divisor;
        }
    }
    rows
}

/// The class of the nearest k, from all training rows sorted.
fn elect(nearest: &[(f64, u32)], weights: Weights) -> u32 {
    let is_there = nearest.iter().any(|(distance, _)| *distance == 0.0);
    let mut counter: Vec<(u32, f64)> = Vec::new();
    for (distance, class) in nearest {
        let weight = match weights {
            Weights::Uniform => 1.0,
            Weights::Distance if is_there => f64::from(u8::from(*distance == 0.0)),
            Weights::Distance => 1.0 / distance,
        };
        match counter.iter_mut().find(|(known, _)| known == class) {
            Some((_, votes)) => *votes += weight,
            None => counter.push((*class, weight)),
        }
    }
    let most = counter.iter().map(|(_, votes)| *votes).reduce(f64::max);
    counter
        .iter()
        .find(|(_, votes)| Some(*votes) == most)
        .unwrap()
        .0
}

fn reference(samples: &Samples<'_>, input: &Input) -> Vec<u32> {
    let partition = input.split.partition(input.partition, samples.class_ids());
    let training: Vec<usize> = (0..partition.training_count())
        .map(|at| partition.training_row(at))
        .collect();
    let raw: Vec<Vec<f64>> = samples
        .iter()
        .map(|sample| sample.features().to_vec())
        .collect();
    let rows = scaled(&raw, &training, input.scale);
    let mut predicted = Vec::new();
    for &kind in &input.distances {
        let sorted: Vec<Vec<(f64, u32)>> = input
            .testing
            .clone()
            .map(|position| {
                let unknown = &rows[partition.testing_row(position as usize)];
                let mut known: Vec<_> = training
                    .iter()
                    .map(|&row| {
                        (
                            distance(kind, unknown, &rows[row]),
                            &raw[row],
                            samples.sample(row).class(),
                            row,
                        )
                    })
                    .collect();
                known.sort_by(|one, other| {
                    let order = (one.0, one.1, one.2).partial_cmp(&(other.0, other.1, other.2));
                    order.unwrap_or(Ordering::Equal)
                });
                known
                    .iter()
                    .map(|&(distance, _, _, row)| (distance, samples.class_id(row)))
                    .collect()
            })
            .collect();
        for &k in &input.ks {
            let nearest = sorted.iter().map(|sorted| &sorted[..k as usize]);
            predicted.extend(nearest.map(|nearest| elect(nearest, input.weights)));
        }
    }
    predicted
}

/// Sends every table through f32 that bounds allow it for.
const ANY_TABLE: Least = Least {
    numbers: 0,
    rows_per_neighbour: 0,
    rows_per_settled: 0,
};

#[derive(Debug)]
struct Case {
    width: usize,
    rows: Vec<(Vec<f64>, u32)>,
    split: Split,
    partition: prop::sample::Index,
    distances: Vec<Distance>,
    weights: Weights,
    scale: Scale,
    ks: Vec<prop::sample::Index>,
    ends: (prop::sample::Index, prop::sample::Index),
    is_pruned: bool,
}

/// Random, tied, constant, tiny, huge and mixed features.
fn feature() -> impl Strategy<Value = BoxedStrategy<f64>> {
    prop_oneof![
        Just((-9.0..9.0).boxed()),
        Just((0..3_i8).prop_map(f64::from).boxed()),
        Just(
            (-2..3_i8)
                .prop_map(|number| f64::from(number) / 10.0)
                .boxed()
        ),
        Just(prop_oneof![Just(0.0), Just(-0.0)].boxed()),
        Just((0.0..4e-323).boxed()),
        Just(prop_oneof![-1.7e308..1.7e308, -1e160..1e160].boxed()),
        Just(prop_oneof![Just(0.0), Just(1e300), Just(-1e300), 0.0..1.0].boxed()),
    ]
}

fn distances() -> Vec<Distance> {
    let more = [
        "cosine",
        "canberra",
        "hamming",
        "minkowski:3",
        "minkowski:0.5",
    ];
    let more = more.map(|name| name.parse().unwrap());
    Distance::ALL.into_iter().chain(more).collect()
}

fn case() -> impl Strategy<Value = Case> {
    let splits = [
        "every:2",
        "every:5",
        "kfold:3",
        "kfold:2x2:seed=5:plain",
        "holdout:20",
    ];
    let shape = (1..6_usize, feature(), prop::sample::select(splits.to_vec()));
    shape.prop_flat_map(|(width, feature, split)| {
        (
            vec((vec(feature, width), 0..4_u32), 22..90),
            any::<prop::sample::Index>(),
            prop::sample::subsequence(distances(), 1..=5).prop_shuffle(),
            (any::<bool>(), prop_oneof![3 => Just(Scale::None), 1 => Just(Scale::Standard), 1 => Just(Scale::MinMax)]),
            vec(any::<prop::sample::Index>(), 1..7),
            any::<(prop::sample::Index, prop::sample::Index)>(),
            any::<bool>(),
        )
            .prop_map(
                move |(rows, partition, distances, (is_weighted, scale), ks, ends, is_pruned)| Case {
                    width,
                    rows,
                    split: split.parse().unwrap(),
                    partition,
                    distances,
                    weights: if is_weighted { Weights::Distance } else { Weights::Uniform },
                    scale,
                    ks,
                    ends,
                    is_pruned,
                },
            )
    })
}

fn segment(width: usize, rows: &[(Vec<f64>, u32)]) -> Segment {
    // Class ids and class names are in different orders, so that ties show which one decides.
    let builder =
        SamplesBuilder::new(width, &["delta", "alpha", "charlie", "bravo"], None).unwrap();
    builder
        .segment("case", rows.len(), |to| {
            rows.iter()
                .try_for_each(|(features, class)| to.push(features, *class))
        })
        .unwrap()
}

impl Case {
    fn check(self, segment: &Segment) -> Result<(), TestCaseError> {
        let samples = Samples::parse(segment.bytes()).unwrap();
        let index = u32::try_from(self.partition.index(self.split.partitions() as usize)).unwrap();
        let partition = self.split.partition(index, samples.class_ids());
        let (training, testing) = (partition.training_count(), partition.testing_count() + 1);
        let ends = [self.ends.0.index(testing), self.ends.1.index(testing)]
            .map(|end| u32::try_from(end).unwrap());
        let input = Input {
            split: self.split,
            partition: index,
            scale: self.scale,
            weights: self.weights,
            distances: self.distances,
            testing: ends[0].min(ends[1])..ends[0].max(ends[1]),
            ks: self
                .ks
                .iter()
                .map(|k| u32::try_from(k.index(training) + 1).unwrap())
                .collect(),
            is_pruned: self.is_pruned,
        };
        match Prepared::new(&samples, self.split, index, self.scale) {
            Ok(prepared) => {
                let expected = reference(&samples, &input);
                let tally = score(&prepared, &samples, &input).unwrap();
                prop_assert_eq!(&tally.predicted, &expected);
                for level in Level::all() {
                    let tally = score_with(&prepared, &samples, &input, level, ANY_TABLE);
                    prop_assert_eq!(&tally.predicted, &expected, "{:?}", level);
                }
            }
            Err(error) => {
                let huge = self
                    .rows
                    .iter()
                    .flat_map(|(row, _)| row)
                    .any(|number| number.abs() > 1e150);
                prop_assert!(huge && matches!(error, ScoreError::Scale { .. }), "{error}");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn equals_the_plain_reference(case in case()) {
        let segment = segment(case.width, &case.rows);
        case.check(&segment)?;
    }
}

/// Bytes as tables hold them: anything, few values, nearly all the same, mostly empty.
fn byte() -> impl Strategy<Value = BoxedStrategy<u8>> {
    prop_oneof![
        Just(any::<u8>().boxed()),
        Just((0..4_u8).boxed()),
        Just((250..=255_u8).boxed()),
        Just(prop_oneof![8 => Just(0_u8), 1 => Just(255_u8), 1 => any::<u8>()].boxed()),
    ]
}

type ByteRows = Vec<(Vec<u8>, u32)>;

fn byte_case() -> impl Strategy<Value = (ByteRows, Vec<u32>, Weights)> {
    let shape = (
        prop_oneof![1..20_usize, 20..200_usize, Just(64), Just(784)],
        byte(),
    );
    shape.prop_flat_map(|(width, byte)| {
        let weights = prop_oneof![Just(Weights::Uniform), Just(Weights::Distance)];
        (
            vec((vec(byte, width), 0..4_u32), 40..900),
            vec(1..30_u32, 1..5),
            weights,
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn bytes_equal_the_plain_reference_at_every_level_pruned_or_not((rows, ks, weights) in byte_case()) {
        let builder = SamplesBuilder::new(rows[0].0.len(), &["delta", "alpha", "charlie", "bravo"], None).unwrap();
        let write = |to: &mut RowWriter<'_>| rows.iter().try_for_each(|(features, class)| to.push_bytes(features, *class));
        let segment = builder.bytes().segment("case", rows.len(), write).unwrap();
        let samples = Samples::parse(segment.bytes()).unwrap();
        let split = Split::every(u32::try_from(rows.len() / 9).unwrap()).unwrap();
        let prepared = Prepared::new(&samples, split, 0, Scale::None).unwrap();
        let testing = u32::try_from(prepared.partition.testing_count()).unwrap();
        let mut input = Input {
            split,
            partition: 0,
            scale: Scale::None,
            weights,
            distances: distances()[..5].to_vec(),
            testing: 0..testing,
            ks,
            is_pruned: false,
        };
        let expected = reference(&samples, &input);
        for level in Level::all() {
            for is_pruned in [false, true] {
                input.is_pruned = is_pruned;
                let tally = score_with(&prepared, &samples, &input, level, Least::WORTHWHILE);
                prop_assert_eq!(&tally.predicted, &expected, "{:?}, pruned: {}", level, is_pruned);
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let rows: Vec<(Vec<f64>, u32)> = (0..10).map(|row| (vec![f64::from(row)], 0)).collect();
    let segment = segment(1, &rows);
    let samples = Samples::parse(segment.bytes()).unwrap();
    let prepared = Prepared::new(&samples, Split::default(), 0, Scale::None).unwrap();
    let input = Input {
        split: Split::default(),
        partition: 0,
        scale: Scale::None,
        weights: Weights::Uniform,
        distances: Distance::ALL.to_vec(),
        testing: 0..2,
        ks: vec![1],
        is_pruned: true,
    };
    let wrong = |input: Input| score(&prepared, &samples, &input).unwrap_err();
    assert_eq!(
        wrong(Input {
            testing: 1..3,
            ..input.clone()
        }),
        ScoreError::Block {
            start: 1,
            end: 3,
            testing: 2
        }
    );
    assert_eq!(
        wrong(Input {
            ks: vec![1, 9],
            ..input.clone()
        }),
        ScoreError::Neighbours { k: 9, training: 8 }
    );
    assert_eq!(
        wrong(Input {
            ks: vec![0],
            ..input.clone()
        }),
        ScoreError::Neighbours { k: 0, training: 8 }
    );
    let split = Split::every(2).unwrap();
    assert!(matches!(
        wrong(Input {
            split,
            ..input.clone()
        }),
        ScoreError::Split { .. }
    ));
    let empty = Input {
        ks: vec![],
        ..input
    };
    assert_eq!(
        score(&prepared, &samples, &empty),
        Ok(Tally { predicted: vec![] })
    );
}
