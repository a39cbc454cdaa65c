//! Where the work is done, and by what.

use clap::ValueEnum;

/// What does the work on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    /// One process a worker: a task that crashes costs nothing else
    Processes,
    /// Threads of this process: cheaper to start, but a task that crashes takes everything with it
    Threads,
}

/// Where the work is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Here(Backend),
    /// On the hosts that have joined the NATS server at this address.
    Hosts(String),
}

/// Where the work is done, as the command line says it.
pub(super) fn place(text: &str) -> Result<Place, String> {
    match text {
        "processes" => Ok(Place::Here(Backend::Processes)),
        "threads" => Ok(Place::Here(Backend::Threads)),
        url if ["nats://", "tls://"].iter().any(|scheme| url.starts_with(scheme)) => {
            Ok(Place::Hosts(url.to_owned()))
        }
        _ => Err(
            "possible values: processes, threads, or the address of a NATS server such as nats://host:4222"
                .into(),
        ),
    }
}
