//! Errors of a map's tasks say which input they are about.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{num::NonZero, time::Duration};

use brigade::{
    Chunks, Pool, Task, TaskError, TaskFailure,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed, Refusing},
    },
};
use brigade_tests::{builder, pool, sleep, within};
use serde::{Deserialize, Serialize, Serializer};

/// Enough for several chunks of each size.
const INPUTS: u64 = 210;

/// One task a message, a few, more than fit evenly, and all at once.
const SIZES: [usize; 4] = [1, 4, 17, 500];

/// What a [`Fault`] is given; without a misdeed it refuses to be encoded.
#[derive(Debug, Deserialize)]
struct Picky(Option<Misdeed>);

impl Serialize for Picky {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(misdeed) => misdeed.serialize(serializer),
            None => Refusing.serialize(serializer),
        }
    }
}

impl From<u64> for Picky {
    fn from(n: u64) -> Self {
        Self(match n % 70 {
            19 | 20 | 69 => None,
            40 => Some(Misdeed::Signal(9)),
            rest if rest % 8 == 3 => Some(Misdeed::Panic(format!("ouch {n}"))),
            _ => Some(Misdeed::None),
        })
    }
}

/// A [`Fault`] whose inputs cannot all be encoded.
#[derive(Debug)]
struct PickyFault;

impl Task for PickyFault {
    const KIND: &'static str = Fault::KIND;
    type Input = Picky;
    type Output = u32;
}

/// Asserts that input `n` came to what it asked for, and that its error names it.
fn check(n: u64, outcome: Result<u32, TaskError>) {
    let misdeed = Picky::from(n).0;
    let Err(error) = outcome else {
        assert_eq!(misdeed, Some(Misdeed::None), "{n}");
        return;
    };
    assert_eq!(error.input_index(), Some(n), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("input {n}: ")), "{text}");
    assert!(
        format!("{error:?}").contains(&format!("input_index: Some({n})")),
        "{error:?}"
    );
    let is_it = match &error {
        TaskError::Failed {
            failure: TaskFailure::Panicked { message, .. },
            ..
        } => misdeed == Some(Misdeed::Panic(message.clone())) && *message == format!("ouch {n}"),
        TaskError::WorkerDied { .. } => misdeed == Some(Misdeed::Signal(9)),
        TaskError::Input { .. } => misdeed.is_none(),
        _ => false,
    };
    assert!(is_it, "{n}: {error:?}");
}

fn of(size: usize) -> Chunks {
    Chunks::Of(NonZero::new(size).unwrap())
}

fn inputs() -> impl Iterator<Item = Picky> {
    (0..INPUTS).map(Picky::from)
}

#[test]
fn what_panics_is_killed_or_cannot_be_encoded_in_an_ordered_map_names_its_input() {
    within(60, || {
        for size in SIZES {
            let pool = pool(2);
            let outcomes = pool.map::<PickyFault, _>(inputs()).chunks(of(size));
            (0..)
                .zip(outcomes)
                .for_each(|(n, outcome)| check(n, outcome));
            let outcomes = pool.starmap::<PickyFault, _>(0..INPUTS).chunks(of(size));
            (0..)
                .zip(outcomes)
                .for_each(|(n, outcome)| check(n, outcome));
        }
    });
}

#[test]
fn what_goes_wrong_in_an_unordered_map_names_the_position_it_comes_with() {
    within(60, || {
        for size in SIZES {
            let pool = pool(2);
            let mut seen = 0;
            for (n, outcome) in pool
                .map_unordered::<PickyFault, _>(inputs())
                .chunks(of(size))
            {
                check(n, outcome);
                seen += 1;
            }
            assert_eq!(seen, INPUTS);
        }
    });
}

#[test]
fn what_goes_wrong_in_a_map_that_was_submitted_at_once_names_its_input() {
    within(60, || {
        let outcomes = pool(2).map_async::<PickyFault, _>(inputs()).wait();
        assert_eq!(outcomes.len(), usize::try_from(INPUTS).unwrap());
        (0..)
            .zip(outcomes)
            .for_each(|(n, outcome)| check(n, outcome));
    });
}

