//! `master classify`: what unknown samples are, by a tuned model.

mod args;
mod input;
mod layout;
mod run;
mod source;
mod training;

pub(crate) use args::ClassifyArgs;
pub(crate) use run::run;
