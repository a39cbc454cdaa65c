//! Echo: the tasks that do nothing, for measuring and testing what dispatch costs.

use crate::Task;

/// Gives back the number it is given.
#[derive(Debug)]
pub struct Echo;

impl Task for Echo {
    const KIND: &'static str = "echo";
    type Input = u64;
    type Output = u64;
}

/// Gives back the bytes it is given.
#[derive(Debug)]
pub struct EchoBytes;

impl Task for EchoBytes {
    const KIND: &'static str = "echo.bytes";
    type Input = Vec<u8>;
    type Output = Vec<u8>;
}
