//! Rows that came with a task, classified by all the known samples.

use brigade_protocol::{
    jobs::{
        classify::{Rows, Verdict},
        tune::{Input, Split},
    },
    shm::Samples,
};

use super::{
    Prepared, ScoreError,
    lanes::{Block, Queries},
    vote::Vote,
};

/// What a worker prepares to have all `rows` samples train.
pub(in crate::jobs) fn all_train(rows: usize) -> Split {
    Split::HoldOut {
        training: u32::try_from(rows).unwrap_or(u32::MAX),
    }
}

/// Classifies rows by the nearest of `samples`, all of which train.
///
/// # Errors
/// [`ScoreError`] when the rows do not fit the samples: another number of features, a k above the number of samples,
/// a feature that cannot be put on the scale.
pub fn classify(
    prepared: &Prepared,
    samples: &Samples<'_>,
    rows: &Rows,
) -> Result<Vec<Verdict>, ScoreError> {
    let width = samples.feature_count();
    let input = input(samples, rows)?;
    prepared.check_rows(samples, &input)?;
    for (feature, number) in (0..width).cycle().zip(&rows.features) {
        if !prepared.scaled(feature, *number).is_finite() {
            return Err(ScoreError::Scale { feature });
        }
    }
    let block = Block {
        prepared,
        samples,
        input: &input,
        queries: Queries::Given(&rows.features),
    };
    let mut vote = Vote::new(prepared.classes, &input.ks, rows.weights);
    let mut verdicts = Vec::with_capacity(input.testing.len());
    block.pass(&input.distances, |_, _, neighbours| {
        let class_id = vote.winners(neighbours, &prepared.class_ids)[0];
        verdicts.push(Verdict {
            class_id,
            nearest: neighbours
                .first()
                .map_or(f64::INFINITY, |near| near.distance),
            votes: vote.votes().collect(),
        });
    });
    Ok(verdicts)
}

/// The rows as a block of testing samples.
fn input(samples: &Samples<'_>, rows: &Rows) -> Result<Input, ScoreError> {
    let (width, found) = (samples.feature_count(), rows.features.len());
    let misfit = ScoreError::Width { width, found };
    if width == 0 || found % width != 0 {
        return Err(misfit);
    }
    let count = u32::try_from(found / width).map_err(|_| misfit)?;
    Ok(Input {
        split: all_train(samples.len()),
        partition: 0,
        scale: rows.scale,
        weights: rows.weights,
        distances: vec![rows.distance],
        testing: 0..count,
        ks: vec![rows.k],
        is_pruned: true,
    })
}

#[cfg(test)]
mod tests {
    use brigade_protocol::{
        jobs::tune::{Distance, Scale, Weights},
        shm::{SamplesBuilder, Segment},
    };

    use super::*;

    fn segment() -> Segment {
        let rows = [(0.0, 0), (1.0, 0), (4.0, 1), (6.0, 1), (20.0, 2)];
        let builder = SamplesBuilder::new(1, &["a", "b", "c"], None).unwrap();
        builder
            .segment("t", rows.len(), |to| {
                rows.iter().try_for_each(|&(x, class)| to.push(&[x], class))
            })
            .unwrap()
    }

    fn ask(
        k: u32,
        weights: Weights,
        scale: Scale,
        features: &[f64],
    ) -> Result<Vec<Verdict>, ScoreError> {
        let segment = segment();
        let samples = Samples::parse(segment.bytes()).unwrap();
        let prepared = Prepared::new(&samples, all_train(samples.len()), 0, scale)?;
        let rows = Rows {
            k,
            distance: Distance::Manhattan,
            weights,
            scale,
            features: features.to_vec(),
        };
        classify(&prepared, &samples, &rows)
    }

    #[test]
    fn all_samples_vote_on_rows_in_any_number() {
        let verdicts = ask(3, Weights::Uniform, Scale::None, &[2.0; 19]).unwrap();
        assert_eq!(verdicts.len(), 19);
        let two = Verdict {
            class_id: 0,
            nearest: 1.0,
            votes: vec![(0, 2.0), (1, 1.0)],
        };
        assert!(verdicts.iter().all(|verdict| *verdict == two));
        let verdicts = ask(5, Weights::Uniform, Scale::None, &[0.0, 99.0]).unwrap();
        assert_eq!(verdicts[0].votes, [(0, 2.0), (1, 2.0), (2, 1.0)]);
        // The classes that tie: the one met first wins.
        assert_eq!((verdicts[0].class_id, verdicts[1].class_id), (0, 1));
        assert!(
            ask(1, Weights::Uniform, Scale::None, &[])
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn weights_and_scales_are_those_of_the_samples() {
        let verdicts = ask(2, Weights::Distance, Scale::None, &[3.0, 4.0]).unwrap();
        assert_eq!(verdicts[0].votes, [(0, 0.5), (1, 1.0)]);
        assert_eq!(verdicts[1].votes, [(1, 1.0)], "who is there, votes alone");
        let verdicts = ask(1, Weights::Uniform, Scale::MinMax, &[30.0]).unwrap();
        assert_eq!((verdicts[0].class_id, verdicts[0].nearest), (2, 0.5));
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        for k in [0, 6] {
            let error = ask(k, Weights::Uniform, Scale::None, &[1.0]).unwrap_err();
            assert_eq!(error, ScoreError::Neighbours { k, training: 5 });
        }
        for number in [f64::NAN, f64::INFINITY] {
            let error = ask(1, Weights::Uniform, Scale::None, &[1.0, number]).unwrap_err();
            assert_eq!(error, ScoreError::Scale { feature: 0 });
        }
    }
}
