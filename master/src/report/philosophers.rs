//! What `master demo philosophers` shows, in each format.

mod benchmark;

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::Format;
use benchmark::Benchmark;

/// How long one philosopher ate and thought at one serving, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Served {
    pub(crate) philosopher: u32,
    pub(crate) eat: f64,
    pub(crate) think: f64,
}

/// One of those who wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Stuck {
    pub(crate) philosopher: u32,
    pub(crate) holds: u32,
    pub(crate) waits_for: u32,
    pub(crate) held_by: u32,
}

/// Takes the minutes of a dinner: lines as things happen, everything else at the end.
pub(crate) struct Minutes<'a> {
    format: Format,
    faculty: u32,
    out: &'a mut dyn Write,
    servings: Vec<Vec<Served>>,
    stuck: Option<Vec<Stuck>>,
    benchmark: Option<Benchmark>,
}

#[derive(Serialize)]
struct Whole<'a> {
    faculty: u32,
    servings: &'a [Vec<Served>],
    deadlock: Option<&'a [Stuck]>,
}

impl<'a> Minutes<'a> {
    pub(crate) fn new(format: Format, faculty: u32, out: &'a mut dyn Write) -> Self {
        Self {
            format,
            faculty,
            out,
            servings: Vec::new(),
            stuck: None,
            benchmark: None,
        }
    }

    pub(crate) fn eating(&mut self, philosopher: u32) -> io::Result<()> {
        self.say(&format!("{philosopher} eating"))
    }

    pub(crate) fn philosophizing(&mut self, philosopher: u32) -> io::Result<()> {
        self.say(&format!("{philosopher} philosophizing"))
    }

    /// Everybody has got up from a serving.
    pub(crate) fn serving(&mut self, served: Vec<Served>) -> io::Result<()> {
        let each = served.iter().map(|one| {
            let Served {
                philosopher,
                eat,
                think,
            } = one;
            format!("({philosopher}, {eat:.3}, {think:.3})")
        });
        let line = format!("[{}]", each.collect::<Vec<_>>().join(", "));
        self.servings.push(served);
        self.say(&line)
    }

    /// These wait for each other.
    pub(crate) fn deadlock(&mut self, stuck: Vec<Stuck>) {
        self.stuck = Some(stuck);
    }

    /// So many meals each in this time.
    pub(crate) fn counted(&mut self, meals: Vec<u64>, elapsed: Duration) {
        self.benchmark = Some(Benchmark { meals, elapsed });
    }

    /// As it happens, so that it is seen when it does.
    fn say(&mut self, line: &str) -> io::Result<()> {
        if matches!(self.format, Format::Table | Format::Lines) {
            writeln!(self.out, "{line}")?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Writes what is left to say.
    pub(crate) fn finish(self) -> io::Result<()> {
        let out = self.out;
        if let Some(benchmark) = self.benchmark.filter(|_| self.stuck.is_none()) {
            return benchmark.write(self.format, out);
        }
        match self.format {
            Format::Table | Format::Lines => {
                let Some(stuck) = self.stuck else {
                    return Ok(());
                };
                writeln!(out, "deadlock: {} wait for each other", stuck.len())?;
                stuck.iter().try_for_each(|one| {
                    let Stuck {
                        philosopher,
                        holds,
                        waits_for,
                        held_by,
                    } = one;
                    writeln!(
                        out,
                        "{philosopher} holds fork {holds} and waits for fork {waits_for}, which {held_by} holds"
                    )
                })
            }
            Format::Json => {
                let whole = Whole {
                    faculty: self.faculty,
                    servings: &self.servings,
                    deadlock: self.stuck.as_deref(),
                };
                serde_json::to_writer_pretty(&mut *out, &whole)?;
                writeln!(out)
            }
            Format::Csv => csv(out, &self.servings, self.stuck.as_deref()),
        }
    }
}

fn csv(out: &mut dyn Write, servings: &[Vec<Served>], stuck: Option<&[Stuck]>) -> io::Result<()> {
    if let Some(stuck) = stuck {
        writeln!(out, "philosopher,holds,waits_for,held_by")?;
        return stuck.iter().try_for_each(|one| {
            writeln!(
                out,
                "{},{},{},{}",
                one.philosopher, one.holds, one.waits_for, one.held_by
            )
        });
    }
    writeln!(out, "serving,philosopher,eat,think")?;
    for (serving, served) in servings.iter().enumerate() {
        for one in served {
            writeln!(
                out,
                "{serving},{},{:.6},{:.6}",
                one.philosopher, one.eat, one.think
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, hold: impl FnOnce(&mut Minutes<'_>)) -> String {
        let mut out = Vec::new();
        let mut minutes = Minutes::new(format, 2, &mut out);
        hold(&mut minutes);
        minutes.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    fn dinner(minutes: &mut Minutes<'_>) {
        minutes.eating(0).unwrap();
        minutes.philosophizing(0).unwrap();
        let served = |philosopher| Served {
            philosopher,
            eat: 1.25,
            think: 1.5,
        };
        minutes.serving(vec![served(0), served(1)]).unwrap();
    }

    fn stuck(minutes: &mut Minutes<'_>) {
        let stuck = |philosopher, other| Stuck {
            philosopher,
            holds: philosopher,
            waits_for: other,
            held_by: other,
        };
        minutes.deadlock(vec![stuck(0, 1), stuck(1, 0)]);
    }

    #[test]
    fn a_dinner_is_told_as_it_happens() {
        insta::assert_snapshot!(written(Format::Lines, dinner), @r"
        0 eating
        0 philosophizing
        [(0, 1.250, 1.500), (1, 1.250, 1.500)]
        ");
        insta::assert_snapshot!(written(Format::Csv, dinner), @r"
        serving,philosopher,eat,think
        0,0,1.250000,1.500000
        0,1,1.250000,1.500000
        ");
    }

    #[test]
    fn who_waits_for_whom_is_named() {
        insta::assert_snapshot!(written(Format::Table, stuck), @r"
        deadlock: 2 wait for each other
        0 holds fork 0 and waits for fork 1, which 1 holds
        1 holds fork 1 and waits for fork 0, which 0 holds
        ");
        insta::assert_snapshot!(written(Format::Csv, stuck), @r"
        philosopher,holds,waits_for,held_by
        0,0,1,1
        1,1,0,0
        ");
    }
}
