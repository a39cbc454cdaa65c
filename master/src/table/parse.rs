//! From text to numbers and classes.

use std::collections::HashMap;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::{
    Features, Header, Label, Origin, Reading, Table, TableError, dialect::separator, error::Place,
    number::number,
};

/// Reads a text that is not blank.
pub(super) fn parse(source: &str, text: &str, reading: &Reading) -> Result<Table, TableError> {
    let mut rows = Rows::new(source, text);
    let (mut row, mut following) = (StringRecord::new(), StringRecord::new());
    let first_line = rows.next(&mut row)?.ok_or_else(|| TableError::Empty {
        source_name: source.to_owned(),
    })?;
    let following_line = rows.next(&mut following)?;
    let (label, has_header) = columns(source, &row, &following, reading)?;
    if row.len() < 2 {
        return Err(TableError::OneColumn {
            source_name: source.to_owned(),
            line: first_line,
        });
    }
    let names = has_header.then(|| row.iter().map(str::to_owned).collect::<Vec<_>>());
    let mut columns = Columns::new(source, label, row.len(), first_line, names);
    if !has_header {
        columns.push(&row, first_line)?;
    }
    let mut line = following_line;
    if has_header && line.is_none() {
        return Err(TableError::NoRows {
            source_name: source.to_owned(),
            line: first_line,
        });
    }
    while let Some(at) = line {
        columns.push(&following, at)?;
        line = rows.next(&mut following)?;
    }
    Ok(columns.table())
}

/// Where the label is and whether the first row is a header.
fn columns(
    source: &str,
    row: &StringRecord,
    following: &StringRecord,
    reading: &Reading,
) -> Result<(usize, bool), TableError> {
    let by_name = matches!(reading.label, Label::Name(_));
    let label = match (&reading.label, reading.header) {
        (Label::Name(_), Header::No) => None,
        (label, _) => label.index(row.iter().collect::<Vec<_>>().into_iter()),
    };
    let Some(label) = label else {
        let (wanted, width) = (reading.label.to_string(), row.len());
        let known = match (by_name, reading.header) {
            (true, Header::No) => format!(
                "a number from 1 to {width}, since --header no leaves columns without names"
            ),
            (true, _) => format!(
                "a number from 1 to {width}, or a name in the first row, which is {}",
                shorten(row)
            ),
            (false, _) => {
                format!("a number from 1 to {width}, or from -1 to -{width} counted from the end")
            }
        };
        return Err(TableError::NoLabel {
            source_name: source.to_owned(),
            wanted,
            known,
        });
    };
    let has_number = |row: &StringRecord| {
        let mut features = row.iter().enumerate().filter(|(index, _)| *index != label);
        features.any(|(_, field)| field.parse::<f64>().is_ok())
    };
    let has_header = match reading.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => by_name || (!has_number(row) && has_number(following)),
    };
    Ok((label, has_header))
}

/// The first names of a row, as a list.
fn shorten(row: &StringRecord) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = row.iter().take(SHOWN).collect();
    let more = if row.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// The rows of a text with their line numbers, without blank lines.
struct Rows<'a> {
    source: &'a str,
    text: &'a str,
    reader: Reader<&'a [u8]>,
}

impl<'a> Rows<'a> {
    fn new(source: &'a str, text: &'a str) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(separator(text))
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        Self {
            source,
            text,
            reader,
        }
    }

    /// Reads the next row and returns its line number.
    fn next(&mut self, row: &mut StringRecord) -> Result<Option<u64>, TableError> {
        loop {
            let before = self.reader.position().clone();
            let more = self
                .reader
                .read_record(row)
                .map_err(|cause| TableError::Csv {
                    source_name: self.source.to_owned(),
                    line: before.line(),
                    cause,
                })?;
            if !more {
                row.clear();
                return Ok(None);
            }
            if row.len() > 1 || row.get(0).is_some_and(|field| !field.is_empty()) {
                // The reader skips empty lines on its way to the row, and reports where it set out.
                let start = usize::try_from(before.byte()).unwrap_or(usize::MAX);
                let rest = self.text.as_bytes().get(start..).unwrap_or_default();
                let skipped = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
                let newlines = skipped.filter(|&&byte| byte == b'\n').count();
                return Ok(Some(before.line() + newlines as u64));
            }
        }
    }
}

/// A table while it is read.
struct Columns {
    label: usize,
    width: usize,
    first_line: u64,
    names: Option<Vec<String>>,
    features: Vec<f64>,
    class_ids_by_name: HashMap<String, u32>,
    table: Table,
}

impl Columns {
    fn new(
        source: &str,
        label: usize,
        width: usize,
        first_line: u64,
        names: Option<Vec<String>>,
    ) -> Self {
        let feature_names = names.as_ref().map(|names| {
            let features = names
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != label);
            features.map(|(_, name)| name.clone()).collect()
        });
        let table = Table {
            source: source.to_owned(),
            width: width - 1,
            feature_names,
            features: Features::Bytes(Vec::new()),
            class_ids: Vec::new(),
            class_names: Vec::new(),
            origin: Origin {
                columns: (1..=width).filter(|&column| column != label + 1).collect(),
                label: Some(label + 1),
            },
        };
        Self {
            label,
            width,
            first_line,
            names,
            features: Vec::new(),
            class_ids_by_name: HashMap::new(),
            table,
        }
    }

    fn push(&mut self, row: &StringRecord, line: u64) -> Result<(), TableError> {
        if row.len() != self.width {
            return Err(TableError::Ragged {
                source_name: self.table.source.clone(),
                line,
                expected: self.width,
                first: self.first_line,
                found: row.len(),
            });
        }
        for (index, field) in row.iter().enumerate() {
            if index == self.label {
                self.classify(field, line)?;
            } else {
                let number =
                    number(field).map_err(|fault| fault.at(self.place(line, index), field))?;
                self.features.push(number);
            }
        }
        Ok(())
    }

    fn classify(&mut self, name: &str, line: u64) -> Result<(), TableError> {
        if name.is_empty() {
            return Err(TableError::NoClass {
                place: self.place(line, self.label),
            });
        }
        let class_id = if let Some(&known) = self.class_ids_by_name.get(name) {
            known
        } else {
            let new = u32::try_from(self.table.class_names.len()).unwrap_or(u32::MAX);
            self.table.class_names.push(name.to_owned());
            self.class_ids_by_name.insert(name.to_owned(), new);
            new
        };
        self.table.class_ids.push(class_id);
        Ok(())
    }

    fn place(&self, line: u64, index: usize) -> Place {
        let name = self
            .names
            .as_ref()
            .and_then(|names| names.get(index).cloned());
        Place {
            source: self.table.source.clone(),
            line,
            column: index + 1,
            name,
        }
    }

    fn table(self) -> Table {
        Table {
            features: Features::new(self.features),
            ..self.table
        }
    }
}
