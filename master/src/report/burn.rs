//! What `master demo burn` shows after the process ids, in each format.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::{
    Format,
    layout::{right, sheet, time},
};

/// How the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Processes,
    Threads,
    OneAfterAnother,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Processes, Self::Threads, Self::OneAfterAnother];

    fn name(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Threads => "threads",
            Self::OneAfterAnother => "one after another",
        }
    }
}

/// One way, measured.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) way: Way,
    pub(crate) took: Duration,
    /// The process of each sum, in the order in which the sums came.
    pub(crate) pids: Vec<u32>,
}

/// All there is to say about the burning.
#[derive(Debug, Clone)]
pub(crate) struct BurnReport {
    /// How many numbers each worker added up.
    pub(crate) count: u64,
    pub(crate) workers: usize,
    pub(crate) runs: Vec<Run>,
}

#[derive(Serialize)]
struct Whole<'a> {
    count: u64,
    workers: usize,
    runs: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    way: &'static str,
    seconds: f64,
    /// How many times as fast as one after another, if that was measured.
    speedup: Option<f64>,
    pids: &'a [u32],
}

impl Row<'_> {
    fn speedup(&self) -> String {
        self.speedup
            .map_or_else(|| "-".to_owned(), |speedup| format!("{speedup:.2} x"))
    }
}

impl Run {
    /// Writes what follows the process ids of the first run.
    pub(crate) fn write_time(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table | Format::Lines => {
                writeln!(out, "work took {:.3} seconds", self.took.as_secs_f64())
            }
            Format::Json | Format::Csv => Ok(()),
        }
    }
}

impl BurnReport {
    /// Writes the comparison.
    pub(crate) fn finish(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table if self.runs.len() > 1 => self.table(out),
            Format::Lines if self.runs.len() > 1 => self.rows().try_for_each(|row| {
                let Row { way, seconds, .. } = row;
                writeln!(out, "{way}: {seconds:.3} seconds, {}", row.speedup())
            }),
            Format::Table | Format::Lines => Ok(()),
            Format::Json => {
                let whole = Whole {
                    count: self.count,
                    workers: self.workers,
                    runs: self.rows().collect(),
                };
                serde_json::to_writer_pretty(&mut *out, &whole)?;
                writeln!(out)
            }
            Format::Csv => {
                writeln!(out, "way,seconds,speedup,processes")?;
                self.rows().try_for_each(|row| {
                    let speedup = row.speedup.map_or_else(String::new, |s| format!("{s:.3}"));
                    let processes = distinct(row.pids);
                    writeln!(out, "{},{:.6},{speedup},{processes}", row.way, row.seconds)
                })
            }
        }
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = sheet(&["", "processes", "time", "speed-up"]);
        for (row, run) in self.rows().zip(&self.runs) {
            let processes = distinct(row.pids).to_string();
            let cells = [row.way.to_owned(), processes, time(run.took), row.speedup()];
            table.add_row(cells.map(right));
        }
        writeln!(out, "\n{}", table.trim_fmt())
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        // Sums that were not made took no time.
        let is_whole = |run: &&Run| run.pids.len() >= self.workers;
        let mut whole = self.runs.iter().filter(is_whole);
        let serial = whole.find(|run| run.way == Way::OneAfterAnother);
        let serial = serial.map(|run| run.took.as_secs_f64());
        self.runs.iter().map(move |run| {
            let seconds = run.took.as_secs_f64();
            Row {
                way: run.way.name(),
                seconds,
                speedup: serial
                    .filter(|_| is_whole(&run))
                    .map(|serial| serial / seconds),
                pids: &run.pids,
            }
        })
    }
}

fn distinct(pids: &[u32]) -> usize {
    let mut pids = pids.to_vec();
    pids.sort_unstable();
    pids.dedup();
    pids.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format) -> String {
        let run = |way, ms, pids: &[u32]| Run {
            way,
            took: Duration::from_millis(ms),
            pids: pids.to_vec(),
        };
        let report = BurnReport {
            count: 100,
            workers: 2,
            runs: vec![
                run(Way::Processes, 110, &[7, 8]),
                run(Way::Threads, 100, &[6, 6]),
                run(Way::OneAfterAnother, 200, &[6, 6]),
            ],
        };
        let mut out = Vec::new();
        report.runs[0].write_time(format, &mut out).unwrap();
        report.finish(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_time_and_then_the_comparison() {
        insta::assert_snapshot!(written(Format::Lines), @r"
        work took 0.110 seconds
        processes: 0.110 seconds, 1.82 x
        threads: 0.100 seconds, 2.00 x
        one after another: 0.200 seconds, 1.00 x
        ");
        insta::assert_snapshot!(written(Format::Csv), @r"
        way,seconds,speedup,processes
        processes,0.110000,1.818,2
        threads,0.100000,2.000,1
        one after another,0.200000,1.000,1
        ");
        insta::assert_snapshot!(written(Format::Table), @r"
        work took 0.110 seconds

                              processes       time   speed-up
         ─────────────────────────────────────────────────────
                  processes           2   110.0 ms     1.82 x
                    threads           1   100.0 ms     2.00 x
          one after another           1   200.0 ms     1.00 x
        ");
    }
}
