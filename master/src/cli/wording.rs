//! What each command says about the options that all have, where they mean something of its own there.

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// What other machines can do.
const GOES_ELSEWHERE: [&str; 4] = ["tune", "factor", "imports", "run"];

/// What writes lines, unless it is told otherwise.
const WRITES_LINES: [&str; 5] = ["classify", "factor", "imports", "run", "search"];

/// The command line, as help, manual pages and completions show it.
pub(super) fn command() -> Command {
    worded(Cli::command(), "")
}

fn worded(command: Command, above: &str) -> Command {
    let name = command.get_name().to_owned();
    let has = |id: &str| command.get_arguments().any(|arg| arg.get_id() == id);
    let (is_common, has_format) = (has("backend"), has("format") && has("progress"));
    let mut command = command;
    if is_common && !GOES_ELSEWHERE.contains(&name.as_str()) {
        command = command.mut_args(without_other_machines);
    }
    if has_format {
        let is_demo_of_logs = above == "logs" && name == "demo";
        let format =
            if above == "master" && WRITES_LINES.contains(&name.as_str()) || is_demo_of_logs {
                "lines"
            } else {
                "table"
            };
        let help = format!("How results are written to standard output [default: {format}]");
        command = command.mut_arg("format", |arg| arg.help(help));
    }
    command = match name.as_str() {
        "run" => command
            .mut_arg("retries", |arg| {
                arg.help("How often a command that failed, or whose worker died, is tried again [default: 0]")
            })
            .mut_arg("timeout", |arg| {
                arg.help("How long one command may run, such as 500ms, 30s or 5m; it is ended then, with all it has started [default: no limit]")
            }),
        "search" => command
            .mut_arg("retries", |arg| {
                arg.help("How often in a row a worker may die while it loads its files [default: 2]")
            })
            .mut_arg("timeout", |arg| {
                arg.help("How long an answer may take, such as 500ms or 30s; who has not answered is done without [default: no limit]")
            }),
        _ => command,
    };
    command.mut_subcommands(|below| worded(below, &name))
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
