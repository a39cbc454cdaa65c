//! `master imports`: what Python files import, found by parsing them.

mod args;
mod files;
mod graph;
mod modules;
mod run;
mod scan;

pub(crate) use args::ImportsArgs;
pub(crate) use graph::{Edge, Graph, Kind};
pub(crate) use modules::Modules;
pub(crate) use run::{is_in, run};
pub(crate) use scan::Scanned;
