//! `master tune`: which k and which distance classify best.

mod args;
mod gather;
mod grid;
mod plan;

pub(crate) use args::TuneArgs;
pub(crate) use gather::{Gather, GatherError};
pub(crate) use grid::{Distances, Grid, Ks};
pub(crate) use plan::{PlanError, plan};
