//! `master bench`: how many workers, processes or threads, are worth having for a job.

mod advice;
mod amdahl;
mod args;
mod config;
mod figures;
mod judge;
mod run;
mod sweep;
mod verdict;
mod work;

pub(crate) use advice::Advice;
#[cfg(test)]
pub(crate) use judge::judged;

pub(crate) use amdahl::Fit;
pub(crate) use args::BenchArgs;
pub(crate) use config::Config;
pub(crate) use figures::Figures;
pub(crate) use judge::{Judged, Law, Row};
pub(crate) use run::run;
pub(crate) use verdict::{Other, Standing, Verdict};
pub(crate) use work::Answer;
