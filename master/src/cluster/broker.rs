//! How the server is reached.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, Event as NatsEvent, RequestErrorKind, ServerAddr,
    jetstream,
};
use serde::Deserialize;

use super::{
    error::ClusterError,
    link::{Link, PATIENCE, within},
};

/// A server before this lacks what is needed, and one before that is known to lose and to repeat more.
const OLDEST: (u32, u32) = (2, 9);
const GOOD: (u32, u32) = (2, 12);

/// A NATS server, or the servers of one cluster, and how to be let in.
///
/// ```
/// use brigade::cluster::Broker;
///
/// let broker = Broker::at(["nats://one:4222", "two:4222"])?.user("worker", "secret");
/// assert_eq!(broker.to_string(), "nats://one:4222, nats://two:4222");
/// # Ok::<(), brigade::cluster::ClusterError>(())
/// ```
#[derive(Clone)]
pub struct Broker {
    servers: Vec<ServerAddr>,
    user: Option<(String, String)>,
    credentials: Option<PathBuf>,
    authority: Option<PathBuf>,
    replicas: usize,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({self})")
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, server) in self.servers.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(
                f,
                "{comma}{}://{}:{}",
                server.scheme(),
                server.host(),
                server.port()
            )?;
        }
        Ok(())
    }
}

impl Broker {
    /// The servers at these addresses: `nats://host:4222`, `tls://host:4222`, or `host:4222`.
    ///
    /// # Errors
    /// [`ClusterError::Url`] when one of them is no such address, or when there is none.
    pub fn at<I>(urls: I) -> Result<Self, ClusterError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let servers = urls.into_iter().map(|url| server(url.as_ref()));
        let servers = servers.collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err(ClusterError::Url {
                url: String::new(),
                reason: "there is none".into(),
            });
        }
        Ok(Self {
            servers,
            user: None,
            credentials: None,
            authority: None,
            replicas: 1,
        })
    }

    /// Logs in as this user.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some((name.into(), password.into()));
        self
    }

    /// Logs in with a credentials file, as `nsc` writes it.
    #[must_use]
    pub fn credentials(mut self, file: impl Into<PathBuf>) -> Self {
        self.credentials = Some(file.into());
        self
    }

    /// Trusts the authority whose certificate is in this PEM file, and talks over TLS only.
    #[must_use]
    pub fn tls_authority(mut self, file: impl Into<PathBuf>) -> Self {
        self.authority = Some(file.into());
        self
    }

    /// How many servers keep each stream; three survive the loss of one. The default is one.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = replicas.clamp(1, 5);
        self
    }

    /// Connects, and sees that the server can do what is needed. `observe` is told what becomes of the connection.
    pub(super) async fn connect(
        &self,
        name: &str,
        observe: impl Fn(NatsEvent) + Send + Sync + 'static,
    ) -> Result<Link, ClusterError> {
        let options = self.options(name, observe).await?;
        let connecting = options.connect(self.servers.clone());
        let client = within("answer", 2 * PATIENCE, connecting)
            .await
            .map_err(|error| self.unreachable(&error.to_string()))?
            .map_err(|error| self.why(&error))?;
        let version = client.server_info().version;
        let at_least = |(major, minor)| at_least(&version, major, minor);
        if !at_least(OLDEST) {
            return Err(ClusterError::TooOld {
                urls: self.to_string(),
                version,
            });
        }
        let warning = (!at_least(GOOD)).then(|| {
            format!(
                "the NATS server is of version {version}; from 2.12 on it loses less when it is killed"
            )
        });
        let js = jetstream::new(client.clone());
        self.ask_for_streams(&client).await?;
        Ok(Link {
            client,
            js,
            warning,
            replicas: self.replicas,
        })
    }

    async fn options(
        &self,
        name: &str,
        observe: impl Fn(NatsEvent) + Send + Sync + 'static,
    ) -> Result<ConnectOptions, ClusterError> {
        let observe = Arc::new(observe);
        let mut options = ConnectOptions::new()
            .name(name)
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(Duration::from_secs(5))
            // A server that has ended comes back soon, or there is another one.
            .reconnect_delay_callback(|attempt| Duration::from_millis(100 * attempt.min(20) as u64))
            .event_callback(move |event| {
                let observe = Arc::clone(&observe);
                async move { observe(event) }
            });
        if let Some((user, password)) = &self.user {
            options = options.user_and_password(user.clone(), password.clone());
        }
        if let Some(path) = &self.credentials {
            options = options
                .credentials_file(path)
                .await
                .map_err(|error| ClusterError::File {
                    path: path.display().to_string(),
                    error,
                })?;
        }
        if let Some(path) = &self.authority {
            std::fs::metadata(path).map_err(|error| ClusterError::File {
                path: path.display().to_string(),
                error,
            })?;
            options = options
                .add_root_certificates(path.clone())
                .require_tls(true);
        }
        Ok(options)
    }

    /// Asked in our own words: what servers of 2.9 say of accounts lacks what the client expects.
    async fn ask_for_streams(&self, client: &Client) -> Result<(), ClusterError> {
        let no_jetstream = |reason: String| ClusterError::NoJetStream {
            urls: self.to_string(),
            reason,
        };
        let asked = client.request("$JS.API.INFO", Vec::new().into());
        let answer = match within("describe its account", PATIENCE + PATIENCE / 5, asked).await? {
            Ok(answer) => answer,
            Err(error) if error.kind() == RequestErrorKind::NoResponders => {
                return Err(no_jetstream("it is not enabled".into()));
            }
            Err(error) => return Err(no_jetstream(error.to_string())),
        };
        match serde_json::from_slice(&answer.payload) {
            Ok(Account { error: None }) => Ok(()),
            Ok(Account { error: Some(error) }) => Err(no_jetstream(error.description)),
            Err(error) => Err(no_jetstream(error.to_string())),
        }
    }

    fn unreachable(&self, reason: &str) -> ClusterError {
        ClusterError::Unreachable {
            urls: self.to_string(),
            reason: reason.to_owned(),
        }
    }

    fn why(&self, error: &async_nats::ConnectError) -> ClusterError {
        use std::error::Error;
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            // Some say what is inside already.
            let inner_text = inner.to_string();
            if !reason.contains(&inner_text) {
                reason = format!("{reason}: {inner_text}");
            }
            source = inner.source();
        }
        let urls = self.to_string();
        match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                ClusterError::Denied { urls, reason }
            }
            ConnectErrorKind::Tls => ClusterError::Tls { urls, reason },
            // The client tries all servers and tells the last reason only.
            _ if reason.to_lowercase().contains("authorization") => {
                ClusterError::Denied { urls, reason }
            }
            _ if reason.to_lowercase().contains("certificate") => {
                ClusterError::Tls { urls, reason }
            }
            _ => ClusterError::Unreachable { urls, reason },
        }
    }
}

