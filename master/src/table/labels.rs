//! The file of the labels that belongs to a file of samples.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{Reading, TableError, array_error::ArrayError, format::Format, idx, npy, source};

/// Classes in the order in which they appear.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub(super) ids: Vec<u32>,
    pub(super) names: Vec<String>,
    ids_by_name: HashMap<String, u32>,
}

impl Classes {
    /// Appends a sample of this class, and returns the class's number.
    pub(super) fn push(&mut self, name: &str) -> u32 {
        let id = self.ids_by_name.get(name).copied().unwrap_or_else(|| {
            let new = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
            self.names.push(name.to_owned());
            self.ids_by_name.insert(name.to_owned(), new);
            new
        });
        self.ids.push(id);
        id
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.ids_by_name.contains_key(name)
    }
}

/// Reads the labels of this many samples: of the file that was named, or the one beside them.
pub(super) fn read(
    samples: &str,
    path: Option<&Path>,
    rows: usize,
    reading: &Reading,
) -> Result<Classes, TableError> {
    let path = path.filter(|path| *path != Path::new("-"));
    let named = match &reading.labels {
        Some(named) => named.clone(),
        None => beside(samples, path)?,
    };
    let (source, bytes) = source::read(&named)?;
    let classes = match Format::of(&source, &bytes)? {
        Format::Idx => idx::header(&source, &bytes)?.classes(&source, &bytes)?,
        Format::Npy => npy::header(&source, &bytes)?.classes(&source, &bytes)?,
        Format::Text => lines(&source, source::text(&source, &bytes)?)?,
    };
    if classes.ids.len() == rows {
        return Ok(classes);
    }
    Err(ArrayError::Count {
        source_name: source,
        found: classes.ids.len(),
        rows,
        samples: samples.to_owned(),
    }
    .into())
}

/// One class a line.
fn lines(source: &str, text: &str) -> Result<Classes, ArrayError> {
    let mut classes = Classes::default();
    for (index, line) in text.trim_end().lines().enumerate() {
        if line.trim().is_empty() {
            return Err(ArrayError::NotAClass {
                source_name: source.to_owned(),
                row: index + 1,
            });
        }
        classes.push(line.trim());
    }
    Ok(classes)
}

/// The first file there is that may hold the labels.
fn beside(samples: &str, path: Option<&Path>) -> Result<PathBuf, ArrayError> {
    let candidates = path.map(candidates).unwrap_or_default();
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let names: Vec<String> = candidates
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(ArrayError::NoLabels {
        source_name: samples.to_owned(),
        tried: match names.as_slice() {
            [] => String::new(),
            names => format!(" beside it: there is no {}", names.join(" and no ")),
        },
    })
}

/// Where the labels of these samples may be, by their name: `images` become `labels`, `idx3` becomes `idx1`, a
/// leading `X` becomes `y`; compressed or not.
fn candidates(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Vec::new();
    };
    let plain_name = name.strip_suffix(".gz").unwrap_or(name);
    let mut labels = plain_name.replace("images", "labels");
    for axes in '2'..='9' {
        labels = labels.replace(&format!("idx{axes}"), "idx1");
    }
    let mut rest = plain_name.chars();
    if matches!(rest.next(), Some('X' | 'x')) && rest.as_str().starts_with(['.', '_', '-']) {
        labels = format!("y{}", rest.as_str());
    }
    if labels == plain_name {
        return Vec::new();
    }
    let (plain, gzip) = (
        path.with_file_name(&labels),
        path.with_file_name(labels + ".gz"),
    );
    if name.len() > plain_name.len() {
        vec![gzip, plain]
    } else {
        vec![plain, gzip]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_looked_for_by_name() {
        for (samples, expected) in [
            ("a/train-images-idx3-ubyte", "a/train-labels-idx1-ubyte"),
            ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
            ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
            ("X/X_train.npy", "X/y_train.npy"),
            ("x.npy", "y.npy"),
            ("digits_images.npy", "digits_labels.npy"),
        ] {
            assert_eq!(
                candidates(Path::new(samples)).first(),
                Some(&PathBuf::from(expected))
            );
        }
        assert_eq!(
            candidates(Path::new("Xylophones.npy")),
            Vec::<PathBuf>::new()
        );
    }
}
