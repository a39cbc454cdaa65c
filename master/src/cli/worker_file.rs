//! The option that says where the worker executable is.

use std::path::{Path, PathBuf};

use clap::Args;

// No doc comment: clap would take it for that of the command.
#[derive(Debug, Clone, Args)]
pub(super) struct WorkerFile {
    /// The worker executable [default: `worker` beside this program]
    #[arg(
        long = "worker-exe",
        value_name = "FILE",
        env = "BRIGADE_WORKER",
        hide_env_values = true
    )]
    path: Option<PathBuf>,
}

impl WorkerFile {
    /// Where it is, if that was said.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}
