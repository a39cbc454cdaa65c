//! A tuned model as a file: what was chosen, and the samples that it was chosen on, by place and by content.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use brigade_protocol::{
    jobs::tune::{Distance, Scale, Weights},
    shm::Split,
};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::{unseen::unreadable, whole};

/// The only format there is.
pub(crate) const FORMAT: u32 = 1;

/// Stands for the path of the samples that are part of the program.
pub(crate) const SHIPPED: &str = "shipped:bezdekIris.data";

/// A hyperparameter and all it takes to classify with it. Fields that are not known are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Model {
    /// [`FORMAT`].
    pub(crate) format: u32,
    /// The version that wrote it.
    pub(crate) brigade: String,
    /// The samples to be neighbours: all rows of this table.
    pub(crate) data: Data,
    /// A second file of samples, whose rows tested; they are no neighbours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) test: Option<Data>,
    /// The columns that are compared, in the order of the file; all but the class if there is no list.
    pub(crate) features: Option<Vec<Column>>,
    /// The classes in the order of their ids.
    pub(crate) classes: Vec<String>,
    /// The SHA-256 of the classes of the data's rows, which may be in a file of their own; absent in older models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rows_sha256: Option<String>,
    /// How many neighbours vote.
    pub(crate) k: u32,
    /// What makes them near.
    #[serde(with = "word")]
    pub(crate) distance: Distance,
    /// How they vote.
    pub(crate) weights: Weights,
    /// How features are put on a scale.
    pub(crate) scale: Scale,
    /// Which rows tested, and which trained.
    #[serde(with = "word")]
    pub(crate) split: Split,
    /// What `quality` measures, such as `accuracy`.
    pub(crate) metric: String,
    /// How good the hyperparameter was; the mean over the partitions of the split.
    pub(crate) quality: f64,
}

/// A file of samples, and how it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Data {
    /// The absolute path, or [`SHIPPED`].
    pub(crate) path: String,
    /// The size of the file.
    pub(crate) bytes: u64,
    /// The SHA-256 of the file, in lower-case hexadecimal digits.
    pub(crate) sha256: String,
    /// The absolute path of the classes, where they are in a file of their own.
    pub(crate) labels: Option<String>,
    /// The column of the class as `--label` takes it.
    pub(crate) label: String,
    /// Whether the first row names the columns, as `--header` takes it.
    pub(crate) header: String,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Column {
    /// By number: 1 is the first of the file, the class's included.
    Number(u32),
    /// By name.
    Name(String),
}

/// Why there is no model.
#[derive(Debug, Error)]
pub(crate) enum ModelError {
    #[error("{}", unreadable(path, cause))]
    Unreadable { path: String, cause: io::Error },
    #[error("{path}: cannot be written: {cause}")]
    Unwritable { path: String, cause: io::Error },
    #[error("{path}: is no model: {cause}; expected a file that `master tune --save` wrote")]
    NotAModel {
        path: String,
        cause: serde_json::Error,
    },
    #[error(
        "{path}: has format {found}, but this version knows only {FORMAT}; tune and save it anew"
    )]
    Format { path: String, found: u32 },
}

/// All that is known before the format is.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

impl Model {
    /// Looks whether a model can be written there.
    ///
    /// # Errors
    /// [`ModelError::Unwritable`].
    pub(crate) fn check(path: &Path) -> Result<(), ModelError> {
        whole::check(path).map_err(|cause| ModelError::Unwritable {
            path: path.display().to_string(),
            cause,
        })
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`ModelError`] when the file cannot be read or is no model of this format.
    pub(crate) fn load(path: &Path) -> Result<Self, ModelError> {
        let name = || path.display().to_string();
        let text = std::fs::read(path).map_err(|cause| ModelError::Unreadable {
            path: name(),
            cause,
        })?;
        let no_model = |cause| ModelError::NotAModel {
            path: name(),
            cause,
        };
        let Head { format } = serde_json::from_slice(&text).map_err(no_model)?;
        if format != FORMAT {
            return Err(ModelError::Format {
                path: name(),
                found: format,
            });
        }
        serde_json::from_slice(&text).map_err(no_model)
    }

    /// Writes a model, whole or not at all: what was there stays until the new one is complete.
    ///
    /// # Errors
    /// [`ModelError::Unwritable`].
    pub(crate) fn save(&self, path: &Path) -> Result<(), ModelError> {
        let write = || {
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            whole::write(path, &text)
        };
        write().map_err(|cause| ModelError::Unwritable {
            path: path.display().to_string(),
            cause,
        })
    }
}

/// The size of a file and its SHA-256 in lower-case hexadecimal digits.
///
/// # Errors
/// What reading it returns.
pub(crate) fn fingerprint(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok((bytes, HEXLOWER.encode(&hash.finalize()))),
            Ok(count) => {
                hash.update(&piece[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The same of bytes in memory.
pub(crate) fn fingerprint_of(bytes: &[u8]) -> (u64, String) {
    (bytes.len() as u64, HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// The SHA-256 of the classes of rows: their ids, four bytes each, little-endian.
pub(crate) fn fingerprint_of_classes(class_ids: &[u32]) -> String {
    let mut hasher = Sha256::new();
    for id in class_ids {
        hasher.update(id.to_le_bytes());
    }
    HEXLOWER.encode(&hasher.finalize())
}

/// What is written as the word that it is on the command line.
mod word {
    use std::{fmt, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<T: fmt::Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Model {
        Model {
            format: FORMAT,
            brigade: "0.1.0".to_owned(),
            data: Data {
                path: SHIPPED.to_owned(),
                bytes: 3,
                sha256: fingerprint_of(b"abc").1,
                labels: None,
                label: "-1".to_owned(),
                header: "auto".to_owned(),
            },
            test: None,
            features: Some(vec![Column::Number(3), Column::Name("width".to_owned())]),
            classes: vec!["a".to_owned(), "b".to_owned()],
            rows_sha256: None,
            k: 5,
            distance: "minkowski:3".parse().unwrap(),
            weights: Weights::Distance,
            scale: Scale::MinMax,
            split: "kfold:5x3:seed=7".parse().unwrap(),
            metric: "accuracy".to_owned(),
            quality: 0.967,
        }
    }

    #[test]
    fn a_model_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        sample().save(&path).unwrap();
        assert_eq!(Model::load(&path).unwrap(), sample());
        insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
        {
          "format": 1,
          "brigade": "0.1.0",
          "data": {
            "path": "shipped:bezdekIris.data",
            "bytes": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "labels": null,
            "label": "-1",
            "header": "auto"
          },
          "features": [
            3,
            "width"
          ],
          "classes": [
            "a",
            "b"
          ],
          "k": 5,
          "distance": "L3",
          "weights": "distance",
          "scale": "minmax",
          "split": "kfold:5x3:seed=7",
          "metric": "accuracy",
          "quality": 0.967
        }
        "#);
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        let load = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Model::load(&path).unwrap_err().to_string()
        };
        assert!(load("x").contains("is no model: expected value"));
        assert!(load("{}").contains("missing field `format`"));
        assert!(load(r#"{"format":2}"#).contains("has format 2, but this version knows only 1"));
        assert!(load(r#"{"format":1}"#).contains("missing field `brigade`"));
        let missing = Model::load(&folder.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("no such file; check the path"));
    }

    #[test]
    fn files_have_the_fingerprints_that_sha256sum_prints() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        std::fs::write(&path, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fingerprint(&path).unwrap(), (3, expected.to_owned()));
        assert_eq!(fingerprint_of(b"abc"), (3, expected.to_owned()));
    }
}
