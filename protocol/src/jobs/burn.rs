//! Burn: keeps a core busy with a sum whose value is known beforehand.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Task;

/// Adds up as many odd numbers as it is given, one after another.
#[derive(Debug)]
pub struct Burn;

impl Task for Burn {
    const KIND: &'static str = "demo.burn";
    type Input = u64;
    type Output = Burned;
}

/// What a [`Burn`] task did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Burned {
    /// The process that did it.
    pub pid: u32,
    /// The sum of 2i + 1 for i below the count, modulo 2⁶⁴.
    pub sum: u64,
    /// How long the sum alone took.
    pub took: Duration,
}

impl Burned {
    /// What the sum of the first `count` odd numbers must be: the square of `count`, modulo 2⁶⁴.
    #[must_use]
    pub const fn expected(count: u64) -> u64 {
        count.wrapping_mul(count)
    }
}
