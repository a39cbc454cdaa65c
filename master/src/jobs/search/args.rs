//! What `master search` is told.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use brigade_protocol::jobs::search::{Pattern, Terms, Wanted};
use clap::Args;

use crate::cli::size;

/// Lines are cut to so many bytes unless --max-columns says otherwise: a file may be one line of a gigabyte.
const LONGEST: u32 = 1 << 20;
/// And in any case to so many, so that a line goes through a queue.
const LIMIT: u32 = 512 << 20;

// No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
#[command(
    override_usage = "master search [OPTIONS] -e PATTERN... [PATH]...\n       master search [OPTIONS] --interactive [PATH]..."
)]
pub(crate) struct SearchArgs {
    /// Files and directories
    #[arg(default_value = ".", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// What to look for; may be given several times
    #[arg(
        short = 'e',
        long = "pattern",
        value_name = "PATTERN",
        allow_hyphen_values = true
    )]
    patterns: Vec<OsString>,

    /// Patterns are regular expressions, as ripgrep takes them
    #[arg(long)]
    regex: bool,

    /// Upper and lower case are the same
    #[arg(short = 'i', long)]
    ignore_case: bool,

    /// Match whole words only
    #[arg(short = 'w', long)]
    word: bool,

    /// Show how many lines match in each file instead
    #[arg(short = 'c', long)]
    count: bool,

    /// Show only the files that match
    #[arg(short = 'l', long, conflicts_with = "count")]
    files: bool,

    /// Show line numbers, as is the default
    #[arg(short = 'n', long, overrides_with = "no_line_number")]
    line_number: bool,

    /// Show no line numbers
    #[arg(short = 'N', long, overrides_with = "line_number")]
    no_line_number: bool,

    /// Show so many lines after each match
    #[arg(short = 'A', long, value_name = "LINES")]
    after: Option<u32>,

    /// Show so many lines before each match
    #[arg(short = 'B', long, value_name = "LINES")]
    before: Option<u32>,

    /// Show so many lines before and after each match
    #[arg(short = 'C', long, value_name = "LINES", default_value_t = 0)]
    context: u32,

    /// Only files that match, such as '*.py'; with ! before it, only others; may be given several times
    #[arg(short = 'g', long, value_name = "GLOB")]
    pub(super) glob: Vec<String>,

    /// Take what .gitignore, .ignore and the like name, too
    #[arg(long)]
    pub(super) no_ignore: bool,

    /// Take hidden files and directories, too
    #[arg(long)]
    pub(super) hidden: bool,

    /// Take files with NUL bytes for text
    #[arg(short = 'a', long)]
    text: bool,

    /// Leave out larger files, such as 500K, 10M or 2G
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_filesize: Option<u64>,

    /// Cut lines to so many bytes; 0 for as long as they are, up to 512 MiB [default: 1 MiB]
    #[arg(long, value_name = "BYTES")]
    max_columns: Option<u32>,

    /// Ask for patterns: at a prompt, or from standard input, one a line
    #[arg(long)]
    pub(super) interactive: bool,

    /// Read files again when they change; without --interactive, search again then
    #[arg(long)]
    pub(super) watch: bool,
}

/// How matches are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// The lines, with or without their numbers.
    Lines { numbers: bool },
    /// How many there are, file by file.
    Counts,
    /// Just the files.
    Files,
}

impl SearchArgs {
    /// A tree that is held for whatever will be asked.
    pub(crate) fn resident(paths: Vec<PathBuf>, watch: bool) -> Self {
        Self {
            paths,
            patterns: Vec::new(),
            regex: false,
            ignore_case: false,
            word: false,
            count: false,
            files: false,
            line_number: true,
            no_line_number: false,
            after: None,
            before: None,
            context: 0,
            glob: Vec::new(),
            no_ignore: false,
            hidden: false,
            text: false,
            max_filesize: None,
            max_columns: None,
            interactive: true,
            watch,
        }
    }

    /// Where to look.
    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The option that has a search go on once it has answered, if there is one.
    pub(crate) fn goes_on(&self) -> Option<&'static str> {
        match (self.interactive, self.watch) {
            (true, _) => Some("--interactive"),
            (_, true) => Some("--watch"),
            _ => None,
        }
    }

    /// Looks whether there is something to look for.
    ///
    /// # Errors
    /// What to do about it: people who come from other tools give a pattern as the first word.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.interactive || !self.patterns.is_empty() {
            return Ok(());
        }
        let mut words = self.paths.iter().map(|path| path.display().to_string());
        let first = words
            .next()
            .filter(|first| first != "." && !Path::new(first).exists());
        let meant = first.map_or_else(
            || "-e TODO src".to_owned(),
            |pattern| format!("-e {pattern} {}", words.collect::<Vec<_>>().join(" ")),
        );
        anyhow::bail!(
            "what to look for comes after -e, as in `master search {}`; or --interactive asks for it",
            meant.trim_end()
        )
    }

    /// What was asked for on the command line.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = Pattern> {
        self.patterns
            .iter()
            .map(|text| self.pattern(text.as_bytes()))
    }

    /// A text as a pattern of the kind that was asked for.
    pub(super) fn pattern(&self, text: &[u8]) -> Pattern {
        Pattern {
            is_regex: self.regex,
            ignores_case: self.ignore_case,
            is_word: self.word,
            ..Pattern::literal(text)
        }
    }

    pub(super) fn show(&self) -> Show {
        match (self.count, self.files) {
            (true, _) => Show::Counts,
            (_, true) => Show::Files,
            _ => Show::Lines {
                numbers: !self.no_line_number,
            },
        }
    }

    /// What the shards are to answer; `spans` when somebody wants to know where in the lines the matches are.
    pub(super) fn wanted(&self, spans: bool) -> Wanted {
        match self.show() {
            Show::Counts | Show::Files => Wanted::Counts,
            Show::Lines { .. } => Wanted::Lines {
                before: self.before.unwrap_or(self.context),
                after: self.after.unwrap_or(self.context),
                spans,
                longest: match self.max_columns {
                    None => LONGEST,
                    Some(0) => LIMIT,
                    Some(longest) => longest.min(LIMIT),
                },
            },
        }
    }

    /// Whether lines around the matches were asked for.
    pub(super) fn has_context(&self) -> bool {
        let lines = |own: Option<u32>| own.unwrap_or(self.context);
        lines(self.before).max(lines(self.after)) > 0
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            takes_binary: self.text,
            largest: self.max_filesize.unwrap_or(u64::MAX),
        }
    }
}
