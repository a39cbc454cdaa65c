//! Some of a table's features, by the numbers or the names of their columns.

use std::str::FromStr;

use thiserror::Error;

use super::{Features, Table};

/// Columns, such as `1,3-5,width`. Numbers are those of the file's columns, from 1, as `--label` counts: the class's
/// column counts too, and cannot be chosen. What is no number and no range is a name, which needs a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureList(Vec<Choice>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Numbers(usize, usize),
    Name(String),
}

/// Why features cannot be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum SelectError {
    #[error("`{0}` is no list of features: expected numbers from 1, ranges such as 3-5, or names")]
    List(String),
    #[error("{source_name}: no feature `{wanted}`; expected {known}")]
    Unknown {
        source_name: String,
        wanted: String,
        known: String,
    },
    #[error(
        "{source_name}: column {column} holds the class, which is no feature; expected {known}"
    )]
    Class {
        source_name: String,
        column: usize,
        known: String,
    },
    #[error(
        "{source_name}: {count} columns are named `{wanted}`; say which one by its number, from 1"
    )]
    Ambiguous {
        source_name: String,
        wanted: String,
        count: usize,
    },
    #[error("{source_name}: no feature is left of {width}; drop fewer")]
    NothingLeft { source_name: String, width: usize },
}

impl FromStr for FeatureList {
    type Err = SelectError;

