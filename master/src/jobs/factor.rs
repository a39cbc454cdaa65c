//! `master factor`: numbers into their prime factors.

mod args;
mod number;
mod run;
mod source;

pub(crate) use args::FactorArgs;
pub(crate) use run::run;
