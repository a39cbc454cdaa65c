//! What `master logs` can be told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::{
    cli::{duration, some_size},
    listen,
    logs::{Fsync, LARGEST_LIMIT, Template, network},
};
use brigade_protocol::jobs::logs::Sorter;

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LineFormat {
    /// One JSON object a line, with every field of the record
    Jsonl,
    /// A line for people, by --template
    Text,
}

/// What becomes of a client whose record is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnRefused {
    /// Its connection is closed
    Close,
    /// Only that record is left out
    Skip,
}

/// Collect the records that Python programs send by logging.handlers.SocketHandler
///
/// Each record becomes one line. Records are read as data and nothing else: one that wants to import or call
/// something is refused. On SIGTERM and Ctrl-C, what has arrived is written, and then how many lines were
/// collected, to the file and to standard output. SIGHUP opens the file anew, SIGUSR1 shows the counters.
#[derive(Debug, Clone, Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:18842", value_parser = address)]
    pub(super) listen: SocketAddr,

    /// Listen on an address that other machines can reach
    #[arg(long)]
    pub(super) remote: bool,

    /// Networks whose members may connect, such as 10.0.0.0/8 [default: everybody who can]
    #[arg(long, value_name = "NET", value_delimiter = ',', value_parser = network)]
    pub(super) allow: Vec<IpNet>,

    /// The file that lines are added to; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(super) output: PathBuf,

    /// What a line looks like
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    pub(super) format: LineFormat,

    /// Lines of --format text: fields in braces, {levelname:8} at least eight letters wide
    #[arg(long, value_name = "TEXT", default_value = Template::DEFAULT)]
    pub(super) template: String,

    /// When lines are made to last through a loss of power
    #[arg(long, value_name = "WHEN", default_value = "interval")]
    pub(super) fsync: Fsync,

    /// Begin a new file when this one would get longer, such as 100M
    #[arg(long, value_name = "SIZE", value_parser = some_size)]
    pub(super) rotate_size: Option<u64>,

    /// Begin a new file when this one is older, such as 24h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) rotate_every: Option<Duration>,

    /// How many older files to keep: FILE.1 is the newest of them
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=9999))]
    pub(super) keep: u32,

    /// What becomes of a client whose record is refused
    #[arg(long, value_name = "WHAT", default_value = "close")]
    pub(super) on_refused: OnRefused,

    /// The longest record
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = record_limit)]
    pub(super) record_limit: usize,

    /// How long a record may take from its first byte to its last
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(super) half_record_limit: Duration,

    /// How long a client may send nothing [default: no limit, as programs may have nothing to say for days]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) idle_limit: Option<Duration>,

    /// How many clients are served at a time; others wait
    #[arg(long, value_name = "N", default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(super) max_connections: u32,

    /// How long to go on reading what clients send after SIGTERM or Ctrl-C
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(super) drain_limit: Duration,

    /// Certificates for TLS, as PEM, the server's own first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,

    /// The private key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,

    /// Say who comes, and when files are rotated
    #[arg(short, long)]
    pub(super) verbose: bool,
}

const SERVE_EXAMPLES: &str = "\
In Python:
  logging.getLogger().addHandler(logging.handlers.SocketHandler('127.0.0.1', 18842))

Examples:
  master logs serve --output app.jsonl --rotate-size 100M --keep 10
  master logs serve | jq -r 'select(.levelno >= 40) | .msg'
  master logs serve --format text --template '{asctime} {process} {levelname}: {message}'
  master logs serve --listen 0.0.0.0:18842 --remote --allow 10.0.0.0/8 --output all.jsonl \\
      --tls-cert chain.pem --tls-key key.pem

Exit codes:
  0 done   2 bad usage, port taken, file not writable   3 some lines could not be written";

/// Programs that sort, and log what they do, all to one server
///
/// Each client is a process that sorts random collections by bogosort or gnome sort and sends a record of each step, as
/// Python's SocketHandler would. At the end, every record is looked for in the server's file.
#[derive(Debug, Clone, Args)]
pub(crate) struct DemoArgs {
    /// How many clients log at the same time, each a process of its own
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(super) clients: u32,

    /// How they sort: bogo takes long, gnome does not
    #[arg(long, value_name = "SORTER", default_value = "gnome", value_parser = sorter)]
    pub(super) sorter: Sorter,

    /// How many collections each client sorts [default: 10 to 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(super) collections: Option<u32>,

    /// A server that runs already [default: one is started]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    pub(super) server: Option<SocketAddr>,

    /// The file of the server: where it writes, or with --server, where to look for the records
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// Which random numbers are sorted
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(super) seed: u64,
}

/// Where to listen, as [`listen::address`] has it.
fn address(text: &str) -> Result<SocketAddr, String> {
    listen::address(text, 18_842)
}

fn record_limit(text: &str) -> Result<usize, String> {
    usize::try_from(some_size(text)?)
        .ok()
        .filter(|size| *size <= LARGEST_LIMIT)
        .ok_or_else(|| format!("expected at most {}M", LARGEST_LIMIT >> 20))
}

fn sorter(text: &str) -> Result<Sorter, String> {
    match text {
        "bogo" => Ok(Sorter::Bogo),
        "gnome" => Ok(Sorter::Gnome),
        _ => Err(format!("expected bogo or gnome, found `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_a_limit() {
        assert!(record_limit("1G").is_err());
    }
}
