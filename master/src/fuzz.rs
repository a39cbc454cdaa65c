//! A program that libFuzzer drives: it throws bytes at one reader of `hostile.rs`, the one that `BRIGADE_FUZZ` names.
//! `scripts/fuzz` builds and runs it.
#![no_main]
#![expect(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "of the whole program, only readers are used, and a promise that is broken ends it"
)]

mod cli;
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

use std::{env, sync::LazyLock};

/// The reader that was asked for.
static READER: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = env::var("BRIGADE_FUZZ").unwrap_or_default();
    let found = hostile::READERS.iter().find(|(name, _)| *name == wanted);
    let names = || hostile::READERS.map(|(name, _)| name).join(", ");
    let found =
        found.unwrap_or_else(|| panic!("BRIGADE_FUZZ names no reader; there are {}", names()));
    found.1
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| READER(bytes));
