//! From sources to the inputs of jobs: lines, columns, combinations.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    vec,
};

use regex::bytes::Regex;

use super::sources::{Linked, Source};
use crate::unseen;

/// An input may be so long: a program can be given much less.
const LONGEST: u64 = 16 << 20;

/// A job's columns.
pub(super) type Row = Vec<Vec<u8>>;

type Rows = Box<dyn Iterator<Item = Result<Row, InputError>> + Send>;

/// What is wrong with an input.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{}", unseen::unreadable(&path.display().to_string(), error))]
    File { path: PathBuf, error: io::Error },
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    #[error(
        "{name}, input {number}: longer than {LONGEST} bytes; -0 or -d ends inputs elsewhere than lines"
    )]
    TooLong { name: String, number: u64 },
    #[error("{0}")]
    Csv(#[from] csv::Error),
}

/// How inputs are cut.
#[derive(Debug, Clone)]
pub(super) struct Cutting {
    /// What ends an input.
    pub(super) delimiter: u8,
    /// What stands between columns.
    pub(super) columns: Columns,
    /// Whether the first row of each source names its columns.
    pub(super) has_header: bool,
    /// How many inputs a job is given.
    pub(super) per_job: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Columns {
    One,
    Csv,
    Between(Regex),
}

/// The inputs of all jobs, one job after the other.
pub(super) struct Inputs {
    /// Of the columns, if the sources have headers.
    pub(super) names: Vec<Vec<u8>>,
    /// How many jobs there will be, if that is known without reading.
    pub(super) jobs: Option<u64>,
    rows: Rows,
    per_job: usize,
}

impl Inputs {
    /// Opens all sources, and reads those that are needed again and again.
    pub(super) fn open(groups: &[Linked], cutting: &Cutting) -> Result<Self, InputError> {
        let mut names = Vec::new();
        let mut opened = groups.iter().map(|group| {
            let mut sources = Vec::new();
            for source in group {
                let mut rows = rows_of(source, cutting)?;
                if cutting.has_header {
                    names.extend(rows.next().transpose()?.unwrap_or_default());
                }
                sources.push(rows);
            }
            Ok::<Rows, InputError>(link(sources))
        });
        let first = opened
            .next()
            .transpose()?
            .unwrap_or_else(|| Box::new(std::iter::empty()));
        let others: Vec<Vec<Row>> = opened
            .map(|rows| rows?.collect())
            .collect::<Result<_, _>>()?;
        let others_count = others.iter().map(|rows| rows.len() as u64).product::<u64>();
        let per_job = cutting.per_job.max(1);
        let jobs = known_rows(groups.first(), cutting)
            .map(|rows| (rows * others_count).div_ceil(per_job as u64));
        Ok(Self {
            names,
            jobs,
            rows: others.into_iter().fold(first, combine),
            per_job,
        })
    }
}

impl Iterator for Inputs {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut columns = match self.rows.next()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        for row in self.rows.by_ref().take(self.per_job - 1) {
            match row {
                Ok(row) => columns.extend(row),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(columns))
    }
}

/// How many rows a group has, if that can be told without reading.
fn known_rows(group: Option<&Linked>, cutting: &Cutting) -> Option<u64> {
    let counts = group?.iter().map(|source| match source {
        Source::List(values) => Some(values.len() as u64),
        Source::File(_) | Source::Input => None,
    });
    let least = counts.collect::<Option<Vec<u64>>>()?.into_iter().min()?;
    Some(least.saturating_sub(u64::from(cutting.has_header)))
}

/// Rows of sources that advance together; the shortest ends it.
fn link(mut sources: Vec<Rows>) -> Rows {
    if sources.len() == 1
        && let Some(only) = sources.pop()
    {
        return only;
    }
    Box::new(std::iter::from_fn(move || {
        let mut columns = Vec::new();
        for source in &mut sources {
            match source.next()? {
                Ok(row) => columns.extend(row),
                error => return Some(error),
            }
        }
        Some(Ok(columns))
    }))
}

/// Every row of the first with every one of the second, which change faster.
fn combine(first: Rows, second: Vec<Row>) -> Rows {
    Box::new(first.flat_map(move |row| -> Rows {
        match row {
            Ok(row) => {
                let with = move |more: Row| Ok(row.iter().cloned().chain(more).collect());
                Box::new(second.clone().into_iter().map(with))
            }
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    }))
}

fn rows_of(source: &Source, cutting: &Cutting) -> Result<Rows, InputError> {
    let columns = cutting.columns.clone();
    Ok(match source {
        Source::List(values) => Box::new(List {
            values: values.clone().into_iter(),
            columns,
        }),
        Source::File(path) => {
            let open = File::open(path).map_err(|error| unreadable(Some(path), error))?;
            rows_of_stream(Box::new(open), Some(path), cutting)
        }
        Source::Input => rows_of_stream(Box::new(io::stdin()), None, cutting),
    })
}

fn rows_of_stream(stream: Box<dyn Read + Send>, path: Option<&Path>, cutting: &Cutting) -> Rows {
    if matches!(cutting.columns, Columns::Csv) {
        let records = csv_reader().from_reader(stream).into_byte_records();
        return Box::new(records.map(|record| Ok(record?.iter().map(<[u8]>::to_vec).collect())));
    }
    Box::new(Lines {
        stream: BufReader::with_capacity(64 << 10, stream),
        path: path.map(Path::to_owned),
        cutting: cutting.clone(),
        number: 0,
        has_failed: false,
    })
}

fn csv_reader() -> csv::ReaderBuilder {
    let mut builder = csv::ReaderBuilder::new();
    builder.has_headers(false).flexible(true);
    builder
}

fn unreadable(path: Option<&Path>, error: io::Error) -> InputError {
    match path {
        Some(path) => InputError::File {
            path: path.to_owned(),
            error,
        },
        None => InputError::Input(error),
    }
}

/// Inputs from the command line.
struct List {
    values: vec::IntoIter<Vec<u8>>,
    columns: Columns,
}

impl Iterator for List {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.values.next().map(|value| self.columns.cut(value))
    }
}

impl Columns {
    fn cut(&self, value: Vec<u8>) -> Result<Row, InputError> {
        match self {
            Self::One => Ok(vec![value]),
            Self::Between(regex) => Ok(regex.split(&value).map(<[u8]>::to_vec).collect()),
            Self::Csv => {
                let mut records = csv_reader().from_reader(&value[..]).into_byte_records();
                match records.next() {
                    Some(record) => Ok(record?.iter().map(<[u8]>::to_vec).collect()),
                    None => Ok(vec![value]),
                }
            }
        }
    }
}

/// Inputs from a file or a pipe, as they come.
struct Lines {
    stream: BufReader<Box<dyn Read + Send>>,
    path: Option<PathBuf>,
    cutting: Cutting,
    number: u64,
    has_failed: bool,
}

impl Iterator for Lines {
    type Item = Result<Row, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = self.read().transpose()?;
        self.has_failed = next.is_err();
        Some(next.and_then(|line| self.cutting.columns.cut(line)))
    }
}

impl Lines {
    fn read(&mut self) -> Result<Option<Vec<u8>>, InputError> {
        let mut line = Vec::new();
        let mut limited = self.stream.by_ref().take(LONGEST + 1);
        let count = limited
            .read_until(self.cutting.delimiter, &mut line)
            .map_err(|error| unreadable(self.path.as_deref(), error))?;
        if count == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&self.cutting.delimiter) {
            line.pop();
        } else if line.len() as u64 > LONGEST {
            let name = self.path.as_ref().map(|path| path.display().to_string());
            return Err(InputError::TooLong {
                name: name.unwrap_or_else(|| "standard input".into()),
                number: self.number,
            });
        }
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests;
