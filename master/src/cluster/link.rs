//! A connection to the server, and how long anything is waited for there.

use std::{fmt, future::Future, time::Duration};

use async_nats::{Client, jetstream::Context};

use super::error::ClusterError;

/// How long one question to the server may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to the server.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) js: Context,
    /// What is to be said of the server.
    pub(super) warning: Option<String>,
    pub(super) replicas: usize,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link")
    }
}

/// Room for a message beside what it carries.
const ENVELOPE: usize = 8 << 10;

impl Link {
    /// The most bytes that a message may carry.
    pub(super) fn max_payload(&self) -> usize {
        self.client
            .server_info()
            .max_payload
            .saturating_sub(ENVELOPE)
            .max(ENVELOPE)
    }
}

/// Waits for an answer, but not for ever.
pub(super) async fn within<F: Future>(
    what: &str,
    limit: Duration,
    answer: F,
) -> Result<F::Output, ClusterError> {
    tokio::time::timeout(limit, answer)
        .await
        .map_err(|_| ClusterError::Slow {
            what: what.to_owned(),
            limit,
        })
}
