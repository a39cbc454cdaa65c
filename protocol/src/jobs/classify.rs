//! `classify`: the classes of unknown samples, by the nearest of known ones.
//!
//! The known samples lie in shared memory, under the name that `tune` has for them, and all of them train. The
//! unknown ones come with the task.

use serde::{Deserialize, Serialize};

pub use super::tune::{Distance, SAMPLES, Scale, Weights};

/// The task: classify a block of rows. Its kind is `classify.block`.
#[derive(Debug)]
pub struct ClassifyBlock;

impl crate::Task for ClassifyBlock {
    const KIND: &'static str = "classify.block";
    type Input = Rows;
    type Output = Vec<Verdict>;
}

/// What one task classifies, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// How many neighbours vote.
    pub k: u32,
    /// What makes them near.
    pub distance: Distance,
    /// How they vote.
    pub weights: Weights,
    /// How features are put on a scale, which is found on the known samples.
    pub scale: Scale,
    /// The features of all rows, one row after another.
    pub features: Vec<f64>,
}

/// How the neighbours of one row voted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The class that won.
    pub class_id: u32,
    /// How far away the nearest neighbour is.
    pub nearest: f64,
    /// The classes of the neighbours with their votes, in the order of the classes. With weights by distance, votes
    /// are no whole numbers.
    pub votes: Vec<(u32, f64)>,
}
