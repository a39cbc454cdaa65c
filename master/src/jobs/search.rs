//! `master search`: a tree's text in the memory of several workers, asked once or again and again.

mod args;
mod ask;
mod deal;
mod files;
mod folder;
mod merge;
mod remote;
mod resident;
mod rules;
mod run;
mod shards;
mod tree;
pub(crate) mod walk;
mod watch;

pub(crate) use args::{SearchArgs, Show};
pub(crate) use merge::Part;
pub(crate) use resident::{Hit, Resident};
pub(crate) use run::{run, search};
