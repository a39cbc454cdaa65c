//! What a server tells: typed, for somebody else to show.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::{counters::Counts, frame::FrameError, pickle::PickleError};

/// What happens while a server runs.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A client was accepted.
    Came(SocketAddr),
    /// A client has gone, or was sent away, after so many lines.
    Ended { peer: SocketAddr, lines: u64 },
    /// A record was refused, and with it what the client had more to say, unless that is told otherwise.
    Refused {
        peer: SocketAddr,
        why: Refusal,
        goes_on: bool,
    },
    /// A client was closed unheard.
    TurnedAway { peer: SocketAddr, why: String },
    /// As many clients as may be are there; the others wait.
    Full(usize),
    /// New connections cannot be accepted for now.
    CannotAccept(String),
    /// Nothing can be written for now; what was taken in is kept, and nothing more is read.
    Stuck { why: String },
    /// Writing goes on.
    Unstuck { after: Duration },
    /// The file was closed and another begun under its name.
    Rotated(PathBuf),
    /// The file was opened anew.
    Reopened(PathBuf),
    /// Something about the file did not work; writing goes on where it was.
    FileTrouble(String),
    /// Somebody asked for the counters.
    Counters(Counts),
}

/// Why a client is not listened to any longer, or a record is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Pickle(#[from] PickleError),
    #[error("half a record after {} s: {have} of {whole} bytes", limit.as_secs_f64())]
    HalfRecord {
        have: usize,
        whole: usize,
        limit: Duration,
    },
    #[error("nothing sent for {} s", .0.as_secs_f64())]
    Idle(Duration),
    #[error("it ended in the middle of a record: {have} of {whole} bytes")]
    Torn { have: usize, whole: usize },
    #[error("{0}")]
    Broken(String),
}