    fn from_str(text: &str) -> Result<Self, SelectError> {
        let wrong = || SelectError::List(text.to_owned());
        let choice = |part: &str| {
            let part = part.trim();
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (first.trim().parse(), last.trim().parse()) {
                (Ok(first), Ok(last)) if 0 < first && first <= last => {
                    Ok(Choice::Numbers(first, last))
                }
                (Ok(_), Ok(_)) => Err(wrong()),
                _ if part.is_empty() => Err(wrong()),
                _ => Ok(Choice::Name(part.to_owned())),
            }
        };
        text.split(',')
            .map(choice)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Table {
    /// The table with only the features that are wanted, of these without those that are dropped, in the order of the
    /// file.
    ///
    /// # Errors
    /// [`SelectError`] for a feature that is not there, naming those that are, and when none is left.
    pub(crate) fn select(
        self,
        wanted: Option<&FeatureList>,
        dropped: Option<&FeatureList>,
    ) -> Result<Self, SelectError> {
        let mut is_kept = match wanted {
            Some(wanted) => self.chosen(wanted)?,
            None => vec![true; self.width],
        };
        if let Some(dropped) = dropped {
            for (is_kept, is_dropped) in is_kept.iter_mut().zip(self.chosen(dropped)?) {
                *is_kept &= !is_dropped;
            }
        }
        let width = is_kept.iter().filter(|&&is_kept| is_kept).count();
        if width == self.width {
            return Ok(self);
        }
        if width == 0 {
            return Err(SelectError::NothingLeft {
                source_name: self.source,
                width: self.width,
            });
        }
        let mut origin = self.origin.clone();
        origin.columns = kept(&self.columns(), &is_kept);
        origin.image = None;
        let features = match &self.features {
            Features::Bytes(bytes) => Features::Bytes(kept(bytes, &is_kept)),
            Features::Numbers(numbers) => {
                let mut features = Features::Bytes(Vec::new());
                for number in kept(numbers, &is_kept) {
                    features.push(number);
                }
                features
            }
        };
        Ok(Self {
            width,
            features,
            feature_names: self.feature_names.map(|names| kept(&names, &is_kept)),
            origin,
            ..self
        })
    }

    /// The number of each feature's column.
    fn columns(&self) -> Vec<usize> {
        if self.origin.columns.is_empty() {
            (1..=self.width).collect()
        } else {
            self.origin.columns.clone()
        }
    }

    /// The number in the file, from 1, of a feature's column.
    pub(crate) fn column(&self, feature: usize) -> usize {
        self.columns()
            .get(feature)
            .map_or(feature + 1, |column| *column)
    }

    /// For each feature, whether it is in the list.
    fn chosen(&self, features: &FeatureList) -> Result<Vec<bool>, SelectError> {
        let mut is_chosen = vec![false; self.width];
        let columns = self.columns();
        for choice in &features.0 {
            let (first, last) = match choice {
                Choice::Numbers(first, last) => (*first, *last),
                Choice::Name(name) => {
                    let column = self.named(name, &columns)?;
                    (column, column)
                }
            };
            // A range may go across the class, not end there.
            for end in [first, last] {
                if self.origin.label == Some(end) {
                    return Err(SelectError::Class {
                        source_name: self.source.clone(),
                        column: end,
                        known: self.known(),
                    });
                }
                if !columns.contains(&end) {
                    return Err(self.unknown(&end.to_string()));
                }
            }
            for (is_chosen, column) in is_chosen.iter_mut().zip(&columns) {
                *is_chosen |= (first..=last).contains(column);
            }
        }
        Ok(is_chosen)
    }

    /// The column of this name, of which there must be one.
    fn named(&self, wanted: &str, columns: &[usize]) -> Result<usize, SelectError> {
        let names = self.feature_names.iter().flatten().zip(columns);
        let found: Vec<usize> = names
            .filter(|(name, _)| *name == wanted)
            .map(|(_, &column)| column)
            .collect();
        match found[..] {
            [] => Err(self.unknown(wanted)),
            [column] => Ok(column),
            _ => Err(SelectError::Ambiguous {
                source_name: self.source.clone(),
                wanted: wanted.to_owned(),
                count: found.len(),
            }),
        }
    }

    fn unknown(&self, wanted: &str) -> SelectError {
        SelectError::Unknown {
            source_name: self.source.clone(),
            wanted: wanted.to_owned(),
            known: self.known(),
        }
    }

    /// The features that there are, for people.
    fn known(&self) -> String {
        const SHOWN: usize = 12;
        let columns = self.columns();
        let mut features: Vec<String> = match &self.feature_names {
            Some(names) => {
                let pairs = columns.iter().zip(names);
                pairs
                    .take(SHOWN)
                    .map(|(column, name)| format!("{column} (`{name}`)"))
                    .collect()
            }
            None => columns
                .iter()
                .take(SHOWN)
                .map(ToString::to_string)
                .collect(),
        };
        if let Some(last) = columns.get(SHOWN..).and_then(<[usize]>::last) {
            features.push(format!("… up to {last}"));
        }
        features.join(", ")
    }
}

/// Of each row as long as `is_kept`, the elements that are kept.
fn kept<T: Clone>(elements: &[T], is_kept: &[bool]) -> Vec<T> {
    let pairs = elements.iter().zip(is_kept.iter().cycle());
    pairs
        .filter(|(_, is_kept)| **is_kept)
        .map(|(element, _)| element.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Label, Reading};

    /// The class is in column 2.
    fn table() -> Table {
        let reading = Reading {
            label: Label::Number(2),
            ..Reading::default()
        };
        Table::parse("t.csv", b"a,kind,b,c\n1,x,2.5,3\n4,y,5,6\n", &reading).unwrap()
    }

    fn select(wanted: &str, dropped: &str) -> Result<Table, SelectError> {
        let list = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        table().select(list(wanted).as_ref(), list(dropped).as_ref())
    }

    #[test]
    fn features_are_chosen_by_number_and_name_in_the_order_of_the_file() {
        for (wanted, dropped, names) in [
            ("4,1", "", "a,c"),
            ("c, a", "", "a,c"),
            ("1-3", "", "a,b"),
            ("", "b", "a,c"),
            ("3-4", "c", "b"),
            ("", "", "a,b,c"),
        ] {
            let table = select(wanted, dropped).unwrap();
            assert_eq!(table.feature_names.unwrap().join(","), names);
        }
        let bytes = select("", "b").unwrap();
        assert_eq!(bytes.features, Features::Bytes(vec![1, 3, 4, 6]));
        let again = bytes.select(Some(&"4".parse().unwrap()), None).unwrap();
        assert_eq!(
            (again.width, again.features),
            (1, Features::Bytes(vec![3, 6]))
        );
    }

    #[test]
    fn what_is_not_there_is_named_with_what_is() {
        let known = "expected 1 (`a`), 3 (`b`), 4 (`c`)";
        for (wanted, dropped, expected) in [
            ("5", "", format!("t.csv: no feature `5`; {known}")),
            (
                "1-18446744073709551615",
                "",
                format!("t.csv: no feature `18446744073709551615`; {known}"),
            ),
            ("", "d", format!("t.csv: no feature `d`; {known}")),
            (
                "2",
                "",
                format!("t.csv: column 2 holds the class, which is no feature; {known}"),
            ),
            (
                "",
                "1-4",
                "t.csv: no feature is left of 3; drop fewer".to_owned(),
            ),
            (
                "a",
                "a",
                "t.csv: no feature is left of 3; drop fewer".to_owned(),
            ),
        ] {
            assert_eq!(select(wanted, dropped).unwrap_err().to_string(), expected);
        }
        for text in ["", "1,", "3-1", "0", "0-2"] {
            let error = text.parse::<FeatureList>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no list")),
                "{error}"
            );
        }
    }
}