/// What the server says of our account, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Account {
    error: Option<Complaint>,
}

#[derive(Debug, Deserialize)]
struct Complaint {
    description: String,
}

fn server(url: &str) -> Result<ServerAddr, ClusterError> {
    let shown = url.rsplit('@').next().unwrap_or(url).to_owned();
    let bad = |reason: &str| ClusterError::Url {
        url: shown.clone(),
        reason: reason.to_owned(),
    };
    if let Some((scheme, _)) = url.split_once("://")
        && !["nats", "tls"].contains(&scheme)
    {
        return Err(bad("its scheme is neither nats nor tls"));
    }
    let server: ServerAddr = url
        .parse()
        .map_err(|error: std::io::Error| bad(&error.to_string()))?;
    if server.host().is_empty() {
        return Err(bad("it names no host"));
    }
    Ok(server)
}

/// Whether a version such as `2.9.10` or `2.12.0-beta.1` is this one or a later one.
fn at_least(version: &str, major: u32, minor: u32) -> bool {
    let mut parts = version
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(at_least("2.9.10", 2, 9));
        assert!(at_least("2.12.0-beta.1", 2, 9));
        assert!(at_least("3.0.0", 2, 9));
        assert!(!at_least("2.2.6", 2, 9));
        assert!(!at_least("", 2, 9));
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let error = Broker::at(["http://me:secret@host"])
            .unwrap_err()
            .to_string();
        assert!(!error.contains("secret"), "{error}");
        let broker = Broker::at(["nats://me:secret@host:1"]).unwrap();
        assert_eq!(broker.to_string(), "nats://host:1");
        assert_eq!(
            format!("{:?}", broker.user("a", "b")),
            "Broker(nats://host:1)"
        );
    }
}
