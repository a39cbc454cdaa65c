//! One HTTP client for all zones: whom it trusts, where it may be sent to, how much it takes.

use std::sync::Arc;

use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::{failure::Failure, fetch::Limits};

/// How often an answer may be that the text is elsewhere.
const MOST_REDIRECTS: usize = 5;

/// What the server is told about who asks.
const AGENT: &str = concat!("brigade-master/", env!("CARGO_PKG_VERSION"));

/// What is wrong with the address of the forecasts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BaseError {
    #[error("expected an address such as https://host/folder: {0}")]
    NotAnAddress(String),
    #[error("expected an address that begins with http:// or https://")]
    Scheme,
    #[error("expected an address without a user name, a password, `?` or `#`")]
    Extras,
}

/// The folder that holds the forecasts.
pub(super) fn base(text: &str) -> Result<Url, BaseError> {
    let mut url = Url::parse(text).map_err(|error| BaseError::NotAnAddress(error.to_string()))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(BaseError::Scheme);
    }
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !is_plain || url.query().is_some() || url.fragment().is_some() {
        return Err(BaseError::Extras);
    }
    // What is joined to it goes below the last slash.
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// A client that keeps to these limits.
pub(super) fn client(base: &Url, limits: Limits) -> Result<Client, Failure> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() && base.scheme() == "https" {
        return Err(Failure::NoCertificates);
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::Other(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(AGENT)
        .timeout(limits.timeout)
        .pool_max_idle_per_host(limits.at_once)
        .redirect(redirect::Policy::custom(follow))
        .build()
        .map_err(|error| Failure::of(&error, limits.timeout))
}

/// Why the client does not go where it is sent.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("more than {MOST_REDIRECTS} redirects, the last to {0}")]
    TooMany(Url),
    #[error("{0} is not encrypted, and this request was")]
    Unencrypted(Url),
}

fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let was_encrypted = attempt.previous().iter().any(|url| url.scheme() == "https");
    let url = attempt.url().clone();
    if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error(Refused::TooMany(url))
    } else if was_encrypted && url.scheme() != "https" {
        attempt.error(Refused::Unencrypted(url))
    } else {
        attempt.follow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forecasts_lie_below_the_address_with_or_without_its_last_slash() {
        for text in [
            "http://[::1]:8080/coastal/an",
            "http://[::1]:8080/coastal/an/",
        ] {
            let url = base(text).unwrap().join("anz531.txt").unwrap();
            assert_eq!(url.as_str(), "http://[::1]:8080/coastal/an/anz531.txt");
        }
        let url = base("https://weather.example").unwrap();
        assert_eq!(url.as_str(), "https://weather.example/");
    }

    #[test]
    fn other_addresses_are_told_what_is_wrong_with_them() {
        for (text, why) in [
            ("weather.example/an", "such as https://host/folder"),
            ("", "such as https://host/folder"),
            ("http://", "such as https://host/folder"),
            ("ftp://weather.example/", "http:// or https://"),
            ("file:///etc/", "http:// or https://"),
            ("http://ada:secret@weather.example/", "without a user name"),
            ("http://weather.example/?a=b", "without a user name"),
            ("http://weather.example/#a", "without a user name"),
        ] {
            let message = base(text).unwrap_err().to_string();
            assert!(message.contains(why), "{text}: {message}");
            assert!(!message.contains("secret"));
        }
    }
}
