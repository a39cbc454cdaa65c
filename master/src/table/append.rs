//! Two tables as one: samples that train, and samples that test.

use thiserror::Error;

use super::{Features, Table, labels::Classes};

/// Why two tables are not of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum AppendError {
    #[error("{first} has {expected} features and {second} has {found}; expected as many in both")]
    Width {
        first: String,
        expected: usize,
        second: String,
        found: usize,
    },
    #[error(
        "feature {feature} is `{expected}` in {first} and `{found}` in {second}; expected the same features in the same order"
    )]
    Name {
        first: String,
        second: String,
        feature: usize,
        expected: String,
        found: String,
    },
}

impl Table {
    /// Puts another table's rows behind this one's, and returns the number of the first of them. Classes of the same
    /// name are one; those that only the other has come last. Names count where both tables have a header.
    ///
    /// # Errors
    /// [`AppendError`] when the features differ in number or in name.
    pub(crate) fn append(mut self, other: Self) -> Result<(Self, usize), AppendError> {
        let (first, second) = (self.source.clone(), other.source);
        if self.width != other.width {
            return Err(AppendError::Width {
                first,
                expected: self.width,
                second,
                found: other.width,
            });
        }
        if let (Some(ours), Some(theirs)) = (&self.feature_names, &other.feature_names) {
            let mut pairs = ours.iter().zip(theirs).enumerate();
            if let Some((index, (ours, theirs))) = pairs.find(|(_, (ours, theirs))| ours != theirs)
            {
                return Err(AppendError::Name {
                    first,
                    second,
                    feature: index + 1,
                    expected: ours.clone(),
                    found: theirs.clone(),
                });
            }
        }
        let mut classes = Classes::default();
        for name in self.class_names.iter().chain(&other.class_names) {
            classes.push(name);
        }
        let theirs = classes
            .ids
            .get(self.class_names.len()..)
            .unwrap_or_default();
        let id = |id: &u32| theirs.get(usize::try_from(*id).ok()?).copied();
        let first_test_row = self.rows();
        self.class_ids.extend(other.class_ids.iter().filter_map(id));
        if self.origin.image != other.origin.image {
            self.origin.image = None;
        }
        let table = Self {
            source: format!("{first} + {second}"),
            features: self.features.and(other.features),
            class_names: classes.names,
            feature_names: self.feature_names.or(other.feature_names),
            ..self
        };
        Ok((table, first_test_row))
    }
}

impl Features {
    /// These, then those; bytes if both are.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Bytes(mut bytes), Self::Bytes(more)) => {
                bytes.extend(more);
                Self::Bytes(bytes)
            }
            (first, second) => {
                let mut numbers = first.into_numbers();
                numbers.extend(second.into_numbers());
                Self::Numbers(numbers)
            }
        }
    }

    fn into_numbers(self) -> Vec<f64> {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Bytes(bytes) => bytes.into_iter().map(f64::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Reading;

    fn table(name: &str, text: &str) -> Table {
        Table::parse(name, text.as_bytes(), &Reading::default()).unwrap()
    }

    #[test]
    fn classes_of_the_same_name_are_one() {
        let (both, first_test_row) = table("a.csv", "1,x\n2,y\n")
            .append(table("b.csv", "3,z\n4,y\n5,x\n"))
            .unwrap();
        assert_eq!(first_test_row, 2);
        assert_eq!(both.class_names, ["x", "y", "z"]);
        assert_eq!(both.class_ids, [0, 1, 2, 1, 0]);
        assert_eq!(both.features, Features::Bytes(vec![1, 2, 3, 4, 5]));
        assert_eq!(both.source, "a.csv + b.csv");
        assert!(both.segment().is_ok());
        let (both, _) = both.append(table("c.csv", "h,k\n0.5,x\n")).unwrap();
        let numbers = vec![1.0, 2.0, 3.0, 4.0, 5.0, 0.5];
        assert_eq!(both.features, Features::Numbers(numbers));
        assert_eq!(both.feature_names.unwrap(), ["h"]);
    }

    #[test]
    fn other_features_are_refused_by_name() {
        let refusal = |second: &str| {
            let first = table("a.csv", "h,w,k\n1,2,x\n");
            first
                .append(table("b.csv", second))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refusal("1,x\n"),
            "a.csv has 2 features and b.csv has 1; expected as many in both"
        );
        assert_eq!(
            refusal("h,v,k\n1,2,x\n"),
            "feature 2 is `w` in a.csv and `v` in b.csv; expected the same features in the same order"
        );
    }
}
