//! The computations of the shipped jobs: pure functions of input and context.

pub mod tune;
