//! What `master imports` is told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::size;

/// List what Python files import, by parsing them
///
/// Every file is parsed, so that imports in functions, under conditions and over several lines are found, and none in
/// strings and comments. A file with a syntax error, or that cannot be decoded, is told on standard error as
/// path:line:column: message, and what its readable parts import is listed all the same; the exit code is 3 then. Left
/// out are hidden files, what .gitignore names, and caches of Python's tools. A file that takes longer than a minute is
/// given up, unless --timeout says otherwise.
#[derive(Debug, Clone, Args)]
pub(crate) struct ImportsArgs {
    /// Files and directories; in directories, files named *.py
    #[arg(default_value = ".", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// Mark the files that import this module, or what is in it
    #[arg(long, value_name = "MODULE", default_value = "typing")]
    pub(super) focus: String,

    /// What stands before marked files
    #[arg(long, value_name = "TEXT", default_value = "->")]
    pub(super) mark: String,

    /// List by file what it imports, or by module who imports it
    #[arg(long, value_name = "WHAT", default_value = "file")]
    pub(super) by: By,

    /// Only imports of this module, or of what is in it; may be given several times; exit code 1 when there are none
    #[arg(short, long = "module", value_name = "MODULE")]
    pub(super) modules: Vec<String>,

    /// Draw which of the modules found here imports which, in the language of Graphviz; cycles are red
    #[arg(long, value_name = "LANGUAGE", conflicts_with_all = ["by", "modules", "unused"])]
    pub(super) graph: Option<Language>,

    /// List the modules found here that no other one imports; exit code 1 when there are none
    #[arg(long, conflicts_with_all = ["by", "modules"])]
    pub(super) unused: bool,

    /// Only files that match, such as 'test_*' or '*.pyi'; with ! before it, only others; may be given several times
    #[arg(short = 'g', long, value_name = "GLOB")]
    pub(super) glob: Vec<String>,

    /// Take what .gitignore, .ignore and the like name, too
    #[arg(long)]
    pub(super) no_ignore: bool,

    /// Take hidden files and directories, too
    #[arg(long)]
    pub(super) hidden: bool,

    /// Do not parse larger files, such as 500K, 10M or 2G: parsing takes several times as much memory
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64M")]
    pub(super) max_filesize: u64,
}

/// What the list is a list of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    File,
    Module,
}

/// A language for graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// As the command `dot` reads it
    Dot,
}
