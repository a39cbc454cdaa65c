//! What people and programs see of commands: their output, or what became of them.

mod json;

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use brigade_protocol::jobs::run::Captured;
use comfy_table::{Cell, Table};

use super::{
    Format,
    layout::{printable, right, sheet},
};
use crate::{
    cli::Narrator,
    jobs::run::{Ended, Spool},
};

/// Longer commands are cut in messages and tables.
const SHOWN: usize = 100;

/// Shows jobs as they end.
pub(crate) struct RunReport {
    format: Format,
    out: BufWriter<Stdout>,
    table: Table,
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) failed: u64,
    pub(crate) succeeded: u64,
    pub(crate) not_run: u64,
    pub(crate) first_failure: Option<String>,
    pub(crate) is_halted: bool,
}

impl Summary {
    /// What there is to be said on the side, if anything went otherwise than hoped.
    pub(crate) fn line(&self) -> Option<String> {
        let ran = self.failed + self.succeeded;
        let failed = self
            .first_failure
            .as_ref()
            .map(|first| format!("{} of {ran} jobs failed, first {first}", self.failed));
        let not_run = (self.not_run > 0).then(|| {
            let why = if self.is_halted {
                " because of --halt"
            } else {
                ""
            };
            let verb = if self.not_run == 1 { "was" } else { "were" };
            format!("{} {verb} not run to the end{why}", self.not_run)
        });
        match (failed, not_run) {
            (None, None) => None,
            (Some(failed), None) => Some(format!("error: {failed}")),
            (Some(failed), Some(not_run)) => Some(format!("error: {failed}; {not_run}")),
            (None, Some(not_run)) if ran == 1 => Some(format!("1 job was run, {not_run}")),
            (None, Some(not_run)) => Some(format!("{ran} jobs were run, {not_run}")),
        }
    }
}

impl RunReport {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            out: BufWriter::with_capacity(64 << 10, io::stdout()),
            table: sheet(&["job", "result", "seconds", "command"]),
        }
    }

    pub(crate) fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Csv => self
                .out
                .write_all(b"job,exit,signal,attempts,began,seconds,command\n"),
            _ => Ok(()),
        }
    }

    /// A job that failed, in a few words.
    pub(crate) fn failure(ended: &Ended) -> String {
        let command = shown(&ended.command);
        format!("job {} ({}): {command}", ended.sequence, ended.status)
    }

    /// Shows a job that has ended.
    pub(crate) fn write(
        &mut self,
        ended: &Ended,
        spool: &Spool,
        narrator: &Narrator,
    ) -> io::Result<()> {
        match self.format {
            Format::Lines => {
                let tag = ended.tag.as_deref();
                narrator.aside(|| {
                    let is_whole = copy(spool, &ended.stdout, tag, &mut self.out)?;
                    self.end_line(is_whole, narrator)?;
                    if ended.stderr.bytes() == 0 {
                        return if narrator.is_drawing() {
                            self.out.flush()
                        } else {
                            Ok(())
                        };
                    }
                    // First what came first, where both go to the same place.
                    self.out.flush()?;
                    let mut errors = BufWriter::new(io::stderr().lock());
                    let is_whole = copy(spool, &ended.stderr, tag, &mut errors)?;
                    if !is_whole && narrator.is_drawing() {
                        errors.write_all(b"\n")?;
                    }
                    errors.flush()
                })
            }
            Format::Json | Format::Csv => narrator.aside(|| {
                match self.format {
                    Format::Json => json::write(ended, spool, &mut self.out)?,
                    _ => self.row(ended)?,
                }
                if narrator.is_drawing() {
                    self.out.flush()?;
                }
                Ok(())
            }),
            Format::Table => {
                self.table.add_row([
                    right(ended.sequence.to_string()),
                    Cell::new(printable(&ended.status.to_string())),
                    right(format!("{:.2}", ended.took.as_secs_f64())),
                    Cell::new(shown(&ended.command)),
                ]);
                Ok(())
            }
        }
    }

    /// Ends a line that its command has not, where a bar would follow it on the terminal.
    fn end_line(&mut self, is_whole: bool, narrator: &Narrator) -> io::Result<()> {
        if !is_whole && narrator.is_drawing() && io::stdout().is_terminal() {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn row(&mut self, ended: &Ended) -> io::Result<()> {
        let mut row = csv::Writer::from_writer(&mut self.out);
        row.write_record([
            ended.sequence.to_string().as_bytes(),
            ended.status.exit_value().to_string().as_bytes(),
            ended.status.signal().to_string().as_bytes(),
            ended.attempts.to_string().as_bytes(),
            format!("{:.3}", ended.began.as_secs_f64()).as_bytes(),
            format!("{:.3}", ended.took.as_secs_f64()).as_bytes(),
            &ended.command,
        ])?;
        row.flush()
    }

    /// Shows whole lines as they come.
    pub(crate) fn lines(
        &mut self,
        tag: Option<&[u8]>,
        lines: &[u8],
        is_error: bool,
        narrator: &Narrator,
    ) -> io::Result<()> {
        narrator.aside(|| {
            if is_error {
                self.out.flush()?;
                let mut errors = BufWriter::new(io::stderr().lock());
                Tagged::new(tag).write(lines, &mut errors)?;
                if !lines.ends_with(b"\n") && narrator.is_drawing() {
                    errors.write_all(b"\n")?;
                }
                errors.flush()
            } else {
                Tagged::new(tag).write(lines, &mut self.out)?;
                self.end_line(lines.ends_with(b"\n"), narrator)?;
                self.out.flush()
            }
        })
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    pub(crate) fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        if self.format == Format::Table {
            let Summary {
                failed,
                succeeded,
                not_run,
                ..
            } = summary;
            if failed + succeeded > 0 {
                writeln!(self.out, "{}\n", self.table.trim_fmt())?;
            }
            writeln!(
                self.out,
                "succeeded: {succeeded}, failed: {failed}, not run: {not_run}"
            )?;
        }
        self.out.flush()
    }
}

/// A command for people: on one line, and not too long.
fn shown(command: &[u8]) -> String {
    let text = String::from_utf8_lossy(command);
    let mut letters = text.chars();
    let mut shown: String = letters.by_ref().take(SHOWN).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    printable(&shown)
}

/// Writes what a job has written, with its tag; whether its last line has an end.
fn copy(
    spool: &Spool,
    captured: &Captured,
    tag: Option<&[u8]>,
    out: &mut impl Write,
) -> io::Result<bool> {
    let mut tagged = Tagged::new(tag);
    spool.read(captured, |piece| tagged.write(piece, out))?;
    Ok(tagged.is_at_start)
}

/// Begins each line with a tag.
struct Tagged<'a> {
    tag: Option<&'a [u8]>,
    is_at_start: bool,
}

