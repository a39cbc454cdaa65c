//! From text to numbers and classes.

use std::borrow::Cow;

use super::{
    Features, Header, Label, Origin, Reading, Table, TableError,
    error::Place,
    labels::Classes,
    number::{Fault, number},
    rows::Rows,
};

/// The fields of a row.
type Row<'a> = [Cow<'a, str>];

/// Reads a text that is not blank.
pub(super) fn parse(source: &str, text: &str, reading: &Reading) -> Result<Table, TableError> {
    let mut rows = Rows::new(source, text);
    let (mut row, mut following) = (Vec::new(), Vec::new());
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
    let names = has_header.then(|| row.iter().map(ToString::to_string).collect::<Vec<_>>());
    let is_guessed = reading.header == Header::Auto && matches!(reading.label, Label::Number(_));
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
    if has_header && is_guessed {
        columns.doubt(&row)?;
    }
    Ok(Table {
        class_ids: columns.classes.ids,
        class_names: columns.classes.names,
        ..columns.table
    })
}

/// Where the label is and whether the first row is a header.
fn columns(
    source: &str,
    row: &Row<'_>,
    following: &Row<'_>,
    reading: &Reading,
) -> Result<(usize, bool), TableError> {
    let by_name = matches!(reading.label, Label::Name(_));
    let label = match (&reading.label, reading.header) {
        (Label::Name(_), Header::No) => None,
        (label, _) => label.index(row.iter().map(AsRef::as_ref)),
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
    let has_number = |row: &Row<'_>| {
        let mut features = row.iter().enumerate().filter(|(index, _)| *index != label);
        features.any(|(_, field)| field.parse::<f64>().is_ok())
    };
    let has_header = match reading.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => {
            by_name || (is_named(row, label) && !has_number(row) && has_number(following))
        }
    };
    Ok((label, has_header))
}

/// Whether a row may hold names. Where there is but one feature, its name begins with a letter: `5.l` and `?` are
/// bad numbers rather.
fn is_named(row: &Row<'_>, label: usize) -> bool {
    let feature = row.get(usize::from(label == 0));
    let first = feature.and_then(|name| name.chars().next());
    row.len() > 2 || first.is_some_and(|first| first.is_alphabetic() || first == '_')
}

/// The first names of a row, as a list.
fn shorten(row: &Row<'_>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = row.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = if row.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// Whether a name stands among others twice.
fn has_repeated(names: &[String]) -> bool {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

/// A table while it is read.
struct Columns {
    label: usize,
    width: usize,
    first_line: u64,
    names: Option<Vec<String>>,
    classes: Classes,
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
                columns: (1..=width).filter(|number| number - 1 != label).collect(),
                label: Some(label + 1),
                has_repeated_names: has_repeated(names.as_deref().unwrap_or_default()),
                image: None,
            },
        };
        Self {
            label,
            width,
            first_line,
            names,
            classes: Classes::default(),
            table,
        }
    }

    fn push(&mut self, row: &Row<'_>, line: u64) -> Result<(), TableError> {
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
                let number = number(field.trim())
                    .map_err(|fault| fault.at(self.place(line, index), field))?;
                self.table.features.push(number);
            }
        }
        Ok(())
    }

    fn classify(&mut self, name: &str, line: u64) -> Result<(), TableError> {
        if name.trim().is_empty() {
            return Err(TableError::NoClass {
                place: self.place(line, self.label),
            });
        }
        self.classes.push(name);
        Ok(())
    }

    fn place(&self, line: u64, index: usize) -> Place {
        let is_below = line != self.first_line;
        let names = self.names.as_ref().filter(|_| is_below);
        let name = names.and_then(|names| names.get(index).cloned());
        Place {
            source: self.table.source.clone(),
            line,
            column: index + 1,
            name,
        }
    }

    /// Refuses a header that was guessed and whose label field names a class: it is a sample with bad numbers.
    fn doubt(&self, header: &Row<'_>) -> Result<(), TableError> {
        let is_class = |name: &str| self.classes.contains(name);
        let feature = usize::from(self.label == 0);
        match (header.get(self.label), header.get(feature)) {
            (Some(class), Some(field)) if is_class(class) => {
                Err(Fault::NotANumber.at(self.place(self.first_line, feature), field))
            }
            _ => Ok(()),
        }
    }
}
