//! Why a pool did not start.

use std::{io, path::PathBuf};

use brigade_protocol::{
    Mismatch,
    shm::{BoardError, LaneError},
};
use nix::errno::Errno;

/// Why a pool did not start.
///
/// ```
/// use brigade::{Pool, StartError};
///
/// let error = Pool::builder().worker_executable("/no/such/worker").start();
/// assert!(matches!(error, Err(StartError::NoWorker { path }) if path.ends_with("worker")));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There is no such worker executable.
    #[error(
        "no worker executable at {}; build it with `cargo build --release --workspace`, \
         or name another with --worker-exe or BRIGADE_WORKER", path.display()
    )]
    NoWorker {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The operating system did not start it.
    #[error("cannot start the worker {}: {error}{}", path.display(), hint(error))]
    Spawn {
        /// The executable.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Master and worker do not fit together.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// No status board.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// No memory to share with a worker.
    #[error("{0}")]
    Lane(LaneError),
    /// A pool without workers does nothing.
    #[error("a pool needs at least one worker")]
    NoWorkers,
    /// More workers than a pool can have.
    #[error("a pool can have at most {most} workers, not {asked}")]
    TooManyWorkers {
        /// How many were asked for.
        asked: usize,
        /// How many there can be.
        most: usize,
    },
    /// The cluster cannot be used.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    Cluster(#[from] crate::cluster::ClusterError),
    /// Something else the pool needs from the system.
    #[error("cannot set up the pool: {error}{}", hint(error))]
    Io {
        /// What the system said.
        error: io::Error,
    },
}

impl From<LaneError> for StartError {
    fn from(error: LaneError) -> Self {
        match error {
            // Not memory is missing then, but a descriptor.
            LaneError::Os {
                errno: errno @ (Errno::EMFILE | Errno::ENFILE),
                ..
            } => io::Error::from(errno).into(),
            error => Self::Lane(error),
        }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io { error }
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EMFILE) => {
            "; raise the limit on open files with `ulimit -n` or use fewer workers"
        }
        Some(libc::EAGAIN) => {
            "; raise the limit on processes with `ulimit -u` or use fewer workers"
        }
        Some(libc::EACCES) => "; make the file executable with `chmod +x`",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_of_descriptors_comes_with_its_remedy() {
        let error = StartError::from(io::Error::from_raw_os_error(libc::EMFILE));
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }
}
