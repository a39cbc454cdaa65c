//! Rows of numbers from lines of text, while the text may still go on.

use std::io::{self, Read};

use csv::{ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

use super::layout::{Layout, Places};
use crate::{
    table::{Header, TableError},
    unseen,
};

/// Bytes read at a time.
const READ_BYTES: usize = 64 << 10;

/// Longer lines are not kept.
const LONGEST_LINE: usize = 16 << 20;

/// So many complaints are sent without waiting for rows.
const COMPLAINTS: usize = 64;

/// A row that is classified somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Its number among all rows, from 1.
    pub(super) row: u64,
    /// Where the input is text.
    pub(super) line: Option<u64>,
    /// The class that stands in it.
    pub(super) class: Option<String>,
}

/// A piece of the input.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Batch {
    pub(super) rows: Vec<Known>,
    /// The features of all rows, one row after another.
    pub(super) features: Vec<f64>,
    /// What was wrong on the way to these rows.
    pub(super) complaints: Vec<String>,
    /// What was taken for something that it may not be.
    pub(super) notes: Vec<String>,
}

/// Why the input came to its end before its end.
#[derive(Debug, Error)]
pub(super) enum Stopped {
    /// The receiver of batches has gone, so nobody wants the rest.
    #[error("nobody wants the rest")]
    Unwanted,
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("line {line}: the header lacks {missing}; expected {expected}")]
    Header {
        line: u64,
        missing: String,
        expected: String,
    },
    #[error(transparent)]
    Array(#[from] TableError),
    #[error("expected {expected}, found rows of {found}")]
    Width { expected: String, found: usize },
}

/// How input is read.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) layout: Layout,
    pub(super) header: Header,
    pub(super) needs_class: bool,
    /// Rows of a batch, at most.
    pub(super) batch_rows: usize,
}

/// Cuts text into batches of rows.
pub(super) struct Cutter<S> {
    wanted: Wanted,
    send: S,
    batch: Batch,
    line: u64,
    row: u64,
    separator: Option<char>,
    /// Whether the first row has been seen.
    has_begun: bool,
    /// What a header has told.
    places: Option<Places>,
}

impl<S: FnMut(Batch) -> Result<(), Stopped>> Cutter<S> {
    pub(super) fn new(wanted: Wanted, send: S) -> Self {
        Self {
            wanted,
            send,
            batch: Batch::default(),
            line: 0,
            row: 0,
            separator: None,
            has_begun: false,
            places: None,
        }
    }

