//! Rows of a second table behind those of the first.

use std::collections::HashMap;

use super::{Features, Table, TableError};

impl Table {
    /// Puts the rows of another table behind the rows of this one; also returns the number of its first row. Classes
    /// that only the other one has come after all others.
    ///
    /// # Errors
    /// [`TableError`] when the columns differ.
    pub(crate) fn append(mut self, other: Self) -> Result<(Self, u32), TableError> {
        if other.width != self.width {
            return Err(TableError::OtherWidth {
                source_name: other.source,
                found: other.width,
                first: self.source,
                expected: self.width,
            });
        }
        if let (Some(names), Some(others)) = (&self.feature_names, &other.feature_names)
            && let Some((name, found)) =
                names.iter().zip(others).find(|(name, other)| name != other)
        {
            return Err(TableError::OtherColumn {
                source_name: other.source,
                found: found.clone(),
                first: self.source,
                expected: name.clone(),
            });
        }
        let first = u32::try_from(self.rows()).unwrap_or(u32::MAX);
        let ids = self.adopt(other.class_names);
        self.class_ids
            .extend(other.class_ids.iter().map(|&id| ids[id as usize]));
        self.features = match (self.features, other.features) {
            (Features::Bytes(mut bytes), Features::Bytes(more)) => {
                bytes.extend(more);
                Features::Bytes(bytes)
            }
            (one, more) => {
                let mut numbers = one.numbers();
                numbers.extend(more.numbers());
                Features::Numbers(numbers)
            }
        };
        Ok((self, first))
    }

    /// The ids that these classes have here, the new ones' included.
    fn adopt(&mut self, names: Vec<String>) -> Vec<u32> {
        let mut known: HashMap<String, u32> = self.class_names.iter().cloned().zip(0..).collect();
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let next = u32::try_from(self.class_names.len()).unwrap_or(u32::MAX);
            let id = *known.entry(name.clone()).or_insert(next);
            if id == next {
                self.class_names.push(name);
            }
            ids.push(id);
        }
        ids
    }
}

impl Features {
    fn numbers(self) -> Vec<f64> {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Bytes(bytes) => bytes.into_iter().map(f64::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::table::{Reading, Table, TableError};

    fn table(text: &str) -> Table {
        Table::parse("t.csv", text.as_bytes(), &Reading::default()).unwrap()
    }

    #[test]
    fn rows_and_classes_come_behind() {
        let (both, first) = table("1,2,a\n3,4,b\n")
            .append(table("5,6,c\n7,8.5,a\n"))
            .unwrap();
        assert_eq!(first, 2);
        let expected = Table {
            class_names: vec!["a".into(), "b".into(), "c".into()],
            ..table("1,2,a\n3,4,b\n5,6,c\n7,8.5,a\n")
        };
        assert_eq!(both, expected);
    }

    #[test]
    fn other_columns_are_refused() {
        let refused =
            |one: &str, other: &str| -> TableError { table(one).append(table(other)).unwrap_err() };
        assert_eq!(
            refused("1,2,a\n", "1,a\n").to_string(),
            "t.csv: has 1 features, but t.csv has 2; both need the same columns"
        );
        assert_eq!(
            refused("x,y,class\n1,2,a\n", "x,z,class\n1,2,a\n").to_string(),
            "t.csv: has a feature `z` where t.csv has `y`; both need the same columns"
        );
    }
}
