//! What a server has counted since its start.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// Counted by everybody who serves clients, and read at any time.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(super) connections: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) records: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) torn: AtomicU64,
    pub(super) lines: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Connections that were accepted.
    pub(crate) connections: u64,
    /// Those that are there now.
    pub(crate) open: u64,
    /// Records that were taken in.
    pub(crate) records: u64,
    /// Bytes that were read.
    pub(crate) bytes: u64,
    /// Records that were refused, and streams that could not be followed.
    pub(crate) rejected: u64,
    /// Connections that were closed unheard: not allowed, or without TLS.
    pub(crate) turned_away: u64,
    /// Records of which only a part came.
    pub(crate) torn: u64,
    /// Lines that were written.
    pub(crate) lines: u64,
}

impl Counters {
    /// Adds to one of the counters.
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Relaxed);
    }

    /// All of them.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            connections: self.connections.load(Relaxed),
            open: self.open.load(Relaxed),
            records: self.records.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            turned_away: self.turned_away.load(Relaxed),
            torn: self.torn.load(Relaxed),
            lines: self.lines.load(Relaxed),
        }
    }
}
