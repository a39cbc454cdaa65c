//! What `master classify` is told.

use std::path::PathBuf;

use clap::Args;

use crate::table::Header;

/// Classify unknown samples by a tuned model
///
/// Takes samples from a file or from standard input, one a line: the features that the model was tuned on, with or
/// without a column for the class where the model's samples have it. Results come in the same order, while the input
/// may still go on. What is no such sample is told on standard error with its line, the rest is done, and the exit
/// code is 3.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClassifyArgs {
    /// The model, as `master tune --save` wrote it
    #[arg(long, value_name = "FILE")]
    pub(super) model: PathBuf,

    /// Samples to classify; - reads standard input
    ///
    /// Text with one a line, or an IDX or NumPy file; each may be compressed by gzip.
    #[arg(default_value = "-")]
    pub(super) file: PathBuf,

    /// Where the samples are now that the model was tuned on [default: where they were then]
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,

    /// Where the classes of these samples are now, if they are in a file of their own [default: where they were then, or
    /// beside --data]
    #[arg(long, value_name = "FILE")]
    pub(super) labels: Option<PathBuf>,

    /// Compare with the classes in the input, or in the file beside IDX or NumPy, and say on standard error how many are right
    #[arg(long)]
    pub(super) check: bool,

    /// Whether the first row names the columns; for samples without a class, auto means: when it holds no number
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) header: Header,
}
