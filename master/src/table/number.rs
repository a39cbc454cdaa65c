//! From a field to a feature.

use super::{TableError, error::Place};

/// What is wrong with a feature.
pub(super) enum Fault {
    NotANumber,
    NotFinite,
}

impl Fault {
    /// The error, given where and what the field is.
    pub(super) fn at(self, place: Place, field: &str) -> TableError {
        let found = field.to_owned();
        match self {
            Self::NotFinite => TableError::NotFinite { place, found },
            Self::NotANumber if field.replacen(',', ".", 1).parse::<f64>().is_ok() => {
                TableError::NotANumber {
                    place,
                    found,
                    hint: "; write decimals with a point",
                }
            }
            Self::NotANumber if place.line == 1 => TableError::NotANumber {
                place,
                found,
                hint: "; for a first row of names give --header yes, for another class column --label",
            },
            Self::NotANumber => TableError::NotANumber {
                place,
                found,
                hint: "",
            },
        }
    }
}

/// A finite number.
pub(super) fn number(field: &str) -> Result<f64, Fault> {
    // Pixels and counts are most of what large tables hold.
    if let Some(number) = short(field.as_bytes()) {
        return Ok(f64::from(number));
    }
    match field.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(Fault::NotFinite),
        Err(_) => Err(Fault::NotANumber),
    }
}

/// A number of up to four digits.
fn short(field: &[u8]) -> Option<u32> {
    if field.is_empty() || field.len() > 4 {
        return None;
    }
    field.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}
