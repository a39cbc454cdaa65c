//! What the two programs of this example agree on: the task.

use brigade::Task;

/// Whether a number is prime.
pub(crate) struct IsPrime;

impl Task for IsPrime {
    const KIND: &'static str = "example.is_prime";
    type Input = u64;
    type Output = bool;
}
