//! For people: how many numbers have how many prime factors.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::Tally;
use crate::report::layout::{right, sheet, time};

pub(super) fn write(
    tally: &Tally,
    workers: usize,
    elapsed: Duration,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all = tally.numbers();
    let mut table = sheet(&["factors", "numbers", "share"]);
    for (&factors, &numbers) in &tally.by_factors {
        let name = match factors {
            0 => "none".to_owned(),
            1 => "prime".to_owned(),
            more => more.to_string(),
        };
        let share = format!("{:.1} %", 100.0 * numbers as f64 / all as f64);
        table.add_row([name, numbers.to_string(), share].map(right));
    }
    if all > 0 {
        writeln!(out, "{}\n", table.trim_fmt())?;
    }
    if let Some(prime) = tally.largest_prime {
        writeln!(out, "largest prime: {prime}")?;
    }
    let primes = tally.primes();
    writeln!(
        out,
        "numbers: {all}, primes: {primes}, workers: {workers}, {}",
        time(elapsed)
    )
}
