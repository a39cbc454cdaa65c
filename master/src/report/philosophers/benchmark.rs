//! How many meals, and how evenly.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use crate::report::{
    Format,
    layout::{in_threes, right, sheet},
};

/// What was eaten in a time.
pub(super) struct Benchmark {
    pub(super) meals: Vec<u64>,
    pub(super) elapsed: Duration,
}

#[derive(Serialize)]
struct Whole<'a> {
    philosophers: usize,
    seconds: f64,
    meals: &'a [u64],
    meals_per_second: f64,
    fairness: f64,
    most_to_least: f64,
}

impl Benchmark {
    pub(super) fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        let whole = self.whole();
        match format {
            Format::Table => {
                self.table(out)?;
                writeln!(out, "\n{}", self.summary())
            }
            Format::Lines => {
                for (philosopher, meals) in self.meals.iter().enumerate() {
                    writeln!(out, "{philosopher} ate {meals} meals")?;
                }
                writeln!(out, "{}", self.summary())
            }
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &whole)?;
                writeln!(out)
            }
            Format::Csv => {
                writeln!(out, "philosopher,meals,seconds")?;
                for (philosopher, meals) in self.meals.iter().enumerate() {
                    writeln!(out, "{philosopher},{meals},{:.6}", whole.seconds)?;
                }
                Ok(())
            }
        }
    }

    fn total(&self) -> u64 {
        self.meals.iter().sum()
    }

    fn whole(&self) -> Whole<'_> {
        let seconds = self.elapsed.as_secs_f64();
        let (most, least) = (self.meals.iter().max(), self.meals.iter().min());
        Whole {
            philosophers: self.meals.len(),
            seconds,
            meals: &self.meals,
            meals_per_second: self.total() as f64 / seconds.max(f64::MIN_POSITIVE),
            fairness: self.fairness(),
            most_to_least: most.map_or(0.0, |most| *most as f64)
                / least.map_or(1.0, |least| *least as f64).max(1.0),
        }
    }

    /// Jain's index: 1 when all have the same, 1/n when one has everything.
    fn fairness(&self) -> f64 {
        let sum = self.total() as f64;
        let squares: f64 = self.meals.iter().map(|meals| (*meals as f64).powi(2)).sum();
        if squares == 0.0 {
            return 1.0;
        }
        sum * sum / (self.meals.len() as f64 * squares)
    }

    fn summary(&self) -> String {
        let whole = self.whole();
        format!(
            "{} meals/s: {} processes, {:.2} s; fairness {:.3} (1 is even), the most {:.2} times the least",
            thousands(whole.meals_per_second),
            whole.philosophers,
            whole.seconds,
            whole.fairness,
            whole.most_to_least
        )
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = sheet(&["philosopher", "meals", "share"]);
        let total = self.total().max(1) as f64;
        for (philosopher, meals) in self.meals.iter().enumerate() {
            let share = format!("{:.1} %", 100.0 * *meals as f64 / total);
            table.add_row([philosopher.to_string(), meals.to_string(), share].map(right));
        }
        writeln!(out, "{}", table.trim_fmt())
    }
}

/// A whole number with commas.
fn thousands(number: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "meals a second"
    )]
    in_threes(number.round().max(0.0) as u64, ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meals_a_second_and_how_even_they_are() {
        let benchmark = Benchmark {
            meals: vec![2_000_000, 1_000_000],
            elapsed: Duration::from_millis(1500),
        };
        let mut out = Vec::new();
        benchmark.write(Format::Lines, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        0 ate 2000000 meals
        1 ate 1000000 meals
        2,000,000 meals/s: 2 processes, 1.50 s; fairness 0.900 (1 is even), the most 2.00 times the least
        ");
        let nobody = Benchmark {
            meals: vec![0; 3],
            elapsed: Duration::ZERO,
        };
        assert!((nobody.fairness() - 1.0).abs() < 1e-9);
    }
}
