//! Logs: clients that sort, and send a log record of each step.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Task;

/// Runs one client, from its connection to its last record.
#[derive(Debug)]
pub struct LogClient;

impl Task for LogClient {
    const KIND: &'static str = "logs.client";
    type Input = ClientInput;
    type Output = Sent;
}

/// How a client sorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sorter {
    /// All permutations, one after another, until one is in order.
    Bogo,
    /// Neighbours that are out of order change places, and the place before is looked at again.
    Gnome,
}

impl Sorter {
    /// The name of its logger, behind the client's.
    #[must_use]
    pub const fn logger(self) -> &'static str {
        match self {
            Self::Bogo => "BogoSort",
            Self::Gnome => "GnomeSort",
        }
    }
}

/// What a client is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInput {
    /// Who collects the records.
    pub server: SocketAddr,
    /// How it sorts.
    pub sorter: Sorter,
    /// How many collections it sorts; 10 to 20 if not given.
    pub collections: Option<u32>,
    /// Which random numbers it sorts.
    pub seed: u64,
}

/// What a client has sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The name of its logger: `app_` and the id of its process.
    pub name: String,
    /// How many records.
    pub records: u64,
    /// How many bytes, lengths included.
    pub bytes: u64,
    /// How many collections it has sorted.
    pub collections: u64,
    /// How many steps that took.
    pub steps: u64,
    /// The sum of the [`fingerprint`]s of its records, modulo 2⁶⁴.
    pub fingerprint: u64,
    /// From its connection to its last record.
    pub took: Duration,
}

/// A number that hardly any other record of a run has, so that a sum of them tells whether all are there.
#[must_use]
pub fn fingerprint(logger: &str, message: &str) -> u64 {
    // FNV-1a, with a byte in between that is in no UTF-8.
    let bytes = logger.bytes().chain([0xff]).chain(message.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_differ_have_different_fingerprints() {
        let one = fingerprint("app_1", "Sorting 3");
        assert_eq!(one, fingerprint("app_1", "Sorting 3"));
        assert_ne!(one, fingerprint("app_1", "Sorting 4"));
        assert_ne!(one, fingerprint("app_1S", "orting 3"));
    }
}
