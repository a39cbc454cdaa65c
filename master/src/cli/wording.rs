//! What each command says about the options that all have, where they mean something of its own there.

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// What other machines can do.
const GOES_ELSEWHERE: [&str; 4] = ["tune", "factor", "imports", "run"];

/// What writes lines, unless it is told otherwise.
const WRITES_LINES: [&str; 5] = ["classify", "factor", "imports", "run", "search"];

/// Options that have no meaning in a command.
const HIDDEN: [(&str, &str); 10] = [
    ("bench search", "interactive"),
    ("bench search", "watch"),
    ("demo deli", "workers"),
    ("demo philosophers", "timeout"),
    ("demo philosophers", "workers"),
    ("demo race", "retries"),
    ("logs demo", "retries"),
    ("master doctor", "retries"),
    ("master doctor", "timeout"),
    ("master serve", "format"),
];

/// Options that mean something of their own in a command.
#[rustfmt::skip]
const SAID: [(&str, &str, &str); 5] = [
    ("logs demo", "workers", "Worker processes, or a share of the cores such as 50% [default: one for each client]"),
    ("master run", "retries", "How often a command that failed, or whose worker died, is tried again [default: 0]"),
    ("master run", "timeout", "How long one command may run, such as 500ms, 30s or 5m; it is ended then, with all it has started [default: no limit]"),
    ("master search", "retries", "How often in a row a worker may die while it loads its files [default: 2]"),
    ("master search", "timeout", "How long an answer may take, such as 500ms or 30s; who has not answered is done without [default: no limit]"),
];

/// The command line, as help, manual pages and completions show it.
pub(super) fn command() -> Command {
    worded(Cli::command(), "")
}

fn worded(command: Command, above: &str) -> Command {
    let name = command.get_name().to_owned();
    let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    let has_default = |arg: &Arg| !arg.get_default_values().is_empty();
    let format = command.get_arguments().find(|arg| arg.get_id() == "format");
    let (is_common, is_worded) = (has("backend"), format.is_some_and(|arg| !has_default(arg)));
    let mut command = command;
    if is_common && !GOES_ELSEWHERE.contains(&name.as_str()) {
        command = command.mut_args(without_other_machines);
    }
    if is_worded {
        let is_lines = match above {
            "master" => WRITES_LINES.contains(&name.as_str()),
            _ => above == "logs",
        };
        let default = if is_lines { "lines" } else { "table" };
        let help = format!("How results are written to standard output [default: {default}]");
        command = command.mut_arg("format", |arg| arg.help(help));
    }
    of_its_own(command, above, &name).mut_subcommands(|below| worded(below, &name))
}

/// What single commands mean by an option, and which options have no meaning there.
fn of_its_own(command: Command, above: &str, name: &str) -> Command {
    let is_here = |path: &str| path.split_once(' ') == Some((above, name));
    let hidden = HIDDEN.iter().filter(|(path, _)| is_here(path));
    let mut command = hidden.fold(command, |command, (_, id)| {
        command.mut_arg(id, |arg| arg.hide(true))
    });
    for (_, id, help) in SAID.iter().filter(|(path, ..)| is_here(path)) {
        command = command.mut_arg(id, |arg| arg.help(*help));
    }
    if is_here("bench search") {
        command = command.override_usage("master bench search [OPTIONS] -e PATTERN... [PATH]...");
    }
    command
}

/// What works on this machine only says nothing of others, and refuses them if they are asked for.
fn without_other_machines(arg: Arg) -> Arg {
    let id = arg.get_id().as_str();
    let is_of_nats = id.starts_with("nats_") || ["host_timeout", "resume_job"].contains(&id);
    match id {
        "backend" => arg.help("What does the work: processes, or threads of this process"),
        _ if is_of_nats => arg.hide(true),
        _ => arg,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(path: &[&str]) -> String {
        let mut command = command();
        command.build();
        let mut at = &mut command;
        for name in path {
            at = at.find_subcommand_mut(name).unwrap();
        }
        at.render_long_help().to_string()
    }

    #[test]
    fn each_command_tells_its_own_defaults() {
        let is_lines = |path: &[&str]| help(path).contains("output [default: lines]");
        assert!(is_lines(&["factor"]) && is_lines(&["logs", "demo"]));
        assert!(!is_lines(&["tune"]) && !is_lines(&["demo", "burn"]));
        assert!(help(&["tune"]).contains("its worker died of it [default: 2]"));
        assert!(help(&["run"]).contains("is tried again [default: 0]"));
        assert!(!help(&["weather"]).contains("[default: table]"));
    }

    #[test]
    fn what_has_no_meaning_is_not_offered() {
        let search = help(&["bench", "search"]);
        assert!(search.contains("Usage: master bench search"), "{search}");
        assert!(!search.contains("--interactive") && !search.contains("--watch"));
        assert!(!help(&["doctor"]).contains("--retries"));
        assert!(!help(&["serve"]).contains("--format"));
        assert!(!help(&["logs", "demo"]).contains("the cores this process may use"));
    }

    #[test]
    fn other_machines_are_offered_where_they_can_help() {
        for name in GOES_ELSEWHERE {
            assert!(help(&[name]).contains("--nats-creds"), "{name}");
        }
        for path in [
            &["search"][..],
            &["serve"],
            &["demo", "race"],
            &["classify"],
        ] {
            let help = help(path);
            assert!(!help.to_lowercase().contains("nats"), "{help}");
        }
    }
}
