//! How the command line is read: clap's way, but for what the environment leaves empty and for colour in its own words.

use std::{env, ffi::OsString, iter};

use clap::{ColorChoice, Command, FromArgMatches, builder::Resettable};

use super::{Cli, wording};

impl Cli {
    /// The command line of this process; ends it with help or an error if that is all there is to say.
    pub(crate) fn of_process() -> Self {
        let words: Vec<OsString> = env::args_os().collect();
        let mut command = without_empty_variables(wording::command()).color(colour(&words));
        let parsed = command
            .try_get_matches_from_mut(words)
            .and_then(|mut matches| Self::from_arg_matches_mut(&mut matches));
        parsed.unwrap_or_else(|error| error.format(&mut command).exit())
    }
}

/// A variable that is set to nothing says nothing: `BRIGADE_TOKEN= master serve` has no token.
fn without_empty_variables(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let is_empty = |name| env::var_os(name).is_some_and(|value| value.is_empty());
        if arg.get_env().is_some_and(is_empty) {
            arg.env(Resettable::Reset)
        } else {
            arg
        }
    });
    command.mut_subcommands(without_empty_variables)
}

/// Whether help and errors are coloured: `--color` counts for them too, though they come before it is read.
fn colour(words: &[OsString]) -> ColorChoice {
    let own = words.iter().take_while(|word| *word != "--");
    let following = words.iter().skip(1).map(Some).chain(iter::repeat(None));
    let asked = own.zip(following).find_map(|(word, next)| {
        let word = word.to_str()?;
        match word.strip_prefix("--color")? {
            "" => next?.to_str(),
            rest => rest.strip_prefix('='),
        }
    });
    match asked {
        Some("never") => ColorChoice::Never,
        Some("always") => ColorChoice::Always,
        _ => ColorChoice::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_seen_before_the_rest_is_read() {
        let of = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            colour(&words)
        };
        assert_eq!(of("master tune --color never"), ColorChoice::Never);
        assert_eq!(of("master --color=always tune"), ColorChoice::Always);
        assert_eq!(of("master tune --color"), ColorChoice::Auto);
        assert_eq!(of("master run ls -- --color never"), ColorChoice::Auto);
        assert_eq!(of("master tune --colors=never"), ColorChoice::Auto);
    }
}
