//! What people and programs see: one module a job, one module a format.

use clap::ValueEnum;

pub(crate) use layout::{counted, printable};
pub(crate) use picture::PlotFile;

pub(crate) mod bench;
pub(crate) mod burn;
mod canvas;
pub(crate) mod classify;
pub(crate) mod cluster;
pub(crate) mod deli;
pub(crate) mod doctor;
pub(crate) mod factor;
pub(crate) mod imports;
mod layout;
pub(crate) mod logs;
pub(crate) mod philosophers;
mod picture;
pub(crate) mod ps;
pub(crate) mod race;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod sleepers;
pub(crate) mod stats;
pub(crate) mod tune;
pub(crate) mod weather;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people: a table with the best marked, and a summary.
    #[default]
    Table,
    /// One line a result.
    Lines,
    /// One JSON object; where results come one after the other, one for each, a line each.
    Json,
    /// Comma-separated values with a header.
    Csv,
}
