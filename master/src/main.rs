//! The `master` command-line tool.
#![expect(
    unused_imports,
    reason = "the commands that use these come with the pool"
)]
#![cfg_attr(
    not(test),
    expect(dead_code, reason = "the commands that use these come with the pool")
)]

mod jobs;
mod report;
mod table;

fn main() {}
