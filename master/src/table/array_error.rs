//! What can be wrong with files of numbers that are no text.

use thiserror::Error;

/// Why an IDX or NumPy file, or the labels that belong to it, cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ArrayError {
    #[error(
        "{source_name}: expected {expected}; get the file anew, or rename it if it is a text table"
    )]
    Magic {
        source_name: String,
        expected: &'static str,
    },
    #[error("{source_name}: its header is not understood: {cause}")]
    Header { source_name: String, cause: String },
    #[error(
        "{source_name}: ends early: a header for {shape} elements of {size} bytes makes {promised} bytes in all, found {found}; get the file anew"
    )]
    Truncated {
        source_name: String,
        shape: String,
        size: usize,
        promised: String,
        found: usize,
    },
    #[error(
        "{source_name}: goes on for {surplus} bytes behind the {shape} elements of {size} bytes that its header promises; get the file anew"
    )]
    TooLong {
        source_name: String,
        shape: String,
        size: usize,
        surplus: usize,
    },
    #[error("{source_name}: is of {shape} elements, which is none; expected samples")]
    Empty { source_name: String, shape: String },
    #[error(
        "{source_name}: has one axis, as labels have; expected samples of two axes or more; give their file, and this one with --labels"
    )]
    NotSamples { source_name: String },
    #[error(
        "{source_name}: is of {shape} elements; expected one label a sample, on one axis; give the file of the labels with --labels"
    )]
    NotLabels { source_name: String, shape: String },
    #[error("{source_name}: holds text; expected numbers as features")]
    TextFeatures { source_name: String },
    #[error(
        "{source_name}, row {row}, column {column}: expected a finite number, found {found}; remove the row or fill in a value"
    )]
    NotFinite {
        source_name: String,
        row: usize,
        column: usize,
        found: f64,
    },
    #[error(
        "{source_name}, label {row}: expected a whole number or a text that is not empty, in UTF-8"
    )]
    NotAClass { source_name: String, row: usize },
    #[error(
        "{source_name}: {found} labels for the {rows} samples of {samples}; give the file that belongs to them with --labels"
    )]
    Count {
        source_name: String,
        found: usize,
        rows: usize,
        samples: String,
    },
    #[error("{source_name}: no labels{tried}; give their file with --labels")]
    NoLabels { source_name: String, tried: String },
    #[error(
        "{source_name}: a text table holds its classes itself; leave --labels out, and choose their column with --label"
    )]
    LabelsForText { source_name: String },
    #[error(
        "{source_name}: has no column of classes for --label {label}; give the file of the classes with --labels"
    )]
    NoColumn { source_name: String, label: String },
    #[error("samples and labels cannot both come from standard input; give a file for one of them")]
    BothFromInput,
    #[error(
        "{source_name}: is {what}, which cannot be read; expected a text table, IDX, or .npy, each with gzip or without: {remedy}"
    )]
    Unsupported {
        source_name: String,
        what: &'static str,
        remedy: &'static str,
    },
}
