//! `master factor`: numbers into their prime factors.

mod args;
mod number;
mod run;
mod source;

pub(crate) use args::{FactorArgs, HowArg, MOST_DIGITS};
pub(crate) use run::{Factored, Numbers, factor, run};
pub(crate) use source::{Random, Source};