impl<'a> Tagged<'a> {
    fn new(tag: Option<&'a [u8]>) -> Self {
        Self {
            tag,
            is_at_start: true,
        }
    }

    fn write(&mut self, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
        let Some(tag) = self.tag else {
            self.is_at_start = bytes.last().map_or(self.is_at_start, |last| *last == b'\n');
            return out.write_all(bytes);
        };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_at_start {
                out.write_all(tag)?;
                out.write_all(b"\t")?;
            }
            out.write_all(line)?;
            self.is_at_start = line.ends_with(b"\n");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_tag_however_it_is_cut() {
        for cut in 0..8 {
            let mut out = Vec::new();
            let mut tagged = Tagged::new(Some(b"a b"));
            let (one, other) = b"one\n\nend".split_at(cut);
            tagged.write(one, &mut out).unwrap();
            tagged.write(other, &mut out).unwrap();
            assert_eq!(out, b"a b\tone\na b\t\na b\tend");
        }
    }

    #[test]
    fn the_summary_says_what_went_otherwise() {
        let summary = Summary {
            succeeded: 3,
            ..Summary::default()
        };
        assert_eq!(summary.line(), None);
        let summary = Summary {
            failed: 1,
            succeeded: 3,
            not_run: 2,
            first_failure: Some("job 4 (exit code 1): false".into()),
            is_halted: true,
        };
        assert_eq!(
            summary.line().unwrap(),
            "error: 1 of 4 jobs failed, first job 4 (exit code 1): false; 2 were not run to the end because of --halt"
        );
    }

    #[test]
    fn commands_are_cut_and_control_nothing() {
        assert_eq!(shown(b"a\x1b[2Jb\nc"), "a?[2Jb?c");
        assert_eq!(shown(&[b'x'; 300]).chars().count(), SHOWN + 1);
    }
}
