//! The samples that ship with the binary, so that `master tune` works anywhere without a file.
//!
//! `master/data/bezdekIris.data` is a symbolic link to the one copy in the workspace's `data` folder:
//! a package cannot reach outside its own folder, and packaging follows the link.

/// The name under which reports show the shipped samples.
pub(crate) const NAME: &str = "bezdekIris.data";

/// Fisher's Iris samples as corrected by Bezdek: 150 rows of 4 features, 3 species.
pub(crate) const BYTES: &[u8] = include_bytes!("../../data/bezdekIris.data");

/// What the features are; the samples have no header.
pub(crate) const FEATURES: [&str; 4] =
    ["sepal length", "sepal width", "petal length", "petal width"];
