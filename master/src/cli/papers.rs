//! What is made of the command line itself: completions for shells, and manual pages.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Done, version, wording};

/// The command that people type.
const NAME: &str = "master";

/// Write what completes commands and options in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  master completions bash > ~/.local/share/bash-completion/completions/master
  mkdir -p ~/.zfunc; master completions zsh > ~/.zfunc/_master        with fpath+=~/.zfunc in .zshrc
  mkdir -p ~/.config/fish/completions; master completions fish > ~/.config/fish/completions/master.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Write the manual pages
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  master man | man -l -                            the page of master
  master man logs serve | man -l -                 the page of master logs serve
  master man --output ~/.local/share/man/man1      all of them, as files")]
pub(crate) struct ManArgs {
    /// The page of this command, such as `tune` or `logs serve`, instead of that of all
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Vec<String>,
    /// Write all pages as files into this folder, which is made if it is not there
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Writes completions to standard output.
pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Done> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), NAME, &mut script);
    io::stdout()
        .write_all(&script)
        .context("cannot write the completions")?;
    Ok(Done::Well)
}

/// Writes manual pages.
pub(super) fn manual(args: &ManArgs) -> anyhow::Result<Done> {
    if let Some(folder) = &args.output {
        let folder_name = folder.display();
        fs::create_dir_all(folder).with_context(|| format!("cannot make {folder_name}"))?;
        pages(command(), &mut |page| save(&page, folder))?;
        return Ok(Done::Well);
    }
    let wanted = [&[NAME.to_owned()], &args.command[..]].concat().join("-");
    let mut found = None;
    pages(command(), &mut |page| {
        if page.name == wanted {
            found = Some(page.text);
        }
        Ok(())
    })?;
    match found {
        Some(text) => io::stdout()
            .write_all(&text)
            .context("cannot write the page")?,
        None => bail!(
            "there is no command `{}`; `master help` lists them",
            args.command.join(" ")
        ),
    }
    Ok(Done::Well)
}

/// One page.
struct Page {
    name: String,
    text: Vec<u8>,
}

/// The command line with its own names for everything below it.
fn command() -> Command {
    let mut command = wording::command().name(NAME);
    command.build();
    command
}

/// Makes the page of a command and of all below it.
fn pages(command: Command, each: &mut dyn FnMut(Page) -> io::Result<()>) -> anyhow::Result<()> {
    let below: Vec<Command> = command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
        .cloned()
        .collect();
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let mut text = Vec::new();
    let shown = command.name(name.clone()).version(version::SHORT);
    Man::new(shown)
        .manual("Brigade")
        .render(&mut text)
        .with_context(|| format!("cannot make the page of {name}"))?;
    let saved = name.clone();
    each(Page { name, text }).with_context(|| format!("cannot write the page of {saved}"))?;
    for command in below {
        pages(command, each)?;
    }
    Ok(())
}

/// Writes a page as section 1 has its files.
fn save(page: &Page, folder: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(folder.join(format!("{}.1", page.name)))?);
    file.write_all(&page.text)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_of_its_own_with_its_examples() {
        let mut names = Vec::new();
        pages(command(), &mut |page| {
            let text = String::from_utf8(page.text).unwrap();
            assert!(text.contains(".SH NAME"), "{}", page.name);
            assert!(text.contains(".SH SYNOPSIS"), "{}", page.name);
            names.push(page.name);
            Ok(())
        })
        .unwrap();
        for name in [
            "master",
            "master-tune",
            "master-logs-serve",
            "master-demo-burn",
        ] {
            assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
        }
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{names:?}");
    }
}
