//! What `master search` shows, in each format.

mod json;

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use brigade_protocol::jobs::search::{Line, Page, Pattern};
use itoa::Buffer;

use super::Format;
use crate::jobs::search::{Part, Show};

const PATH: &str = "\x1b[35m";
const NUMBER: &str = "\x1b[32m";
const MATCH: &str = "\x1b[1;31m";
const PLAIN: &str = "\x1b[0m";

/// How matches are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) format: Format,
    pub(crate) show: Show,
    pub(crate) is_coloured: bool,
    /// Whether lines around the matches are shown, so that gaps are marked.
    pub(crate) has_context: bool,
}

/// What there is to be said of an answer beside what was found.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Files whose workers were lost, or have not answered in time.
    pub(crate) unsearched: usize,
    /// Why nothing could be looked for.
    pub(crate) error: Option<String>,
}

/// Writes the answer to one question.
#[derive(Debug)]
pub(crate) struct SearchReport<'a> {
    style: Style,
    pattern: &'a Pattern,
    /// By file number.
    paths: &'a [Arc<Path>],
    /// The line written last, to see where a gap is.
    last: Option<(u32, u64)>,
    lines: u64,
    files: u64,
}

impl<'a> SearchReport<'a> {
    pub(crate) fn new(style: Style, pattern: &'a Pattern, paths: &'a [Arc<Path>]) -> Self {
        Self {
            style,
            pattern,
            paths,
            last: None,
            lines: 0,
            files: 0,
        }
    }

    /// Writes what stands before everything, once.
    pub(crate) fn begin(style: Style, out: &mut impl Write) -> io::Result<()> {
        match (style.format, style.show) {
            (Format::Csv, Show::Lines { .. }) => writeln!(out, "pattern,path,line,text"),
            (Format::Csv, Show::Counts) => writeln!(out, "pattern,path,lines"),
            (Format::Csv, Show::Files) => writeln!(out, "pattern,path"),
            _ => Ok(()),
        }
    }

    /// Writes what is next in order, and counts.
    pub(crate) fn write(&mut self, part: &Part, out: &mut impl Write) -> io::Result<()> {
        match part {
            Part::Lines(page, range) => {
                for at in range.clone() {
                    self.line(page, at, out)?;
                }
                Ok(())
            }
            Part::Count { file, lines } => {
                self.lines += lines;
                self.files += 1;
                self.count(*file, *lines, out)
            }
        }
    }

    /// Ends an answer that others will follow: a program that asks has to know where one ends.
    pub(crate) fn end(
        style: Style,
        pattern: &Pattern,
        counts: (u64, u64),
        ending: &Ending,
        elapsed: Duration,
        out: &mut impl Write,
    ) -> io::Result<()> {
        match style.format {
            Format::Json => json::end(pattern, counts, ending, elapsed, out),
            _ => Ok(()),
        }
    }

