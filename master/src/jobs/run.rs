//! `master run`: external commands, one for each input.

mod args;
mod command;
mod desk;
mod ended;
mod guard;
mod halt;
mod inputs;
mod joblog;
mod quote;
mod records;
#[expect(
    clippy::module_inception,
    reason = "each job is carried out in its run.rs"
)]
mod run;
mod shell;
mod sources;
mod spool;
mod template;
mod words;

pub(crate) use args::RunArgs;
pub(crate) use ended::{Ended, Status};
pub(crate) use run::run;
pub(crate) use spool::Spool;
