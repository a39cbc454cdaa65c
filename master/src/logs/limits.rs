//! What one client, or all of them together, may take.

use std::time::Duration;

/// Limits of a server.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The longest record, in bytes.
    pub(crate) record: usize,
    /// How long a record may take from its first byte to its last.
    pub(crate) half_record: Duration,
    /// How long a client may send nothing.
    pub(crate) idle: Option<Duration>,
    /// How many clients are served at a time; others wait to be accepted.
    pub(crate) connections: usize,
    /// How long clients may go on sending what is on its way, once the end was asked for.
    pub(crate) drain: Duration,
}

impl Limits {
    /// The longest line that a record may become.
    pub(crate) fn line(&self) -> usize {
        self.record.saturating_mul(4).max(1 << 20)
    }

    /// How many bytes of large records that are not whole yet are kept at a time, of all clients together.
    pub(crate) fn large(&self) -> usize {
        self.record.saturating_mul(4).max(64 << 20)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            record: 16 << 20,
            half_record: Duration::from_secs(30),
            idle: None,
            connections: 16_384,
            drain: Duration::from_secs(5),
        }
    }
}
