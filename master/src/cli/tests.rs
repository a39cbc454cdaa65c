use super::*;
use clap::CommandFactory;

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

/// The commands without subcommands, and all the help of each.
fn leaves(command: &clap::Command, above: &str, found: &mut Vec<(String, String)>) {
    let name = format!("{above} {}", command.get_name());
    let text = command.get_after_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    if !text.is_empty() || command.get_subcommands().next().is_none() {
        found.push((name.clone(), text));
    }
    for below in command.get_subcommands() {
        leaves(below, &name, found);
    }
}

#[test]
fn every_command_has_examples_and_each_is_a_command_line() {
    let mut found = Vec::new();
    leaves(&Cli::command(), "", &mut found);
    let mut examples = 0;
    for (name, help) in &found {
        let has_parent = ["cluster ", "demo ", "bench ", "logs demo"].iter();
        let is_child = has_parent.clone().any(|above| name.contains(above));
        assert!(is_child || help.contains("Examples:\n"), "{name}");
        let text = help.replace("\\\n", " ");
        for line in text.lines().filter(|line| line.starts_with("  ")) {
            // What is behind two spaces is said about it.
            let line = line.trim().split("  ").next().unwrap_or_default();
            for part in line.split(['|', ';']).flat_map(|part| part.split("&&")) {
                let part = part.split(" > ").next().unwrap_or_default();
                let words = shlex::split(part).unwrap_or_default();
                let words = words.iter().skip_while(|word| word.contains('='));
                let words: Vec<_> = words.collect();
                if words.first().is_some_and(|word| *word == "master") {
                    let parsed = Cli::try_parse_from(&words);
                    assert!(parsed.is_ok(), "{part}: {}", parsed.unwrap_err());
                    examples += 1;
                }
            }
        }
    }
    assert!(examples > 50, "{examples}");
}

#[test]
fn every_command_says_something_of_its_own() {
    let command = Cli::command();
    let mut said: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_about().unwrap().to_string())
        .collect();
    said.sort();
    let count = said.len();
    said.dedup();
    assert_eq!(said.len(), count, "{said:?}");
}

#[test]
fn a_closed_output_is_told_from_other_errors() {
    let closed = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
    assert!(is_broken_pipe(&closed.context("cannot write the report")));
    assert!(!is_broken_pipe(
        &io::Error::from(io::ErrorKind::NotFound).into()
    ));
}
