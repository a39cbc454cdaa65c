//! What `master doctor` shows, in each format.

use std::{io, time::Duration};

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};
use serde::Serialize;

use super::{
    Format,
    layout::{terminal_width, wrap},
};

/// What one check came to.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// The fault's number in docs/FAULTS.md.
    pub(crate) number: u32,
    /// What went wrong on purpose.
    pub(crate) fault: &'static str,
    /// What was observed.
    pub(crate) observed: String,
    /// How long it took.
    pub(crate) elapsed: Duration,
    /// Whether the pool kept its promise.
    pub(crate) is_ok: bool,
}

/// What all checks came to.
#[derive(Debug, Clone)]
pub(crate) struct DoctorReport {
    /// The checks that were made.
    pub(crate) rows: Vec<Row>,
    /// How many were not, because there was no worker or no time.
    pub(crate) untried: usize,
    /// Wall time.
    pub(crate) elapsed: Duration,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    number: u32,
    fault: &'a str,
    ok: bool,
    observed: &'a str,
    seconds: f64,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    ok: bool,
    untried: usize,
    seconds: f64,
    checks: Vec<JsonRow<'a>>,
}

impl DoctorReport {
    /// Whether every promise was kept.
    pub(crate) fn is_ok(&self) -> bool {
        self.untried == 0 && self.rows.iter().all(|row| row.is_ok)
    }

    /// Writes the report; `colour` matters for [`Format::Table`] alone.
    ///
    /// # Errors
    /// What `out` returns.
    pub(crate) fn write(
        &self,
        format: Format,
        colour: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match format {
            Format::Table => self.write_table(colour, out),
            Format::Lines => self.rows.iter().try_for_each(|row| {
                let Row {
                    number,
                    fault,
                    observed,
                    ..
                } = row;
                writeln!(out, "{number} {}: {fault}: {observed}", verdict(row))
            }),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &self.json())?;
                writeln!(out)
            }
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                for row in self.json().checks {
                    writer.serialize(row).map_err(io::Error::other)?;
                }
                writer.flush()
            }
        }
    }

    fn json(&self) -> JsonReport<'_> {
        let rows = self.rows.iter();
        JsonReport {
            ok: self.is_ok(),
            untried: self.untried,
            seconds: self.elapsed.as_secs_f64(),
            checks: rows
                .map(|row| JsonRow {
                    number: row.number,
                    fault: row.fault,
                    ok: row.is_ok,
                    observed: &row.observed,
                    seconds: row.elapsed.as_secs_f64(),
                })
                .collect(),
        }
    }

    fn write_table(&self, colour: bool, out: &mut dyn io::Write) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(super::layout::STYLE).force_no_tty();
        if colour {
            table.enforce_styling().style_text_only();
        }
        let head = |text| Cell::new(text).add_attribute(Attribute::Bold);
        table.set_header(["#", "fault", "observed", "ms", ""].map(head));
        for row in &self.rows {
            let hue = if row.is_ok { Color::Green } else { Color::Red };
            table.add_row([
                Cell::new(row.number).set_alignment(CellAlignment::Right),
                Cell::new(row.fault),
                Cell::new(&row.observed),
                Cell::new(row.elapsed.as_millis()).set_alignment(CellAlignment::Right),
                Cell::new(verdict(row)).fg(hue),
            ]);
        }
        wrap(&mut table, terminal_width());
        writeln!(out, "{}\n", table.trim_fmt())?;
        let failed = self.rows.iter().filter(|row| !row.is_ok).count();
        let seconds = self.elapsed.as_secs_f64();
        write!(
            out,
            "{} checks in {seconds:.1} s, {failed} failed",
            self.rows.len()
        )?;
        if self.untried > 0 {
            write!(out, ", {} not tried", self.untried)?;
        }
        writeln!(out)
    }
}

fn verdict(row: &Row) -> &'static str {
    if row.is_ok { "ok" } else { "FAILED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_failed_or_was_not_tried_is_not_all_green() {
        let row = |is_ok| Row {
            number: 4,
            fault: "a crash",
            observed: "it is told".into(),
            elapsed: Duration::from_millis(7),
            is_ok,
        };
        let report = |rows, untried| DoctorReport {
            rows,
            untried,
            elapsed: Duration::from_secs(1),
        };
        assert!(report(vec![row(true)], 0).is_ok());
        assert!(!report(vec![row(true)], 1).is_ok());
        let failed = report(vec![row(true), row(false)], 2);
        assert!(!failed.is_ok());
        let mut out = Vec::new();
        failed.write(Format::Table, false, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("FAILED"), "{text}");
        assert!(
            text.contains("2 checks in 1.0 s, 1 failed, 2 not tried"),
            "{text}"
        );
    }
}
