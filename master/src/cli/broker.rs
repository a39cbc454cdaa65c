//! The options of a NATS server: where it is, and how it lets us in.

use std::{env, ffi::OsStr, path::PathBuf, time::Duration};

use anyhow::bail;
use brigade::cluster::{Broker, Cluster, JobName};
use clap::Args;

use super::duration;

// No doc comments on these: clap would take them for those of the command.
#[derive(Debug, Clone, Default, Args)]
#[expect(
    clippy::struct_field_names,
    reason = "the options are named so, beside those of other things"
)]
#[command(next_help_heading = "NATS options")]
pub(crate) struct Entry {
    /// User and password for the NATS server; others can see them here, but not in the variable
    #[arg(
        long,
        value_name = "USER:PASSWORD",
        env = "BRIGADE_NATS_USER",
        hide_env_values = true
    )]
    nats_user: Option<String>,

    /// Credentials file for the NATS server, as `nsc` writes it
    #[arg(
        long,
        value_name = "FILE",
        env = "BRIGADE_NATS_CREDS",
        hide_env_values = true
    )]
    nats_creds: Option<PathBuf>,

    /// Certificate (PEM) of the authority that signed the NATS server's; only TLS is spoken then
    #[arg(
        long,
        value_name = "FILE",
        env = "BRIGADE_NATS_TLS_CA",
        hide_env_values = true
    )]
    nats_tls_ca: Option<PathBuf>,
}

impl Entry {
    /// An option that the command line itself gives: the environment may have it for other commands.
    fn given(&self) -> Option<&'static str> {
        let is_given = |value: Option<&OsStr>, variable| {
            value.is_some_and(|value| env::var_os(variable).is_none_or(|known| known != *value))
        };
        let (user, creds, authority) = (&self.nats_user, &self.nats_creds, &self.nats_tls_ca);
        let given = [
            (
                is_given(user.as_ref().map(OsStr::new), "BRIGADE_NATS_USER"),
                "--nats-user",
            ),
            (
                is_given(creds.as_ref().map(OsStr::new), "BRIGADE_NATS_CREDS"),
                "--nats-creds",
            ),
            (
                is_given(authority.as_ref().map(OsStr::new), "BRIGADE_NATS_TLS_CA"),
                "--nats-tls-ca",
            ),
        ];
        given
            .iter()
            .find(|(is_given, _)| *is_given)
            .map(|(_, option)| *option)
    }

    /// The server at these addresses, each of which may be a list with commas.
    pub(crate) fn broker(&self, urls: &[String]) -> anyhow::Result<Broker> {
        let urls = urls.iter().flat_map(|urls| urls.split(','));
        let mut broker = Broker::at(urls.map(str::trim).filter(|url| !url.is_empty()))?;
        if let Some(user) = &self.nats_user {
            let Some((name, password)) = user.split_once(':') else {
                bail!("--nats-user (or BRIGADE_NATS_USER) is not of the form USER:PASSWORD");
            };
            broker = broker.user(name, password);
        }
        if let Some(file) = &self.nats_creds {
            broker = broker.credentials(file);
        }
        if let Some(file) = &self.nats_tls_ca {
            broker = broker.tls_authority(file);
        }
        Ok(broker)
    }
}

const REPLICAS: u8 = 1;
const HOST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "NATS options")]
pub(crate) struct OnCluster {
    #[command(flatten)]
    entry: Entry,

    /// How many NATS servers keep each message; three survive the loss of one
    #[arg(long, value_name = "N", default_value_t = REPLICAS, value_parser = clap::value_parser!(u8).range(1..=5))]
    nats_replicas: u8,

    /// How long a host may be silent before its tasks go to others
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    host_timeout: Duration,

    /// Go on with a job whose master has died, by the same command; what is done is not done again
    #[arg(long, value_name = "JOB")]
    resume_job: Option<JobName>,
}

impl Default for OnCluster {
    fn default() -> Self {
        Self {
            entry: Entry::default(),
            nats_replicas: REPLICAS,
            host_timeout: HOST_TIMEOUT,
            resume_job: None,
        }
    }
}

impl OnCluster {
    /// The cluster at these addresses.
    pub(crate) fn cluster(&self, urls: &[String]) -> anyhow::Result<Cluster> {
        let broker = self.entry.broker(urls)?;
        let broker = broker.replicas(usize::from(self.nats_replicas));
        let cluster = Cluster::on(broker).host_timeout(self.host_timeout);
        Ok(match &self.resume_job {
            Some(job) => cluster.resume(job.clone()),
            None => cluster,
        })
    }

    /// An option that was given and has no effect without a cluster.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [
            (self.resume_job.is_some(), "--resume-job"),
            (self.nats_replicas != REPLICAS, "--nats-replicas"),
            (self.host_timeout != HOST_TIMEOUT, "--host-timeout"),
        ];
        let given = given.iter().find(|(is_given, _)| *is_given);
        given
            .map(|(_, option)| *option)
            .or_else(|| self.entry.given())
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.resume_job.is_some()
    }
}
