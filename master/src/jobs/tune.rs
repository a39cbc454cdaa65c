//! `master tune`: which k and which distance classify best.

mod args;
mod gather;
mod grid;
mod input;
mod job;
mod layout;
mod metric;
mod plan;
mod run;
mod save;
mod scored;

pub(crate) use args::TuneArgs;
pub(crate) use gather::{Gather, Known};
pub(crate) use grid::{Distances, Grid, Ks};
pub(crate) use input::TuneInput;
pub(crate) use job::{Job, Told};
pub(crate) use metric::Metric;
pub(crate) use plan::{PlanError, Terms, plan};
pub(crate) use run::{Outcome, run, score};
pub(crate) use scored::Scored;

#[cfg(test)]
pub(crate) use {metric::Confusion, scored::rank};
