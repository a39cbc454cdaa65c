//! What `master serve` can be told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    cli::{duration, some_size},
    listen,
};

/// Show pools, tunes, searches and logs on a page, as they happen
///
/// One page, for browsers with and without scripts, and the same for programs under /api/v1. Only this machine can
/// reach it unless a token is given. On SIGTERM and Ctrl-C, streams of events end, and what runs is cancelled.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8642", value_parser = address)]
    pub(super) listen: SocketAddr,

    /// What clients must know: needed on an address that other machines can reach; 16 bytes at least
    ///
    /// Other users see the command line: better give it in the environment.
    #[arg(
        long,
        value_name = "TEXT",
        env = "BRIGADE_TOKEN",
        hide_env_values = true
    )]
    pub(super) token: Option<String>,

    /// A name by which this server may be called, beside its addresses; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(super) host: Vec<String>,

    /// A file or directory that can be searched; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(super) search: Vec<PathBuf>,

    /// Read files again when they change
    #[arg(long, requires = "search")]
    pub(super) watch: bool,

    /// Collect what Python programs log, as `master logs serve` does, and show the last of it
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = local, requires = "logs_output")]
    pub(super) logs: Option<SocketAddr>,

    /// The file that log lines are added to
    #[arg(long, value_name = "FILE", requires = "logs")]
    pub(super) logs_output: Option<PathBuf>,

    /// How many tunes may run at a time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) max_tunes: u32,

    /// How long a tune may take
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(super) tune_limit: Duration,

    /// How long a tune goes on when nobody watches it any more
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(super) grace: Duration,

    /// The largest table that may be uploaded, such as 500K or 16M
    #[arg(long, value_name = "SIZE", default_value = "16M", value_parser = upload)]
    pub(super) upload_limit: usize,

    /// How long a request may take until it is answered, an upload included; streams of events go on
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(super) request_limit: Duration,

    /// How many clients there may be at a time; others wait
    #[arg(long, value_name = "N", default_value_t = 2048, value_parser = clap::value_parser!(u32).range(8..=65_536))]
    pub(super) max_connections: u32,
}

const EXAMPLES: &str = "\
Examples:
  master serve                                     then open http://127.0.0.1:8642
  master serve --search . --watch                  with a box that searches the files here
  master serve --logs 127.0.0.1:18842 --logs-output app.jsonl
  BRIGADE_TOKEN=$(openssl rand -hex 16) master serve --listen 0.0.0.0:8642 --host box.example
  curl -s 127.0.0.1:8642/api/v1/workers
  curl -s -F table=@wine.csv -F k=1:20 -F keep=yes 127.0.0.1:8642/api/v1/tunes

Exit codes:
  0 done   2 bad usage, or port taken";

impl ServeArgs {
    /// Whether only this machine can reach the page.
    pub(super) fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}

/// Where to listen, as [`listen::address`] has it.
fn address(text: &str) -> Result<SocketAddr, String> {
    listen::address(text, 8_642)
}

/// The same of this machine.
fn local(text: &str) -> Result<SocketAddr, String> {
    let address = address(text)?;
    if address.ip().to_canonical().is_loopback() {
        return Ok(address);
    }
    Err(format!(
        "{address} can be reached from other machines; `master logs serve --remote` listens there"
    ))
}

/// The most that may be asked for: a table takes several times its size in memory.
const LARGEST_UPLOAD: u64 = 1 << 30;

fn upload(text: &str) -> Result<usize, String> {
    let size = some_size(text)?;
    usize::try_from(size)
        .ok()
        .filter(|_| size <= LARGEST_UPLOAD)
        .ok_or_else(|| "expected at most 1G".to_owned())
}