    /// Sends all there is, in order. What has been read is sent before more is waited for.
    pub(super) fn feed(mut self, mut input: impl Read) -> Result<(), Stopped> {
        let mut buffer = vec![0; READ_BYTES];
        let mut begun = Vec::new();
        loop {
            let count = match input.read(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            for piece in buffer[..count].split_inclusive(|&byte| byte == b'\n') {
                let (text, is_whole) = match piece {
                    [text @ .., b'\n'] => (text, true),
                    text => (text, false),
                };
                if !begun.is_empty() || !is_whole {
                    let room = (LONGEST_LINE + 1).saturating_sub(begun.len());
                    begun.extend_from_slice(&text[..text.len().min(room)]);
                }
                if is_whole {
                    let whole = if begun.is_empty() { text } else { &begun };
                    self.take(whole)?;
                    begun.clear();
                }
            }
            if count == 0 {
                if !begun.is_empty() {
                    self.take(&begun)?;
                }
                return self.cut();
            }
            self.cut()?;
        }
    }

    /// Takes a line in.
    fn take(&mut self, line: &[u8]) -> Result<(), Stopped> {
        self.line += 1;
        if line.len() > LONGEST_LINE {
            self.row += 1;
            return self.complain(&format!("longer than {LONGEST_LINE} bytes"));
        }
        let Ok(text) = std::str::from_utf8(line) else {
            self.row += 1;
            return self.complain("is not UTF-8; expected numbers as text");
        };
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) if self.line == 1 => rest,
            _ => text,
        };
        if text.trim().is_empty() {
            return Ok(());
        }
        let separator = self.separator_of(text);
        let record = text.contains('"').then(|| unquoted(text, separator));
        let fields: Vec<&str> = match &record {
            Some(record) => record.iter().collect(),
            None => text.split(separator).map(str::trim).collect(),
        };
        if !self.has_begun {
            self.has_begun = true;
            let has_number = fields.iter().any(|field| field.parse::<f64>().is_ok());
            if match self.wanted.header {
                Header::Yes => true,
                Header::No => false,
                Header::Auto => !has_number,
            } {
                return self.header(&fields);
            }
        }
        self.row += 1;
        self.row(&fields)
    }

    /// The separator that makes a row of the text, remembered as soon as there is one.
    fn separator_of(&mut self, text: &str) -> char {
        if let Some(known) = self.separator {
            return known;
        }
        let columns = |separator: &char| text.split(*separator).count();
        let fits = |separator: &char| {
            let Wanted {
                layout,
                needs_class,
                ..
            } = &self.wanted;
            layout.by_count(columns(separator), *needs_class).is_some()
        };
        let all = [';', ',', '\t'];
        self.separator = all.into_iter().rev().find(fits);
        self.separator
            .or_else(|| all.into_iter().max_by_key(columns))
            .unwrap_or(',')
    }

    /// Finds the columns by their names.
    fn header(&mut self, fields: &[&str]) -> Result<(), Stopped> {
        let Wanted {
            layout,
            needs_class,
            ..
        } = &self.wanted;
        match layout.by_names(fields, *needs_class) {
            // The model's samples had no names, so nothing tells names from a bad row.
            None if self.wanted.header == Header::Auto => {
                self.batch.notes.push(format!(
                    "line {}: no number in it, so it is taken for the names of the columns; if it is a sample, say --header no",
                    self.line
                ));
                self.cut()
            }
            None => Ok(()),
            Some(Ok(places)) => {
                self.places = Some(places);
                Ok(())
            }
            Some(Err(missing)) => Err(Stopped::Header {
                line: self.line,
                missing,
                expected: layout.expected(*needs_class),
            }),
        }
    }

    fn row(&mut self, fields: &[&str]) -> Result<(), Stopped> {
        let Wanted {
            layout,
            needs_class,
            ..
        } = &self.wanted;
        let places = match &self.places {
            Some(places) => Some(places.clone()).filter(|places| places.columns == fields.len()),
            None => layout.by_count(fields.len(), *needs_class),
        };
        let Some(places) = places else {
            let expected = match &self.places {
                Some(places) => format!("{} columns as in the header", places.columns),
                None => layout.expected(*needs_class),
            };
            return self.complain(&format!("expected {expected}, found {}", fields.len()));
        };
        let before = self.batch.features.len();
        for column in places.features {
            match fields[column].parse::<f64>() {
                Ok(number) if number.is_finite() => self.batch.features.push(number),
                _ => {
                    self.batch.features.truncate(before);
                    let found = shown(fields[column]);
                    return self.complain(&format!(
                        "column {}: expected a finite number such as 5.1, found `{found}`",
                        column + 1
                    ));
                }
            }
        }
        let class = places.class.filter(|_| self.wanted.needs_class);
        self.batch.rows.push(Known {
            row: self.row,
            line: Some(self.line),
            class: class.map(|column| fields[column].to_owned()),
        });
        if self.batch.rows.len() >= self.wanted.batch_rows {
            self.cut()?;
        }
        Ok(())
    }

    fn complain(&mut self, what: &str) -> Result<(), Stopped> {
        self.batch
            .complaints
            .push(format!("line {}: {what}", self.line));
        if self.batch.complaints.len() >= COMPLAINTS {
            self.cut()?;
        }
        Ok(())
    }

    /// Sends what is there.
    fn cut(&mut self) -> Result<(), Stopped> {
        if self.batch == Batch::default() {
            return Ok(());
        }
        (self.send)(std::mem::take(&mut self.batch))
    }
}

/// The fields of a line with quotes.
pub(super) fn unquoted(line: &str, separator: char) -> StringRecord {
    let mut record = StringRecord::new();
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .has_headers(false)
        .trim(Trim::All)
        .from_reader(line.as_bytes());
    // A single record of text cannot be wrong: what is left of a torn quote shows in its fields.
    let _ = reader.read_record(&mut record);
    record
}

/// The beginning of a field, fit for a terminal.
fn shown(field: &str) -> String {
    unseen::shown(field, 60)
}

#[cfg(test)]
mod tests;
