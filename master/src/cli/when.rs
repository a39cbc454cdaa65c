//! Options that depend on a terminal: progress and colour.

use std::{
    env,
    io::{self, IsTerminal},
};

use clap::ValueEnum;

use super::{Narrator, Progress};

/// When something is shown that depends on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal
    Auto,
    Always,
    Never,
}

impl When {
    /// Who tells on standard error what happens, with progress at this time, and a colour in it at that.
    pub(crate) fn narrator(self, is_verbose: bool, coloured: Self) -> Narrator {
        let is_shown = match self {
            Self::Auto => io::stderr().is_terminal(),
            Self::Always => true,
            Self::Never => false,
        };
        let is_coloured = match coloured {
            Self::Auto => colour_is_welcome(),
            Self::Always => true,
            Self::Never => false,
        };
        let progress = Progress::new(is_shown, self == Self::Always, is_coloured);
        Narrator::new(is_verbose, progress)
    }

    /// Whether results are coloured at this time.
    pub(crate) fn is_coloured(self) -> bool {
        match self {
            Self::Auto => io::stdout().is_terminal() && colour_is_welcome(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// What the environment says about colour: <https://no-color.org>, and terminals without it.
fn colour_is_welcome() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && env::var_os("TERM").is_none_or(|term| term != "dumb")
}
