//! `master tune`: which k and which distance classify best.

mod args;
mod gather;
mod grid;
mod plan;
mod run;

pub(crate) use args::TuneArgs;
pub(crate) use gather::Gather;
pub(crate) use grid::{Distances, Grid, Ks};
pub(crate) use plan::plan;
pub(crate) use run::run;
