//! What can go wrong between this program and the server.

use std::{io, time::Duration};

use super::{names::JobName, publish::whole};

/// Why a cluster cannot be used.
///
/// ```
/// use brigade::cluster::{Broker, ClusterError};
///
/// let error = Broker::at(["http://host"]);
/// assert!(matches!(error, Err(ClusterError::Url { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Not the address of a server.
    #[error(
        "`{url}` is no address of a NATS server: {reason}; expected one such as nats://host:4222"
    )]
    Url {
        /// What was given, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers there.
    #[error(
        "no NATS server answers at {urls}: {reason}; start one with `nats-server -js`, or correct the address"
    )]
    Unreachable {
        /// Where it was looked for.
        urls: String,
        /// What came of it.
        reason: String,
    },
    /// The server does not let us in.
    #[error(
        "the NATS server at {urls} refuses us: {reason}; check --nats-user, --nats-creds or the variables BRIGADE_NATS_USER and BRIGADE_NATS_CREDS"
    )]
    Denied {
        /// Which server.
        urls: String,
        /// What it said.
        reason: String,
    },
    /// No encrypted connection came about.
    #[error(
        "no TLS connection to {urls}: {reason}; name the authority that signed its certificate with --nats-tls-ca"
    )]
    Tls {
        /// Which server.
        urls: String,
        /// Why.
        reason: String,
    },
    /// Credentials or certificates could not be read.
    #[error("cannot read {path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The server keeps no streams.
    #[error(
        "the NATS server at {urls} has no JetStream: {reason}; start it with `nats-server -js`, or allow it for this account"
    )]
    NoJetStream {
        /// Which server.
        urls: String,
        /// What it said.
        reason: String,
    },
    /// The server lacks what is needed.
    #[error(
        "the NATS server at {urls} is of version {version}: 2.9 or later is needed, 2.12 or later is better"
    )]
    TooOld {
        /// Which server.
        urls: String,
        /// What it is.
        version: String,
    },
    /// There is no room.
    #[error(
        "the NATS server has no room {what}: {reason}; give it more (max_file_store in its configuration), or remove old jobs with `master cluster clean`"
    )]
    Full {
        /// For what.
        what: String,
        /// What it said.
        reason: String,
    },
    /// The server did not do something, or not in time.
    #[error("the NATS server did not {what}: {reason}")]
    Refused {
        /// What it should have done.
        what: String,
        /// What it said.
        reason: String,
    },
    /// No answer came.
    #[error("the NATS server did not {what} within {limit:?}")]
    Slow {
        /// What it should have done.
        what: String,
        /// How long it had.
        limit: Duration,
    },
    /// There is no such job.
    #[error(
        "there is no job `{0}` on the NATS server; `master cluster status` lists those that there are"
    )]
    NoJob(JobName),
    /// The job to go on with was begun by another build.
    #[error("job `{job}` cannot be resumed: {reason}")]
    OtherJob {
        /// Which job.
        job: JobName,
        /// Why not.
        reason: String,
    },
    /// A data set is not what it should be.
    #[error("data set {name}: {reason}")]
    Data {
        /// Which.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Something this machine did not give.
    #[error("cannot set up the connection: {0}")]
    Io(#[from] io::Error),
}

/// What a server said, or an error with all its causes.
pub(super) struct Cause(String);

impl<E: std::error::Error + 'static> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(whole(&error))
    }
}

/// Whether a server's answer says that its storage is used up.
pub(super) fn is_full(reason: &str) -> bool {
    [
        "insufficient",
        "exceeded",
        "no space",
        "maximum bytes",
        "resources",
    ]
    .iter()
    .any(|sign| reason.contains(sign))
}

impl ClusterError {
    /// The server said no.
    pub(super) fn refused(what: impl Into<String>, reason: impl Into<Cause>) -> Self {
        let (what, Cause(reason)) = (what.into(), reason.into());
        if is_full(&reason) {
            let what = format!("to {what}");
            return Self::Full { what, reason };
        }
        Self::Refused { what, reason }
    }
}
