//! What `master demo race` shows, in each format.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::{
    Format,
    layout::{right, sheet},
};

/// How one was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Unsynchronised,
    Atomic,
    Locked,
}

impl How {
    pub(crate) const ALL: [Self; 3] = [Self::Unsynchronised, Self::Atomic, Self::Locked];

    const fn name(self) -> &'static str {
        match self {
            Self::Unsynchronised => "unsynchronised",
            Self::Atomic => "atomic",
            Self::Locked => "lock",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) is_threads: bool,
    pub(crate) how: How,
    pub(crate) expected: u64,
    pub(crate) got: u64,
    /// From the common start to the last worker's end.
    pub(crate) took: Duration,
}

/// All races.
#[derive(Debug, Clone)]
pub(crate) struct RaceReport {
    pub(crate) workers: usize,
    /// How many times each worker added.
    pub(crate) times: u64,
    pub(crate) outcomes: Vec<Outcome>,
}

#[derive(Serialize)]
struct Whole {
    workers: usize,
    times: u64,
    races: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    backend: &'static str,
    way: &'static str,
    expected: u64,
    got: u64,
    lost: u64,
    ns_per_operation: f64,
}

impl RaceReport {
    /// Whether nothing was lost where nothing may be.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.outcomes
            .iter()
            .all(|outcome| outcome.how == How::Unsynchronised || outcome.got == outcome.expected)
    }

    /// Writes the table.
    pub(crate) fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table => {
                let mut table = sheet(&["", "", "expected", "got", "lost", "ns/operation"]);
                for row in self.rows() {
                    let numbers = [row.expected, row.got, row.lost].map(|n| n.to_string());
                    let [expected, got, lost] = numbers;
                    let time = format!("{:.1}", row.ns_per_operation);
                    let (backend, way) = (row.backend.to_owned(), row.way.to_owned());
                    table.add_row([backend, way, expected, got, lost, time].map(right));
                }
                writeln!(out, "{}", table.trim_fmt())
            }
            Format::Lines => self.rows().try_for_each(|row| {
                writeln!(
                    out,
                    "{}, {}: expected {}, got {}, lost {}, {:.1} ns/operation",
                    row.backend, row.way, row.expected, row.got, row.lost, row.ns_per_operation
                )
            }),
            Format::Json => {
                let whole = Whole {
                    workers: self.workers,
                    times: self.times,
                    races: self.rows().collect(),
                };
                serde_json::to_writer_pretty(&mut *out, &whole)?;
                writeln!(out)
            }
            Format::Csv => {
                writeln!(out, "backend,way,expected,got,lost,ns_per_operation")?;
                self.rows().try_for_each(|row| {
                    writeln!(
                        out,
                        "{},{},{},{},{},{:.3}",
                        row.backend, row.way, row.expected, row.got, row.lost, row.ns_per_operation
                    )
                })
            }
        }
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        self.outcomes.iter().map(|outcome| Row {
            backend: if outcome.is_threads {
                "threads"
            } else {
                "processes"
            },
            way: outcome.how.name(),
            expected: outcome.expected,
            got: outcome.got,
            lost: outcome.expected.saturating_sub(outcome.got),
            ns_per_operation: outcome.took.as_secs_f64() * 1e9 / outcome.expected.max(1) as f64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_and_how_long_it_took() {
        let outcome = |is_threads, how, got| Outcome {
            is_threads,
            how,
            expected: 2_000,
            got,
            took: Duration::from_micros(20),
        };
        let mut report = RaceReport {
            workers: 2,
            times: 1_000,
            outcomes: vec![
                outcome(false, How::Unsynchronised, 1_200),
                outcome(true, How::Locked, 2_000),
            ],
        };
        assert!(report.is_as_expected());
        let mut out = Vec::new();
        for format in [Format::Lines, Format::Csv] {
            report.write(format, &mut out).unwrap();
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "processes, unsynchronised: expected 2000, got 1200, lost 800, 10.0 ns/operation\n\
             threads, lock: expected 2000, got 2000, lost 0, 10.0 ns/operation\n\
             backend,way,expected,got,lost,ns_per_operation\n\
             processes,unsynchronised,2000,1200,800,10.000\n\
             threads,lock,2000,2000,0,10.000\n"
        );
        report.outcomes.push(outcome(true, How::Atomic, 1_999));
        assert!(!report.is_as_expected());
    }
}
