//! What `master demo deli` shows, in each format.

use std::{
    io::{self, Write},
    time::Duration,
};

use serde::Serialize;

use super::{
    Format,
    layout::{printable, right, sheet},
};

/// What came of a race for the tray.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct TrayRace {
    pub(crate) has_flag: bool,
    pub(crate) on_tray: u64,
    pub(crate) on_floor: u64,
    pub(crate) moves: u64,
}

#[derive(Serialize)]
struct Made {
    seconds: f64,
    chef: String,
    order: String,
}

/// Tells of orders as they are made, and of the tray at the end.
pub(crate) struct DeliReport<'a> {
    format: Format,
    chefs: Vec<String>,
    out: &'a mut dyn Write,
    made: Vec<Made>,
    races: Vec<TrayRace>,
}

#[derive(Serialize)]
struct Whole<'a> {
    chefs: &'a [String],
    made: &'a [Made],
    tray: &'a [TrayRace],
}

impl<'a> DeliReport<'a> {
    pub(crate) fn new(format: Format, chefs: Vec<String>, out: &'a mut dyn Write) -> Self {
        Self {
            format,
            chefs,
            out,
            made: Vec::new(),
            races: Vec::new(),
        }
    }

    /// An order was made, so long after the first chef began.
    pub(crate) fn made(&mut self, at: Duration, chef: u32, order: &str) -> io::Result<()> {
        let chef = self.chefs.get(chef as usize).cloned().unwrap_or_default();
        let seconds = at.as_secs_f64();
        if matches!(self.format, Format::Table | Format::Lines) {
            writeln!(self.out, "{seconds:.3} {} made {order}", printable(&chef))?;
            self.out.flush()?;
        }
        self.made.push(Made {
            seconds,
            chef,
            order: order.to_owned(),
        });
        Ok(())
    }

    /// A race for the tray is over.
    pub(crate) fn raced(&mut self, race: TrayRace) -> io::Result<()> {
        if self.format == Format::Lines {
            let TrayRace {
                on_tray,
                on_floor,
                moves,
                ..
            } = race;
            writeln!(
                self.out,
                "{}: {on_tray} on the tray, {on_floor} on the floor, {moves} moves",
                race.name()
            )?;
            self.out.flush()?;
        }
        self.races.push(race);
        Ok(())
    }

    /// Writes what is left to say.
    pub(crate) fn finish(self) -> io::Result<()> {
        let out = self.out;
        match self.format {
            Format::Table if !self.races.is_empty() => {
                let mut table = sheet(&["", "on the tray", "on the floor", "moves"]);
                for race in &self.races {
                    let numbers = [race.on_tray, race.on_floor, race.moves];
                    let [tray, floor, moves] = numbers.map(|number| number.to_string());
                    table.add_row([race.name().to_owned(), tray, floor, moves].map(right));
                }
                writeln!(out, "{}", table.trim_fmt())
            }
            Format::Table | Format::Lines => Ok(()),
            Format::Json => {
                let whole = Whole {
                    chefs: &self.chefs,
                    made: &self.made,
                    tray: &self.races,
                };
                serde_json::to_writer_pretty(&mut *out, &whole)?;
                writeln!(out)
            }
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                if self.races.is_empty() {
                    self.made.iter().try_for_each(|made| csv.serialize(made))?;
                } else {
                    self.races.iter().try_for_each(|race| csv.serialize(race))?;
                }
                csv.flush()
            }
        }
    }
}

impl TrayRace {
    const fn name(self) -> &'static str {
        if self.has_flag {
            "with the flag"
        } else {
            "without the flag"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, tell: impl FnOnce(&mut DeliReport<'_>)) -> String {
        let mut out = Vec::new();
        let chefs = vec!["Michael".into(), "Con, stantine".into()];
        let mut report = DeliReport::new(format, chefs, &mut out);
        tell(&mut report);
        report.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    fn cooked(report: &mut DeliReport<'_>) {
        let at = Duration::from_millis(1076);
        report.made(at, 1, "Ham and Cheese").unwrap();
    }

    fn raced(report: &mut DeliReport<'_>) {
        let race = |has_flag, on_floor| TrayRace {
            has_flag,
            on_tray: 100 - on_floor,
            on_floor,
            moves: 77,
        };
        report.raced(race(false, 3)).unwrap();
        report.raced(race(true, 0)).unwrap();
    }

    #[test]
    fn who_made_what_and_when() {
        assert_eq!(
            written(Format::Table, cooked),
            "1.076 Con, stantine made Ham and Cheese\n"
        );
        insta::assert_snapshot!(written(Format::Csv, cooked), @r#"
        seconds,chef,order
        1.076,"Con, stantine",Ham and Cheese
        "#);
    }

    #[test]
    fn where_the_sandwiches_are() {
        insta::assert_snapshot!(written(Format::Lines, raced), @r"
        without the flag: 97 on the tray, 3 on the floor, 77 moves
        with the flag: 100 on the tray, 0 on the floor, 77 moves
        ");
        insta::assert_snapshot!(written(Format::Csv, raced), @r"
        has_flag,on_tray,on_floor,moves
        false,97,3,77
        true,100,0,77
        ");
    }
}
