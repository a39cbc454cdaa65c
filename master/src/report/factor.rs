//! What `master factor` shows, in each format.

mod table;

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

use brigade_protocol::jobs::factor::Factors;
use itoa::Buffer;

use super::Format;

/// Writes results as they come, and counts for the summary.
#[derive(Debug)]
pub(crate) struct FactorReport {
    format: Format,
    /// Whether only primes are shown.
    primes_only: bool,
    tally: Tally,
}

/// What the numbers were like.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// How many numbers have so many prime factors.
    by_factors: BTreeMap<usize, u64>,
    largest_prime: Option<u128>,
}

impl Tally {
    fn count(&mut self, number: u128, factors: &[u128]) {
        *self.by_factors.entry(factors.len()).or_default() += 1;
        if factors.len() == 1 {
            self.largest_prime = self.largest_prime.max(Some(number));
        }
    }

    fn numbers(&self) -> u64 {
        self.by_factors.values().sum()
    }

    fn primes(&self) -> u64 {
        self.by_factors.get(&1).copied().unwrap_or(0)
    }
}

impl FactorReport {
    pub(crate) fn new(format: Format, primes_only: bool) -> Self {
        Self {
            format,
            primes_only,
            tally: Tally::default(),
        }
    }

    /// Writes what stands before the results.
    pub(crate) fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.format {
            Format::Csv => writeln!(out, "number,factors"),
            _ => Ok(()),
        }
    }

    /// Writes the results of some numbers.
    pub(crate) fn write(
        &mut self,
        numbers: &[u128],
        factors: &Factors,
        out: &mut impl Write,
    ) -> io::Result<()> {
        for (&number, factors) in numbers.iter().zip(factors.iter()) {
            self.tally.count(number, factors);
            if self.primes_only && factors.len() != 1 {
                continue;
            }
            match self.format {
                Format::Table => {}
                Format::Lines if self.primes_only => {
                    write_number(number, out)?;
                    out.write_all(b"\n")?;
                }
                Format::Lines => {
                    write_number(number, out)?;
                    out.write_all(b":")?;
                    write_list(factors, b" ", b" ", out)?;
                    out.write_all(b"\n")?;
                }
                Format::Csv => {
                    write_number(number, out)?;
                    out.write_all(b",")?;
                    write_list(factors, b"", b" ", out)?;
                    out.write_all(b"\n")?;
                }
                Format::Json => {
                    out.write_all(br#"{"number":"#)?;
                    write_number(number, out)?;
                    out.write_all(br#","factors":["#)?;
                    write_list(factors, b"", b",", out)?;
                    out.write_all(b"]}\n")?;
                }
            }
        }
        Ok(())
    }

    /// Writes what stands after the results.
    pub(crate) fn finish(
        &self,
        workers: usize,
        elapsed: Duration,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => table::write(&self.tally, workers, elapsed, out),
            _ => Ok(()),
        }
    }

    /// How many numbers there were, and how many of them are prime.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.tally.numbers(), self.tally.primes())
    }

    /// Whether primes were wanted and none was there.
    pub(crate) fn found_nothing(&self) -> bool {
        self.primes_only && self.tally.primes() == 0
    }
}

fn write_number(number: u128, out: &mut impl Write) -> io::Result<()> {
    let mut buffer = Buffer::new();
    // Two registers wide it takes longer, and hardly any number is.
    let digits = match u64::try_from(number) {
        Ok(small) => buffer.format(small),
        Err(_) => buffer.format(number),
    };
    out.write_all(digits.as_bytes())
}

/// Writes `before` before the first number and `between` before all others.
fn write_list(
    numbers: &[u128],
    before: &[u8],
    between: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    for (position, &number) in numbers.iter().enumerate() {
        out.write_all(if position == 0 { before } else { between })?;
        write_number(number, out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, primes_only: bool) -> String {
        let mut factors = Factors::default();
        factors.push([2, 2, 3]);
        factors.push([]);
        factors.push([u128::from(u64::MAX) + 14]);
        let mut report = FactorReport::new(format, primes_only);
        let mut out = Vec::new();
        report.begin(&mut out).unwrap();
        report
            .write(&[12, 1, u128::from(u64::MAX) + 14], &factors, &mut out)
            .unwrap();
        report
            .finish(2, Duration::from_millis(12), &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_those_of_coreutils() {
        assert_eq!(
            written(Format::Lines, false),
            "12: 2 2 3\n1:\n18446744073709551629: 18446744073709551629\n"
        );
        assert_eq!(written(Format::Lines, true), "18446744073709551629\n");
    }

    #[test]
    fn one_object_a_line_and_one_row_a_number() {
        insta::assert_snapshot!(written(Format::Json, false), @r#"
        {"number":12,"factors":[2,2,3]}
        {"number":1,"factors":[]}
        {"number":18446744073709551629,"factors":[18446744073709551629]}
        "#);
        insta::assert_snapshot!(written(Format::Csv, false), @r"
        number,factors
        12,2 2 3
        1,
        18446744073709551629,18446744073709551629
        ");
    }

    #[test]
    fn the_table_is_a_summary() {
        insta::assert_snapshot!(written(Format::Table, false), @r"
          factors   numbers    share
         ────────────────────────────
             none         1   33.3 %
            prime         1   33.3 %
                3         1   33.3 %

        largest prime: 18446744073709551629
        numbers: 3, primes: 1, workers: 2, 12.0 ms
        ");
    }
}
