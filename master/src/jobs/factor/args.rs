//! What `master factor` is told.

use brigade_protocol::jobs::factor::Method;
use clap::{Args, ValueEnum};

use super::source::{Random, Source};

/// The most digits that every number of may have: 39 digits do not all fit in 128 bits.
pub(crate) const MOST_DIGITS: u32 = 38;

/// Find the prime factors of numbers
///
/// Takes numbers from 1 to 2^128 - 1 from the command line, or else from standard input, one or many a line;
/// results come in the same order, while the input may still go on. What is no such number is told on
/// standard error with its line, the rest is done, and the exit code is 3.
#[derive(Debug, Clone, Args)]
pub(crate) struct FactorArgs {
    /// The numbers [default: those on standard input]
    #[arg(allow_negative_numbers = true)]
    numbers: Vec<String>,

    /// Take so many random numbers instead
    #[arg(long, value_name = "COUNT", conflicts_with = "numbers")]
    random: Option<u64>,

    /// How many digits random numbers have
    #[arg(long, value_name = "N", default_value_t = 9, requires = "random", conflicts_with = "numbers", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_DIGITS)))]
    digits: u32,

    /// Makes random numbers the same every time [default: others every time]
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "random",
        conflicts_with = "numbers"
    )]
    seed: Option<u64>,

    /// How factors are found
    #[arg(long, value_name = "METHOD", default_value = "auto")]
    method: HowArg,

    /// Show only the numbers that are prime; exit code 1 when there are none
    #[arg(long)]
    pub(super) primes: bool,
}

/// [`Method`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HowArg {
    /// Small primes and Pollard's rho, above 64 bits Hart's and Shanks' methods too
    Auto,
    /// Every divisor up to the square root
    Trial,
}

impl From<HowArg> for Method {
    fn from(method: HowArg) -> Self {
        match method {
            HowArg::Auto => Self::Auto,
            HowArg::Trial => Self::Trial,
        }
    }
}

impl FactorArgs {
    pub(super) fn method(&self) -> Method {
        self.method.into()
    }

    /// Where the numbers come from.
    pub(super) fn source(&self) -> Source {
        match self.random {
            Some(count) => Source::Random(Random {
                count,
                digits: self.digits,
                seed: self.seed,
            }),
            None if self.numbers.is_empty() => Source::Input,
            None => Source::Arguments(self.numbers.clone()),
        }
    }
}
