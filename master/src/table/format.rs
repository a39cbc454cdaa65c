//! Which format a file has: by what it begins with, never by its name.

use super::{array_error::ArrayError, idx, npy};

/// What can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Idx,
    Npy,
}

impl Format {
    /// The format of these bytes. The name serves for errors only: it tells what was expected.
    pub(super) fn of(source: &str, bytes: &[u8]) -> Result<Self, ArrayError> {
        let unsupported = |what, remedy| ArrayError::Unsupported {
            source_name: source.to_owned(),
            what,
            remedy,
        };
        if idx::is_idx(bytes) {
            return Ok(Self::Idx);
        }
        if bytes.starts_with(npy::MAGIC) {
            return Ok(Self::Npy);
        }
        if bytes.starts_with(b"PAR1") {
            return Err(unsupported(
                "Parquet",
                "pandas.read_parquet(FILE).to_csv(OUT, index=False) converts it",
            ));
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return Err(unsupported(
                "a zip archive, as .npz is",
                "unzip it, and give one of its files",
            ));
        }
        let name = source.strip_suffix(".gz").unwrap_or(source);
        let expected = if name.ends_with("ubyte") {
            "an IDX file, which begins with two zeros and the type of its elements"
        } else if name.strip_suffix(".npy").is_some() {
            "a NumPy file, which begins with 93 4E 55 4D 50 59"
        } else {
            return Ok(Self::Text);
        };
        Err(ArrayError::Magic {
            source_name: source.to_owned(),
            expected,
        })
    }
}