#[test]
fn a_task_of_a_chunk_that_was_tried_again_keeps_its_index() {
    within(60, || {
        for size in SIZES {
            let pool = builder(2).retries(1).start().unwrap();
            let misdeeds = (0..60).map(|n| match n % 20 {
                7 => Misdeed::Exit(3),
                _ => Misdeed::None,
            });
            for (n, outcome) in (0..).zip(pool.map::<Fault, _>(misdeeds).chunks(of(size))) {
                match outcome {
                    Ok(_) => assert_ne!(n % 20, 7),
                    Err(TaskError::WorkerDied {
                        attempt,
                        input_index,
                        ..
                    }) => assert_eq!((n % 20, attempt, input_index), (7, 2, Some(n))),
                    Err(error) => panic!("{n}: {error:?}"),
                }
            }
        }
    });
}

#[test]
fn on_threads_what_panics_names_its_input_too() {
    within(60, || {
        let pool = Pool::builder()
            .workers(2)
            .threads(brigade_worker::jobs::registry())
            .start()
            .unwrap();
        let misdeeds = || {
            (0..INPUTS).map(|n| match n % 8 {
                3 => Misdeed::Panic(format!("ouch {n}")),
                5 => Misdeed::Error("no".into()),
                _ => Misdeed::None,
            })
        };
        let check = |n: u64, outcome: Result<u32, TaskError>| match outcome {
            Ok(_) => assert!(![3, 5].contains(&(n % 8)), "{n}"),
            Err(error) => {
                assert!([3, 5].contains(&(n % 8)), "{n}: {error:?}");
                assert_eq!(error.input_index(), Some(n), "{error:?}");
            }
        };
        for size in SIZES {
            let outcomes = pool.map::<Fault, _>(misdeeds()).chunks(of(size));
            (0..)
                .zip(outcomes)
                .for_each(|(n, outcome)| check(n, outcome));
            let outcomes = pool.map_unordered::<Fault, _>(misdeeds()).chunks(of(size));
            outcomes.for_each(|(n, outcome)| check(n, outcome));
        }
        let outcomes = pool.map_async::<Fault, _>(misdeeds()).wait();
        (0..)
            .zip(outcomes)
            .for_each(|(n, outcome)| check(n, outcome));
        // What could not be encoded is of the wrong type here: nothing is encoded.
        for (n, outcome) in pool.map_unordered::<PickyFault, _>(inputs()) {
            assert_eq!(outcome.unwrap_err().input_index(), Some(n));
        }
    });
}

#[test]
fn a_task_out_of_time_names_its_input_on_both_backends() {
    within(60, || {
        let limit = Duration::from_millis(100);
        let threads = builder(2).threads(brigade_worker::jobs::registry());
        for options in [builder(2), threads] {
            let pool = options.timeout(limit).start().unwrap();
            let misdeeds = (0..6).map(|n| sleep(if n == 4 { 2_000 } else { 0 }));
            let late: Vec<_> = pool
                .map_unordered::<Fault, _>(misdeeds)
                .filter_map(|(_, outcome)| outcome.err())
                .collect();
            assert!(
                matches!(
                    late[..],
                    [TaskError::TimedOut {
                        input_index: Some(4),
                        ..
                    }]
                ),
                "{late:?}"
            );
        }
    });
}

/// Takes an echo's number for a truth value.
#[derive(Debug)]
struct Misread;

impl Task for Misread {
    const KIND: &'static str = Echo::KIND;
    type Input = u64;
    type Output = bool;
}

#[test]
fn a_result_that_cannot_be_decoded_names_its_input() {
    within(20, || {
        let pool = pool(1);
        for size in SIZES {
            for (n, outcome) in (0..).zip(pool.map::<Misread, _>(0..20).chunks(of(size))) {
                match outcome {
                    Ok(value) => assert_eq!(u64::from(value), n),
                    Err(error) => {
                        assert!(matches!(error, TaskError::OutputUndecodable { .. }));
                        assert_eq!(error.input_index(), Some(n));
                    }
                }
            }
        }
    });
}

#[test]
fn a_task_submitted_by_itself_has_no_input_index() {
    within(20, || {
        let pool = pool(1);
        for misdeed in [Misdeed::Panic("ouch".into()), Misdeed::Signal(9)] {
            let error = pool.submit::<Fault>(misdeed).unwrap().wait().unwrap_err();
            assert_eq!(error.input_index(), None);
            assert!(!error.to_string().starts_with("input"), "{error}");
        }
    });
}