    /// How many lines match, in how many files.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.lines, self.files)
    }

    /// Whether anything was found.
    pub(crate) fn found(&self) -> bool {
        self.lines > 0
    }

    /// The chapter's closing line.
    pub(crate) fn summary(&self, elapsed: Duration) -> String {
        let (lines, files) = (self.lines, self.files);
        let noun = if files == 1 { "file" } else { "files" };
        let ms = elapsed.as_secs_f64() * 1e3;
        format!(
            "Found {lines} '{}' in {files} {noun} in {ms:.3}ms",
            self.pattern
        )
    }

    fn line(&mut self, page: &Page, at: usize, out: &mut impl Write) -> io::Result<()> {
        let Some(shown) = Shown::of(page, at) else {
            return Ok(());
        };
        let line = shown.line;
        let path = path_of(self.paths, line.file);
        match self.style.format {
            Format::Json => {
                json::line(self.pattern, path, &shown, out)?;
            }
            Format::Csv => {
                let mut row = csv_writer();
                row.write_record([
                    &self.pattern.text[..],
                    path,
                    line.number.to_string().as_bytes(),
                    shown.text,
                ])?;
                out.write_all(&into_bytes(row)?)?;
            }
            Format::Lines => {
                if self.is_after_gap(line) {
                    out.write_all(b"--\n")?;
                }
                let mark: &[u8] = if line.is_match { b":" } else { b"-" };
                self.path(path, out)?;
                out.write_all(mark)?;
                if let Show::Lines { numbers: true } = self.style.show {
                    self.number(line.number, out)?;
                    out.write_all(mark)?;
                }
                self.text(&shown, out)?;
            }
            Format::Table => {
                let file = self.last.map(|(file, _)| file);
                if file != Some(line.file) {
                    self.heading(path, file.is_none(), out)?;
                } else if self.is_after_gap(line) {
                    out.write_all(b"--\n")?;
                }
                self.number(line.number, out)?;
                out.write_all(if line.is_match { b": " } else { b"- " })?;
                self.text(&shown, out)?;
            }
        }
        self.last = Some((line.file, line.number));
        Ok(())
    }

    /// Whether lines are left out between the one before and this one, which is to be seen.
    fn is_after_gap(&self, line: &Line) -> bool {
        let is_gap = self.last != Some((line.file, line.number.saturating_sub(1)));
        self.style.has_context && is_gap && self.last.is_some()
    }

    /// The name of a file above its lines.
    fn heading(&self, path: &[u8], is_first: bool, out: &mut impl Write) -> io::Result<()> {
        if !is_first {
            out.write_all(b"\n")?;
        }
        self.path(path, out)?;
        out.write_all(b"\n")
    }

    fn number(&self, number: u64, out: &mut impl Write) -> io::Result<()> {
        let mut buffer = Buffer::new();
        self.coloured(NUMBER, buffer.format(number).as_bytes(), out)
    }

    /// The line itself, what matches in colour.
    fn text(&self, shown: &Shown<'_>, out: &mut impl Write) -> io::Result<()> {
        let mut at = 0;
        if self.style.is_coloured {
            for &(start, end) in shown.spans {
                let (start, end) = (start as usize, end as usize);
                if start < at || end < start || end > shown.text.len() {
                    continue;
                }
                out.write_all(&shown.text[at..start])?;
                self.coloured(MATCH, &shown.text[start..end], out)?;
                at = end;
            }
        }
        out.write_all(&shown.text[at..])?;
        if shown.line.cut > 0 {
            write!(out, " [{} more bytes]", shown.line.cut)?;
        }
        out.write_all(b"\n")
    }

    /// A file that matches.
    fn count(&self, file: u32, lines: u64, out: &mut impl Write) -> io::Result<()> {
        let path = path_of(self.paths, file);
        let shown = match self.style.show {
            Show::Lines { .. } => return Ok(()),
            Show::Counts => Some(lines),
            Show::Files => None,
        };
        match self.style.format {
            Format::Json => json::count(self.pattern, path, shown, out),
            Format::Csv => {
                let mut row = csv_writer();
                row.write_field(&self.pattern.text[..])?;
                row.write_field(path)?;
                if let Some(lines) = shown {
                    row.write_field(lines.to_string())?;
                }
                row.write_record(None::<&[u8]>)?;
                out.write_all(&into_bytes(row)?)
            }
            Format::Lines | Format::Table => {
                self.path(path, out)?;
                if let Some(lines) = shown {
                    write!(out, ":{lines}")?;
                }
                out.write_all(b"\n")
            }
        }
    }

    fn path(&self, path: &[u8], out: &mut impl Write) -> io::Result<()> {
        self.coloured(PATH, path, out)
    }

    fn coloured(&self, colour: &str, text: &[u8], out: &mut impl Write) -> io::Result<()> {
        if !self.style.is_coloured {
            return out.write_all(text);
        }
        out.write_all(colour.as_bytes())?;
        out.write_all(text)?;
        out.write_all(PLAIN.as_bytes())
    }
}

/// A line of a page with what belongs to it.
struct Shown<'a> {
    line: &'a Line,
    text: &'a [u8],
    spans: &'a [(u32, u32)],
}

impl<'a> Shown<'a> {
    /// `None` when the page does not add up.
    fn of(page: &'a Page, at: usize) -> Option<Self> {
        let line = page.lines.get(at)?;
        let before = at.checked_sub(1).and_then(|before| page.lines.get(before));
        let (text, spans) = before.map_or((0, 0), |line| (line.end as usize, line.spans as usize));
        Some(Self {
            line,
            text: page.text.get(text..line.end as usize)?,
            spans: page.spans.get(spans..line.spans as usize)?,
        })
    }
}

/// As the system has it: any bytes.
fn path_of(paths: &[Arc<Path>], file: u32) -> &[u8] {
    use std::os::unix::ffi::OsStrExt;
    let path = paths.get(file as usize);
    path.map_or(b"?", |path| path.as_os_str().as_bytes())
}

fn csv_writer() -> csv::Writer<Vec<u8>> {
    csv::Writer::from_writer(Vec::new())
}

fn into_bytes(row: csv::Writer<Vec<u8>>) -> io::Result<Vec<u8>> {
    row.into_inner()
        .map_err(|error| io::Error::other(error.to_string()))
}

#[cfg(test)]
mod tests;
