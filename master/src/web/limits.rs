//! What one client, or all of them together, may take.

use std::time::Duration;

/// Limits of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many connections there may be at a time; others wait to be accepted.
    pub(crate) connections: u32,
    /// How long a request may take until its headers are there, and a connection may wait for its next request.
    pub(crate) headers: Duration,
    /// How long a request may take from its headers to its answer, its body included; a stream of events goes on.
    pub(crate) request: Duration,
    /// How long a client may take nothing of what it asked for.
    pub(crate) write: Duration,
    /// How long connections may take to end once the end was asked for.
    pub(crate) drain: Duration,
}

/// Bytes of a request's line and headers together, and how many headers there may be.
pub(super) const HEAD_BYTES: usize = 16 << 10;
pub(super) const HEADERS: usize = 64;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 2048,
            headers: Duration::from_secs(10),
            request: Duration::from_secs(30),
            write: Duration::from_secs(10),
            drain: Duration::from_secs(3),
        }
    }
}
