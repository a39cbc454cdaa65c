//! Echo: the task that does nothing, for measuring what dispatch costs.

use crate::Task;

/// Gives back the number it is given.
#[derive(Debug)]
pub struct Echo;

impl Task for Echo {
    const KIND: &'static str = "echo";
    type Input = u64;
    type Output = u64;
}
