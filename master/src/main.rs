//! The `master` command-line tool.
//!
//! Low arguments (`cli`) become a job (`jobs`), the job gives work to a pool and gathers a result, and the
//! result is shown (`report`). What happens meanwhile goes to standard error, results to standard output.

mod cli;
#[cfg(test)]
mod hostile;
mod jobs;
mod listen;
mod logs;
mod model;
mod report;
mod table;
mod unseen;
mod web;
mod whole;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Cli::of_process())
}
