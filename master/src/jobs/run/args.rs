//! What `master run` is told.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    thread,
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use regex::bytes::Regex;

use super::{
    guard::{self, Conditions},
    halt::Halt,
    inputs::{Columns, Cutting},
    joblog::Resume,
    sources::{Divided, divide},
};
use crate::cli::{duration, some_size};

const EXAMPLES: &str = "\
Examples:
  master run gzip -9 ::: *.log                        one gzip for each file, as many at a time as there are cores
  master run -k 'python3 -m doctest {}' ::: *.py      one string is cut into words; output in the order of the inputs
  find . -name '*.png' -print0 | master run -0 convert {} {.}.webp
  master run --shell 'sort {} | uniq -c > {/.}.txt' ::: data/*
  master run --csv resize {1} --width {2} :::: sizes.csv
  master run -j 4 --retries 2 --timeout 5m --joblog log --resume ./experiment {1} {2} ::: a b c ::: 1 2 3
  master run < commands                               each line is a command

Filled in: {} the input, {.} without extension, {/} its file name, {//} its folder, {/.} its file name without
extension, {1} {2} {-1} columns or sources, {1/.} and the like, {#} the job's number, {%} its slot.";

/// Run a command for each input, many at a time
///
/// Inputs are what follows `:::`, the lines of files after `::::`, or else the lines of standard input; several of
/// these give every combination, those with a `+` go together. Options come before the command. No shell is between
/// unless --shell asks for one: an input is always one argument, whatever is in it. A command's output is shown when
/// it has ended, as a whole. Nothing that it has started outlives this program.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct RunArgs {
    /// The command, and then inputs: [COMMAND...] [::: INPUT...] [:::: FILE...] [:::+ INPUT...] [::::+ FILE...]
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    words: Vec<OsString>,

    /// Have a shell run it, which understands pipes and the like; any that understands what `sh` does
    #[arg(long, value_name = "SHELL", num_args = 0..=1, require_equals = true, default_missing_value = "sh")]
    shell: Option<OsString>,

    /// Read inputs from a file, `-` for standard input; may be given several times
    #[arg(short = 'a', long, value_name = "FILE")]
    arg_file: Vec<PathBuf>,

    /// Inputs end with NUL bytes instead of lines, as `find -print0` writes them
    #[arg(short = '0', long, conflicts_with_all = ["delimiter", "csv"])]
    null: bool,

    /// Inputs end with this character; `\t`, `\n` and `\0` are understood
    #[arg(short, long, value_name = "CHARACTER", value_parser = delimiter, conflicts_with = "csv")]
    delimiter: Option<u8>,

    /// Inputs are rows of CSV, their columns {1}, {2} and so on
    #[arg(long, conflicts_with = "colsep")]
    csv: bool,

    /// Inputs are cut into columns where this regular expression matches, such as `,` or `\t` or ` +`
    #[arg(short = 'C', long, value_name = "REGEX")]
    colsep: Option<String>,

    /// `--header :`, the first input of each source names its columns: {name}
    #[arg(long, value_name = ":", value_parser = [":"])]
    header: Option<String>,

    /// So many inputs a command, as its {1}, {2} and so on
    #[arg(short = 'n', long, visible_short_alias = 'N', value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_args: u32,

    /// Show output in the order of the inputs
    #[arg(short, long)]
    pub(super) keep_order: bool,

    /// Show each line as soon as it is there
    #[arg(long, visible_alias = "lb", conflicts_with = "ungroup")]
    pub(super) line_buffer: bool,

    /// Let commands write to this program's own output: quick, and mixed up
    #[arg(short, long, conflicts_with = "tag")]
    pub(super) ungroup: bool,

    /// Begin each line with its inputs and a tab
    #[arg(long)]
    pub(super) tag: bool,

    /// Begin each line with this and a tab; what is filled in into commands is so here
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["tag", "ungroup"])]
    pub(super) tagstring: Option<OsString>,

    /// The least time between the beginnings of two commands
    #[arg(long, value_name = "TIME", value_parser = duration)]
    delay: Option<Duration>,

    /// When to stop early: now or soon (what runs may finish), and after how many or which share: `now,fail=1`,
    /// `soon,fail=10%`, `now,success=1`, `soon,done=100`, `never`
    #[arg(long, value_name = "RULE", default_value = "never", value_parser = HaltParser)]
    halt: Rule,

    /// Log each command that has ended, in the columns of GNU parallel
    #[arg(long, value_name = "FILE")]
    pub(super) joblog: Option<PathBuf>,

    /// Leave out the commands that have ended, according to the job log
    #[arg(long, requires = "joblog")]
    resume: bool,

    /// Leave out the commands that have succeeded, according to the job log
    #[arg(long, requires = "joblog")]
    resume_failed: bool,

    /// Show the commands and run none
    #[arg(long, visible_alias = "dryrun")]
    pub(super) dry_run: bool,

    /// Begin no command while less memory than this is free, such as 1G
    #[arg(long, value_name = "SIZE", value_parser = some_size)]
    memfree: Option<u64>,

    /// Begin no command while so many processes run on this machine, such as 4, or 80% of the cores
    #[arg(long, value_name = "LOAD", value_parser = load)]
    load: Option<f64>,

    /// Run the commands in this directory
    #[arg(long, visible_alias = "wd", value_name = "DIRECTORY")]
    pub(super) workdir: Option<PathBuf>,
}

/// What `--halt` was given: a rule or none.
type Rule = Perhaps;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Perhaps(Option<Halt>);

/// Reads [`Rule`]s. A plain function would make an option of the field.
#[derive(Clone)]
struct HaltParser;

impl clap::builder::TypedValueParser for HaltParser {
    type Value = Rule;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let parser = |text: &str| Halt::parse(text).map(Perhaps);
        clap::builder::TypedValueParser::parse_ref(&parser, command, argument, value)
    }
}

impl RunArgs {
    /// The command, and where inputs come from.
    pub(super) fn divided(&self) -> anyhow::Result<Divided> {
        Ok(divide(&self.words, &self.arg_file)?)
    }

    pub(super) fn cutting(&self) -> anyhow::Result<Cutting> {
        let columns = match &self.colsep {
            _ if self.csv => Columns::Csv,
            Some(regex) => Columns::Between(Regex::new(regex).with_context(|| {
                format!("--colsep `{regex}` is no regular expression; `\\|` is a bar, `\\.` a dot")
            })?),
            None => Columns::One,
        };
        let delimiter = if self.null {
            0
        } else {
            self.delimiter.unwrap_or(b'\n')
        };
        Ok(Cutting {
            delimiter,
            columns,
            has_header: self.header.is_some(),
            per_job: usize::try_from(self.max_args)?,
        })
    }

    pub(super) fn shell(&self) -> Option<&[u8]> {
        self.shell.as_deref().map(OsStr::as_bytes)
    }

    pub(super) fn halt(&self) -> Option<Halt> {
        self.halt.0
    }

    pub(super) fn resume(&self) -> Resume {
        match (self.resume_failed, self.resume) {
            (true, _) => Resume::Failed,
            (false, true) => Resume::Unfinished,
            (false, false) => Resume::No,
        }
    }

    pub(super) fn conditions(&self) -> Conditions {
        Conditions {
            delay: self.delay,
            free_bytes: self.memfree,
            load: self.load,
        }
    }
}

fn load(text: &str) -> Result<f64, String> {
    guard::load(text, thread::available_parallelism().map_or(1, usize::from))
}

/// One byte, or what stands for one.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"\\n" => Ok(b'\n'),
        b"\\t" => Ok(b'\t'),
        b"\\0" => Ok(0),
        [byte] => Ok(*byte),
        _ => Err(format!(
            "expected one character such as `,`, or `\\t`, `\\n` or `\\0`, found `{text}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }

    fn parsed(line: &str) -> RunArgs {
        Line::try_parse_from(["run"].into_iter().chain(line.split(' ')))
            .unwrap()
            .run
    }

    #[test]
    fn options_end_where_the_command_begins() {
        let args = parsed("-k --shell grep -c -k x ::: a -b");
        assert!(args.keep_order);
        assert_eq!(args.shell(), Some(&b"sh"[..]));
        let divided = args.divided().unwrap();
        assert_eq!(divided.command.len(), 4);
        assert_eq!(parsed("--shell=bash ls").shell(), Some(&b"bash"[..]));
        assert_eq!(parsed("-0 ls").cutting().unwrap().delimiter, 0);
        assert_eq!(parsed("-d , ls").cutting().unwrap().delimiter, b',');
        assert!(parsed("--halt now,fail=1 ls").halt().is_some());
        assert!(parsed("ls").halt().is_none());
    }

    #[test]
    fn a_separator_that_is_no_expression_is_told() {
        let error = parsed("-C ( ls").cutting().unwrap_err();
        assert!(
            format!("{error:#}").contains("--colsep `(` is no regular expression"),
            "{error:#}"
        );
        assert!(delimiter("ab").is_err());
    }
}
