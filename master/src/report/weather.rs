//! What `master weather` shows, in each format.

mod json;
mod table;

use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use super::{Format, layout::printable};
use crate::jobs::weather::{Arrival, Lost, Origin, Outcome, Zone};

/// In the place of an advisory: in parentheses, so that it is not taken for the words of a forecast.
const NO_ADVISORY: &str = "(no advisory)";

const ADVISORY: &str = "\x1b[1;33m";
const QUIET: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// How forecasts are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Whether every advisory is shown, not only the first of a zone.
    pub(crate) all: bool,
    pub(crate) is_coloured: bool,
}

/// Writes forecasts in the order of the zones.
#[derive(Debug)]
pub(crate) struct WeatherReport {
    style: Style,
    table: table::Rows,
}

impl WeatherReport {
    pub(crate) fn new(style: Style) -> Self {
        Self {
            style,
            table: table::Rows::default(),
        }
    }

    /// Writes what stands before the forecasts.
    pub(crate) fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        match self.style.format {
            Format::Csv => writeln!(out, "zone,same_code,name,status,advisory,expires"),
            _ => Ok(()),
        }
    }

    /// Writes what came of one zone. Of a lost one, formats for people show nothing here: it is an error.
    pub(crate) fn write(
        &mut self,
        zone: &Zone,
        outcome: &Outcome,
        out: &mut impl Write,
    ) -> io::Result<()> {
        match (self.style.format, outcome) {
            (Format::Json, _) => json::write(zone, outcome, out),
            (Format::Csv, _) => self.csv(zone, outcome, out),
            (Format::Table, _) => {
                let texts = self.texts(outcome);
                self.table.add(zone, outcome, &texts, self.style);
                Ok(())
            }
            (Format::Lines, Ok(_)) => self.lines(zone, outcome, out),
            (Format::Lines, Err(_)) => Ok(()),
        }
    }

    /// Writes what stands after the forecasts.
    pub(crate) fn finish(&self, out: &mut impl Write) -> io::Result<()> {
        match self.style.format {
            Format::Table => self.table.write(self.style, out),
            _ => Ok(()),
        }
    }

    /// What somebody should know who reads this forecast.
    pub(crate) fn remarks(&self, arrival: &Arrival) -> Vec<String> {
        let forecast = &arrival.forecast;
        let mut remarks = Vec::new();
        let over = forecast.expires.and_then(|end| end.elapsed().ok());
        if let Some(over) = over {
            let age = rough(over);
            remarks.push(format!(
                "this forecast was to be replaced {age} ago: the server may not keep it up any more"
            ));
        }
        if forecast.is_damaged {
            remarks.push("the forecast is not all UTF-8: � stands for what is not".to_owned());
        }
        let more = forecast.advisories.len().saturating_sub(1);
        // A JSON object has all of them anyway.
        if more > 0 && !self.style.all && self.style.format != Format::Json {
            remarks.push(format!(
                "{more} more in force here: --all shows every advisory"
            ));
        }
        remarks
    }

    /// The chapter's line: name and advisory.
    fn lines(&self, zone: &Zone, outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
        let name = printable(&zone.name);
        let texts = self.texts(outcome);
        for text in &texts {
            self.line(&name, ADVISORY, text, out)?;
        }
        if texts.is_empty() {
            self.line(&name, QUIET, NO_ADVISORY, out)?;
        }
        Ok(())
    }

    fn line(&self, name: &str, colour: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
        if self.style.is_coloured {
            writeln!(out, "{name} {colour}{text}{PLAIN}")
        } else {
            writeln!(out, "{name} {text}")
        }
    }

    fn csv(&self, zone: &Zone, outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
        let mut texts = self.texts(outcome);
        if texts.is_empty() {
            texts.push(String::new());
        }
        let expires = outcome
            .as_ref()
            .ok()
            .and_then(|arrival| arrival.forecast.expires);
        let expires = expires.map(timestamp).unwrap_or_default();
        let mut rows = csv::Writer::from_writer(out);
        for text in &texts {
            let name = printable(&zone.name);
            let fields = [
                &zone.code,
                &zone.same_code,
                &name,
                status(outcome),
                text,
                &expires,
            ];
            rows.write_record(fields)?;
        }
        rows.flush()
    }

    /// The advisories to be shown, safe to print.
    fn texts(&self, outcome: &Outcome) -> Vec<String> {
        let most = if self.style.all { usize::MAX } else { 1 };
        let advisories = outcome
            .iter()
            .flat_map(|arrival| &arrival.forecast.advisories);
        advisories.take(most).map(|text| printable(text)).collect()
    }
}

/// In a word, for programs.
fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Ok(arrival) if arrival.forecast.advisories.is_empty() => "none",
        Ok(_) => "advisory",
        Err(_) => "failed",
    }
}

/// As in `2026-11-25T21:15:00Z`.
fn timestamp(time: SystemTime) -> String {
    // The library writes dates as HTTP has them: `Wed, 25 Nov 2026 21:15:00 GMT`.
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let date = httpdate::fmt_http_date(time);
    let words: Vec<&str> = date.split_ascii_whitespace().collect();
    let [_, day, month, year, time, _] = words[..] else {
        return date;
    };
    let month = MONTHS
        .iter()
        .position(|name| *name == month)
        .map_or(0, |at| at + 1);
    format!("{year}-{month:02}-{day}T{time}Z")
}

/// Where a forecast has come from, for who wants to know.
pub(crate) fn origin(origin: Origin) -> String {
    match origin {
        Origin::Server => "from the server".to_owned(),
        Origin::Unchanged => "from the cache: the server says that it still holds".to_owned(),
        Origin::Cache(age) => format!("from the cache, {} old", rough(age)),
    }
}

/// Why there is none.
pub(crate) fn reason(lost: &Lost) -> String {
    match lost.tries {
        1 => lost.failure.to_string(),
        tries => format!("{} ({tries} tries)", lost.failure),
    }
}

/// A line about a zone.
pub(crate) fn said(mark: &str, code: &str, what: &str) -> String {
    printable(&format!("{mark}{code}: {what}"))
}

/// The chapter's closing line.
pub(crate) fn summary(got: usize, all: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    match (got, all) {
        (1, 1) => format!("Got 1 forecast in {seconds:.3} seconds"),
        _ if got == all => format!("Got {got} forecasts in {seconds:.3} seconds"),
        _ => format!("Got {got} of {all} forecasts in {seconds:.3} seconds"),
    }
}

/// A time in its largest unit.
fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
