//! Why there is no forecast, and whether another try could help.

use std::{error::Error, io, time::Duration};

use reqwest::StatusCode;

use super::forecast::NoForecast;

/// Why a zone has no forecast. Messages name what to do where something can be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no answer within {limit:?}: --timeout gives it more time")]
    Timeout { limit: Duration },
    #[error("not done within {limit:?}: --total-timeout gives all zones together more time")]
    OutOfTime { limit: Duration },
    #[error("cannot connect: {why}")]
    Connect { why: String },
    #[error("the server cannot be trusted: {why}")]
    Certificate { why: String },
    #[error(
        "this system has no trusted certificates to know the server by: install the package ca-certificates, or name \
         a file of them in SSL_CERT_FILE"
    )]
    NoCertificates,
    #[error("the connection broke before all of the answer was there: {why}")]
    Broken { why: String },
    #[error("the server answers {status}")]
    Status {
        status: StatusCode,
        /// What the server asks for.
        retry_after: Option<Duration>,
    },
    #[error("the server answers {status}: is there such a zone, and is --base-url right?")]
    NotFound { status: StatusCode },
    #[error("the server answers {status} and asks to come back in {}", seconds(.after))]
    ComeBack { status: StatusCode, after: Duration },
    #[error("the server sends on and on to other addresses: {why}")]
    Redirect { why: String },
    #[error("the answer is larger than {limit} bytes: --max-size allows more")]
    TooLarge { limit: u64 },
    #[error(transparent)]
    NoForecast(#[from] NoForecast),
    #[error("{0}")]
    Other(String),
}

fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs())
}

impl Failure {
    /// What went wrong in a request, or in reading its answer.
    pub(super) fn of(error: &reqwest::Error, limit: Duration) -> Self {
        let why = root(error);
        if let Some(tls) = find::<rustls::Error>(error) {
            return Self::of_tls(tls);
        }
        if error.is_timeout() {
            Self::Timeout { limit }
        } else if error.is_redirect() {
            Self::Redirect { why }
        } else if error.is_connect() {
            Self::Connect { why }
        } else if error.is_builder() {
            Self::Other(why)
        } else {
            Self::Broken { why }
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        let why = error.to_string();
        match error {
            rustls::Error::InvalidCertificate(_) => Self::Certificate { why },
            _ => Self::Connect { why },
        }
    }

    /// Whether another try could end otherwise: what passes by itself, and nothing that is a decision.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Connect { .. } | Self::Broken { .. } => true,
            Self::Status { status, .. } => {
                let is_refusal = [
                    StatusCode::NOT_IMPLEMENTED,
                    StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                ]
                .contains(status);
                let is_for_now =
                    [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(status);
                status.is_server_error() && !is_refusal || is_for_now
            }
            _ => false,
        }
    }

    /// How long the server asks to wait.
    pub(super) fn asked(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// What lies at the bottom of an error: the layers above it only say that they failed.
fn root(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(below) = below(deepest) {
        deepest = below;
    }
    deepest.to_string()
}

/// The error of a certain type that lies somewhere below.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = below(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = below(error);
    }
    None
}

/// The next error below. One inside an `io::Error` passes itself over as its source.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(inner) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return Some(inner);
    }
    error.source()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        let status = |code| Failure::Status {
            status: StatusCode::from_u16(code).unwrap(),
            retry_after: None,
        };
        for code in [408, 429, 500, 502, 503, 504, 599] {
            assert!(status(code).may_pass(), "{code}");
        }
        for code in [204, 304, 400, 403, 404, 410, 501, 505] {
            assert!(!status(code).may_pass(), "{code}");
        }
        let why = || "x".to_owned();
        assert!(Failure::Connect { why: why() }.may_pass());
        assert!(Failure::Broken { why: why() }.may_pass());
        assert!(!Failure::Certificate { why: why() }.may_pass());
        assert!(!Failure::Redirect { why: why() }.may_pass());
        assert!(!Failure::TooLarge { limit: 1 }.may_pass());
        assert!(!Failure::NoForecast(NoForecast::Empty).may_pass());
    }

    #[test]
    fn errors_are_looked_for_behind_those_of_the_system() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let wrapped = io::Error::other(io::Error::other(tls.clone()));
        assert_eq!(find::<rustls::Error>(&wrapped), Some(&tls));
        assert_eq!(root(&wrapped), tls.to_string());
        assert!(!Failure::of_tls(&tls).may_pass());
    }
}
