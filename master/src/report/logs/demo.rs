//! What `master logs demo` shows, in each format.

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use serde::Serialize;

use crate::report::{
    Format,
    layout::{right, sheet, time},
};

/// A client whose records were not all found as they were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    pub(crate) name: String,
    pub(crate) sent: u64,
    pub(crate) found: u64,
}

/// All there is to say about the demo.
#[derive(Debug, Clone)]
pub(crate) struct DemoReport {
    pub(crate) clients: usize,
    pub(crate) failed: usize,
    pub(crate) sorter: &'static str,
    pub(crate) collections: u64,
    pub(crate) steps: u64,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
    /// Where the records were looked for, if they could be.
    pub(crate) file: Option<PathBuf>,
    pub(crate) missing: Vec<Missing>,
    /// Lines of the file that are no JSON.
    pub(crate) corrupted: u64,
}

#[derive(Serialize)]
struct Whole<'a> {
    clients: usize,
    failed: usize,
    sorter: &'a str,
    collections: u64,
    steps: u64,
    records: u64,
    bytes: u64,
    seconds: f64,
    records_per_second: f64,
    is_checked: bool,
    missing: &'a [Missing],
    corrupted: u64,
}

impl DemoReport {
    /// Whether every record was found as it was sent, or nobody could look.
    pub(crate) fn is_well(&self) -> bool {
        self.missing.is_empty() && self.corrupted == 0
    }

    fn rate(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Writes the report.
    pub(crate) fn write(&self, format: Format, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Table => self.table(out),
            Format::Lines => self.lines(out),
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &self.whole())?;
                writeln!(out)
            }
            Format::Csv => {
                let Whole {
                    seconds,
                    records_per_second,
                    is_checked,
                    ..
                } = self.whole();
                writeln!(
                    out,
                    "clients,failed,sorter,collections,steps,records,bytes,seconds,records_per_second,checked,missing,corrupted"
                )?;
                writeln!(
                    out,
                    "{},{},{},{},{},{},{},{seconds:.6},{records_per_second:.1},{is_checked},{},{}",
                    self.clients,
                    self.failed,
                    self.sorter,
                    self.collections,
                    self.steps,
                    self.records,
                    self.bytes,
                    self.missing.len(),
                    self.corrupted
                )
            }
        }
    }

    fn whole(&self) -> Whole<'_> {
        Whole {
            clients: self.clients,
            failed: self.failed,
            sorter: self.sorter,
            collections: self.collections,
            steps: self.steps,
            records: self.records,
            bytes: self.bytes,
            seconds: self.took.as_secs_f64(),
            records_per_second: self.rate(),
            is_checked: self.file.is_some(),
            missing: &self.missing,
            corrupted: self.corrupted,
        }
    }

    fn table(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = sheet(&[
            "clients",
            "sorter",
            "collections",
            "steps",
            "records",
            "time",
            "records/s",
        ]);
        table.add_row(
            [
                self.clients.to_string(),
                self.sorter.to_owned(),
                self.collections.to_string(),
                self.steps.to_string(),
                self.records.to_string(),
                time(self.took),
                format!("{:.0}", self.rate()),
            ]
            .map(right),
        );
        writeln!(out, "{}\n", table.trim_fmt())?;
        self.verdict(out)
    }

    fn lines(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{} clients sent {} records in {}: {:.0} records/s",
            self.clients,
            self.records,
            time(self.took),
            self.rate()
        )?;
        self.verdict(out)
    }

    /// What became of the records.
    fn verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        for Missing { name, sent, found } in &self.missing {
            writeln!(
                out,
                "missing: {name} sent {sent} records, {found} were found"
            )?;
        }
        if self.corrupted > 0 {
            writeln!(out, "corrupted: {} lines are no JSON", self.corrupted)?;
        }
        match &self.file {
            None => writeln!(out, "not checked: name the server's file with --output"),
            Some(_) if self.is_well() => writeln!(
                out,
                "none missing: every record of every client is in the file, as it was sent"
            ),
            Some(file) => writeln!(out, "see {}", file.display()),
        }
    }
}
