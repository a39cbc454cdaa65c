//! A choice of the features.

use super::{Features, Label, Table, TableError};

impl Table {
    /// The table with these features alone, or with all but those dropped; in the order of the file in any case.
    /// Columns are named or numbered as in the file, the class's included.
    ///
    /// # Errors
    /// [`TableError`] when there is no such feature, or none is left.
    pub(crate) fn select(
        mut self,
        features: Option<&[Label]>,
        drop: &[Label],
    ) -> Result<Self, TableError> {
        let mut is_kept = vec![features.is_none(); self.width];
        for label in features.unwrap_or_default() {
            is_kept[self.feature(label, "--features")?] = true;
        }
        for label in drop {
            is_kept[self.feature(label, "--drop")?] = false;
        }
        let kept: Vec<usize> = (0..self.width)
            .filter(|&feature| is_kept[feature])
            .collect();
        if kept.is_empty() {
            return Err(TableError::NoFeature {
                source_name: self.source,
            });
        }
        if kept.len() == self.width {
            return Ok(self);
        }
        self.features = match &self.features {
            Features::Numbers(numbers) => Features::new(chosen(numbers, self.width, &kept)),
            Features::Bytes(bytes) => Features::Bytes(chosen(bytes, self.width, &kept)),
        };
        self.width = kept.len();
        self.origin.columns = kept.iter().map(|&feature| self.column(feature)).collect();
        self.feature_names = self
            .feature_names
            .map(|names| kept.iter().map(|&feature| names[feature].clone()).collect());
        Ok(self)
    }

    /// The number in the file, from 1, of a feature's column.
    pub(crate) fn column(&self, feature: usize) -> usize {
        self.origin
            .columns
            .get(feature)
            .map_or(feature + 1, |column| *column)
    }

    /// The feature that an option names.
    fn feature(&self, label: &Label, option: &'static str) -> Result<usize, TableError> {
        let columns = self.width + usize::from(self.origin.label.is_some());
        let found = match label {
            Label::Name(name) => {
                let mut names = self.feature_names.iter().flatten();
                names.position(|known| known == name)
            }
            Label::Number(number) => {
                let column = if *number < 0 {
                    i64::try_from(columns)
                        .ok()
                        .and_then(|columns| number.checked_add(columns + 1))
                } else {
                    Some(*number)
                };
                let column = column.and_then(|column| usize::try_from(column).ok());
                (0..self.width).find(|&feature| Some(self.column(feature)) == column)
            }
        };
        found.ok_or_else(|| TableError::NoSuchFeature {
            source_name: self.source.clone(),
            wanted: label.to_string(),
            option,
            known: self.known_features(columns),
        })
    }

    /// What there is to choose from.
    fn known_features(&self, columns: usize) -> String {
        let but = self.origin.label.map_or_else(String::new, |label| {
            format!(" but {label}, which is the class")
        });
        let names = match &self.feature_names {
            Some(names) if names.len() <= 20 => format!(", or {}", names.join(", ")),
            Some(_) => ", or names of columns".to_owned(),
            None => String::new(),
        };
        format!("column numbers from 1 to {columns}{but}{names}")
    }
}

/// The chosen columns of rows that lie one behind the other.
fn chosen<T: Copy>(values: &[T], width: usize, kept: &[usize]) -> Vec<T> {
    let rows = values.chunks_exact(width.max(1));
    rows.flat_map(|row| kept.iter().filter_map(|&feature| row.get(feature).copied()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Reading;

    fn labels(text: &str) -> Vec<Label> {
        text.split(',')
            .filter_map(|word| word.parse().ok())
            .collect()
    }

    fn select(features: &str, drop: &str) -> Result<Table, String> {
        let reading = Reading {
            label: Label::Number(2),
            ..Reading::default()
        };
        let table = Table::parse("t.csv", b"x,class,y,z\n1,a,2,3.5\n4,b,5,6\n", &reading).unwrap();
        let features = (!features.is_empty()).then(|| labels(features));
        let drop = if drop.is_empty() {
            vec![]
        } else {
            labels(drop)
        };
        let selected = table.select(features.as_deref(), &drop);
        selected.map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_chosen_by_number_and_name_in_the_order_of_the_file() {
        for (features, drop) in [
            ("y,x", ""),
            ("3,1", ""),
            ("", "z"),
            ("", "-1"),
            ("1,3,4", "4"),
        ] {
            let table = select(features, drop).unwrap();
            assert_eq!(table.features, Features::Bytes(vec![1, 2, 4, 5]));
            assert_eq!(
                table.feature_names,
                Some(vec!["x".to_owned(), "y".to_owned()])
            );
            assert_eq!((table.column(0), table.column(1)), (1, 3));
        }
    }

    #[test]
    fn what_is_no_feature_is_named() {
        assert_eq!(
            select("w", "").unwrap_err(),
            "t.csv: no feature `w`; --features takes column numbers from 1 to 4 but 2, which is the class, or x, y, z"
        );
        for wrong in ["0", "2", "5", "-3", "-5", "class"] {
            assert!(
                select("", wrong).unwrap_err().contains("--drop takes"),
                "{wrong}"
            );
        }
        assert_eq!(
            select("1", "x").unwrap_err(),
            "t.csv: no feature is left; drop fewer with --drop"
        );
    }
}
