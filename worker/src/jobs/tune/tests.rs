//! The computation against a reference that is as plain as can be: every distance, a full sort, a count.

use std::cmp::Ordering;

use brigade_protocol::shm::{Sample, SamplesBuilder, Segment};
use proptest::{collection::vec, prelude::*};

use super::*;

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
    }
}

fn classify<'a>(
    samples: &'a Samples<'a>,
    split: Split,
    unknown: Sample<'_>,
    kind: Distance,
    k: u32,
) -> &'a str {
    let mut training: Vec<(f64, &[f64], &str)> = samples
        .training(split)
        .map(|known| {
            (
                distance(kind, known.features(), unknown.features()),
                known.features(),
                known.class(),
            )
        })
        .collect();
    training.sort_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
    let mut counter: Vec<(&str, usize)> = Vec::new();
    for (.., class) in &training[..k as usize] {
        match counter.iter_mut().find(|(name, _)| name == class) {
            Some((_, votes)) => *votes += 1,
            None => counter.push((class, 1)),
        }
    }
    let most = counter.iter().map(|(_, votes)| *votes).max().unwrap();
    counter.iter().find(|(_, votes)| *votes == most).unwrap().0
}

fn reference(samples: &Samples<'_>, input: &Input) -> Vec<u32> {
    let cell = |kind: Distance, k: u32| {
        let block = samples.testing(input.split).enumerate();
        let right = block.filter(|(position, unknown)| {
            input.testing.contains(&u32::try_from(*position).unwrap())
                && classify(samples, input.split, *unknown, kind, k) == unknown.class()
        });
        u32::try_from(right.count()).unwrap()
    };
    input
        .distances
        .iter()
        .flat_map(|&kind| input.ks.iter().map(move |&k| cell(kind, k)))
        .collect()
}

#[derive(Debug)]
struct Case {
    width: usize,
    rows: Vec<(Vec<f64>, u32)>,
    split: Split,
    distances: Vec<Distance>,
    ks: Vec<prop::sample::Index>,
    ends: (prop::sample::Index, prop::sample::Index),
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

fn case() -> impl Strategy<Value = Case> {
    (1..6_usize, feature(), 2..6_u32).prop_flat_map(|(width, feature, nth)| {
        (
            vec((vec(feature, width), 0..4_u32), 2..90),
            prop::sample::subsequence(Distance::ALL.to_vec(), 1..=4).prop_shuffle(),
            vec(any::<prop::sample::Index>(), 1..7),
            any::<(prop::sample::Index, prop::sample::Index)>(),
        )
            .prop_map(move |(rows, distances, ks, ends)| Case {
                width,
                rows,
                split: Split::every(nth).unwrap(),
                distances,
                ks,
                ends,
            })
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn equals_the_plain_reference(case in case()) {
        let segment = segment(case.width, &case.rows);
        let samples = Samples::parse(segment.bytes()).unwrap();
        let training = case.split.training_count(samples.len());
        let testing = case.split.testing_count(samples.len()) + 1;
        let ends = [case.ends.0.index(testing), case.ends.1.index(testing)].map(|end| u32::try_from(end).unwrap());
        let input = Input {
            split: case.split,
            distances: case.distances,
            testing: ends[0].min(ends[1])..ends[0].max(ends[1]),
            ks: case.ks.iter().map(|k| u32::try_from(k.index(training) + 1).unwrap()).collect(),
        };
        let tally = score(&Prepared::new(&samples, case.split), &samples, &input).unwrap();
        prop_assert_eq!(tally.tested as usize, input.testing.len());
        prop_assert_eq!(tally.passed, reference(&samples, &input));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let rows: Vec<(Vec<f64>, u32)> = (0..10).map(|row| (vec![f64::from(row)], 0)).collect();
    let segment = segment(1, &rows);
    let samples = Samples::parse(segment.bytes()).unwrap();
    let prepared = Prepared::new(&samples, Split::default());
    let input = Input {
        split: Split::default(),
        distances: Distance::ALL.to_vec(),
        testing: 0..2,
        ks: vec![1],
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
        Ok(Tally {
            tested: 2,
            passed: vec![]
        })
    );
}
