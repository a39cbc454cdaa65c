//! Faults of what travels: results and inputs that are too large, or that cannot be encoded or decoded.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use brigade::{
    Pool, SubmitError, Task, TaskError, TaskFailure,
    jobs::{
        echo::{Echo, EchoBytes},
        fault::{Huge, Recall, Refusing, Remember, Unencodable},
    },
};
use brigade_tests::{builder, pool, within};

/// A pool of one worker that knows itself again, for showing that it was kept.
fn marked() -> Pool {
    let pool = builder(1).result_limit(1 << 20).start().unwrap();
    pool.submit::<Remember>(77).unwrap().wait().unwrap();
    pool
}

fn assert_kept(pool: &Pool) {
    let (number, _) = pool.submit::<Recall>(()).unwrap().wait().unwrap();
    assert_eq!(number, 77, "the worker was not kept");
    assert_eq!(pool.stats().deaths, 0);
}

#[test]
fn fault_9_a_result_that_cannot_be_encoded_is_that_tasks_error() {
    within(20, || {
        let pool = marked();
        let error = pool.submit::<Unencodable>(()).unwrap().wait().unwrap_err();
        assert!(
            matches!(
                &error,
                TaskError::Failed { failure: TaskFailure::OutputUnencodable { reason }, worker, attempt: 1, .. }
                    if reason.contains("refuses on purpose") && *worker > 0
            ),
            "{error:?}"
        );
        assert_kept(&pool);
    });
}

/// What the worker calls `echo`, with another idea of what comes back.
#[derive(Debug)]
struct Misunderstood;

impl Task for Misunderstood {
    const KIND: &'static str = Echo::KIND;
    type Input = u64;
    type Output = (String, String);
}

#[test]
fn fault_10_a_result_that_cannot_be_decoded_is_that_tasks_error() {
    within(20, || {
        let pool = marked();
        let before = pool.submit::<Echo>(1).unwrap();
        let guilty = pool.submit::<Misunderstood>(5_000_000_000).unwrap();
        let after = pool.submit::<Echo>(2).unwrap();
        assert!(matches!(
            guilty.wait(),
            Err(TaskError::OutputUndecodable { .. })
        ));
        assert_eq!((before.wait(), after.wait()), (Ok(1), Ok(2)));
        assert_kept(&pool);
    });
}

/// An input that is encoded unless it is 3.
#[derive(Debug, serde::Deserialize)]
struct Picky(u64);

impl serde::Serialize for Picky {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 3 {
            return Refusing.serialize(serializer);
        }
        self.0.serialize(serializer)
    }
}

#[derive(Debug)]
struct PickyEcho;

impl Task for PickyEcho {
    const KIND: &'static str = Echo::KIND;
    type Input = Picky;
    type Output = u64;
}

#[test]
fn fault_11_an_input_that_cannot_be_encoded_is_an_error_of_submit() {
    within(20, || {
        let pool = pool(1);
        let error = pool.submit::<PickyEcho>(Picky(3)).unwrap_err();
        assert!(matches!(error, SubmitError::Input(_)), "{error:?}");
        assert!(error.to_string().contains("refuses on purpose"), "{error}");
        assert!(builder(1).initializer::<PickyEcho>(Picky(3)).is_err());
        assert_eq!(pool.submit::<PickyEcho>(Picky(4)).unwrap().wait(), Ok(4));
    });
}

#[test]
fn fault_11_in_a_map_it_is_that_item_only() {
    within(20, || {
        let pool = pool(2);
        let check = |outcomes: Vec<Result<u64, TaskError>>| {
            assert_eq!(outcomes.len(), 6);
            for (n, outcome) in (0..).zip(outcomes) {
                match outcome {
                    Ok(output) => assert_eq!(output, n),
                    Err(error) => {
                        assert!(
                            n == 3
                                && matches!(error, TaskError::Input { .. })
                                && error.input_index() == Some(3),
                            "{n}: {error:?}"
                        );
                    }
                }
            }
        };
        check(pool.map::<PickyEcho, _>((0..6).map(Picky)).collect());
        check(pool.map_async::<PickyEcho, _>((0..6).map(Picky)).wait());
    });
}

#[test]
fn fault_12_inputs_and_results_of_200_megabytes_travel() {
    within(100, || {
        let pool = pool(1);
        let size = 200_000_000;
        let input: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let expected = input.clone();
        let output = pool.submit::<EchoBytes>(input).unwrap().wait().unwrap();
        assert!(output == expected, "it came back changed");
        drop((output, expected));
        let output = pool.submit::<Huge>(200_000_000).unwrap().wait().unwrap();
        assert!(output.len() == size && output.iter().all(|byte| *byte == 7));
        assert_eq!(pool.stats().deaths, 0);
    });
}

#[test]
#[ignore = "takes some 17 GiB of memory"]
fn fault_12_a_result_above_4_gigabytes_travels() {
    within(300, || {
        let pool = builder(1).result_limit(8 << 30).start().unwrap();
        let size = (4_u64 << 30) + 12_345;
        let output = pool.submit::<Huge>(size).unwrap().wait().unwrap();
        assert_eq!(output.len() as u64, size);
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    });
}

#[test]
fn fault_13_a_result_above_the_limit_is_an_error_with_both_sizes() {
    within(20, || {
        let pool = marked();
        let limit = 1 << 20;
        let error = pool.submit::<Huge>(limit + 1).unwrap().wait().unwrap_err();
        assert!(
            matches!(
                &error,
                TaskError::Failed { failure: TaskFailure::OutputTooLarge { size, limit: told }, .. }
                    if *size > limit && *told == limit
            ),
            "{error:?}"
        );
        assert!(pool.submit::<Huge>(limit - 100).unwrap().wait().is_ok());
        assert_kept(&pool);
    });
}
