//! What can be wrong with a table, each with its place and what was expected there.

use std::{fmt, io};

use thiserror::Error;

use super::array_error::ArrayError;

/// A field of a table, counted from 1 as editors and `cut` do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file's name.
    pub(crate) source: String,
    /// The line.
    pub(crate) line: u64,
    /// The column.
    pub(crate) column: usize,
    /// The column's name, if the table has a header.
    pub(crate) name: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{}, line {}, column {}",
            self.source, self.line, self.column
        )?;
        self.name
            .as_ref()
            .map_or(Ok(()), |name| write!(out, " (`{name}`)"))
    }
}

/// Why a table could not be read.
#[derive(Debug, Error)]
pub(crate) enum TableError {
    #[error("{source_name}: no such file; check the path")]
    Missing { source_name: String },
    #[error("{source_name}: is a directory; expected a file with one sample a line")]
    Directory { source_name: String },
    #[error("{source_name}: cannot be read: {cause}")]
    Unreadable {
        source_name: String,
        cause: io::Error,
    },
    #[error(
        "{source_name}: is empty; expected one sample a line, such as 5.1,3.5,1.4,0.2,Iris-setosa"
    )]
    Empty { source_name: String },
    #[error(
        "{source_name}, line {line}, byte {byte}: {found}; expected a text table in UTF-8 with columns separated by comma, tab or semicolon"
    )]
    Binary {
        source_name: String,
        line: usize,
        byte: usize,
        found: &'static str,
    },
    #[error(
        "{source_name}, line {line}: only one column; expected numeric features and a class, separated by comma, tab or semicolon"
    )]
    OneColumn { source_name: String, line: u64 },
    #[error(
        "{source_name}: only a header in line {line}; expected samples below it, or give --header no"
    )]
    NoRows { source_name: String, line: u64 },
    #[error("{source_name}: no label column {wanted}; --label takes {known}")]
    NoLabel {
        source_name: String,
        wanted: String,
        known: String,
    },
    #[error(
        "{source_name}, line {line}: expected {expected} columns as in line {first}, found {found}"
    )]
    Ragged {
        source_name: String,
        line: u64,
        expected: usize,
        first: u64,
        found: usize,
    },
    #[error("{place}: expected a number such as 5.1, found `{found}`{hint}")]
    NotANumber {
        place: Place,
        found: String,
        hint: &'static str,
    },
    #[error(
        "{place}: expected a finite number, found `{found}`; remove the row or fill in a value"
    )]
    NotFinite { place: Place, found: String },
    #[error(
        "{place}: expected the name of a class, found nothing; choose the class column with --label"
    )]
    NoClass { place: Place },
    #[error(
        "{source_name}, line {line}: the quote that opens here is never closed; close it, or write a quote inside a field twice"
    )]
    OpenQuote { source_name: String, line: u64 },
    #[error(
        "{source_name}, line {line}: expected a separator after the closing quote, found `{found}`; write a quote inside a field twice"
    )]
    AfterQuote {
        source_name: String,
        line: u64,
        found: String,
    },
    #[error("{source_name}: is a damaged or truncated gzip file: {cause}; get the file anew")]
    Gzip {
        source_name: String,
        cause: io::Error,
    },
    #[error("--labels without samples; give the file that they belong to")]
    NoSamples,
    #[error(transparent)]
    Array(#[from] ArrayError),
}
