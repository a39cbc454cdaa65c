//! One program that is both master and worker: it starts itself.
//!
//! `cargo run --example one_executable`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example")]

use std::process::ExitCode;

use brigade::{Pool, Registry, Task};

/// Counts the words of a text.
struct CountWords;

impl Task for CountWords {
    const KIND: &'static str = "example.count_words";
    type Input = String;
    type Output = usize;
}

fn main() -> ExitCode {
    let mut registry = Registry::new();
    registry.register::<CountWords, _>(|text, _context| Ok(text.split_whitespace().count()));
    // In a worker process this serves until the master is done.
    if let Some(end) = brigade::worker_role(&registry) {
        return end;
    }
    match count() {
        Ok(words) => println!("{words} words"),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn count() -> Result<usize, Box<dyn std::error::Error>> {
    let pool = Pool::builder().workers(2).this_executable()?.start()?;
    let lines = ["to be or not to be", "that is the question"];
    let mut words = 0;
    for count in pool.map::<CountWords, _>(lines.map(str::to_owned)) {
        words += count?;
    }
    pool.join();
    Ok(words)
}
