//! Which column holds the class.

use std::{convert::Infallible, fmt, str::FromStr};

/// A column by number or by name. Numbers count from 1 as `cut` does, and from the end when negative: -1 is the
/// last. What is no number is a name, which needs a header; of columns with the same name, the first is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    /// By number.
    Number(i64),
    /// By name.
    Name(String),
}

impl Default for Label {
    /// The last column.
    fn default() -> Self {
        Self::Number(-1)
    }
}

impl FromStr for Label {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Number))
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(out, "{number}"),
            Self::Name(name) => write!(out, "`{name}`"),
        }
    }
}

impl Label {
    /// The column's index from 0 among these; `names` is the first row.
    pub(super) fn index<'a>(&self, names: impl ExactSizeIterator<Item = &'a str>) -> Option<usize> {
        match self {
            Self::Name(wanted) => names.into_iter().position(|name| name == wanted),
            Self::Number(_) => self.column(names.len()),
        }
    }

    /// The column's index from 0 among so many, if it is given by number.
    pub(crate) fn column(&self, width: usize) -> Option<usize> {
        match self {
            Self::Name(_) | Self::Number(0) => None,
            Self::Number(number @ 1..) => usize::try_from(*number).ok().map(|number| number - 1),
            Self::Number(number) => usize::try_from(number.unsigned_abs())
                .ok()
                .and_then(|back| width.checked_sub(back)),
        }
        .filter(|&index| index < width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_from_one_and_from_the_end() {
        let index = |text: &str| {
            text.parse::<Label>()
                .unwrap()
                .index(["a", "b", "c"].into_iter())
        };
        for (text, expected) in [
            ("1", Some(0)),
            ("3", Some(2)),
            ("4", None),
            ("0", None),
            ("-1", Some(2)),
            ("-3", Some(0)),
            ("-4", None),
            ("-9223372036854775808", None),
            ("b", Some(1)),
            ("d", None),
        ] {
            assert_eq!(index(text), expected, "{text}");
        }
        assert_eq!(Label::default(), "-1".parse().unwrap());
    }
}
