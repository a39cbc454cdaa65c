//! `master logs serve`: from arguments to a server, and from signals to its end.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::args::{LineFormat, OnRefused, ServeArgs};
use crate::{
    cli::{
        Done,
        signals::{self, Signal},
    },
    logs::{
        Allow, Config, Destination, Form, Limits, Output, Rotation, Server, Template, Written,
        acceptor,
    },
    report::logs::{Detail, Journal},
};

/// Descriptors beside those of clients.
const OTHER_DESCRIPTORS: u64 = 64;

/// Serves until it is told to end.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<Done> {
    check(args)?;
    let detail = if args.verbose {
        Detail::Everything
    } else {
        Detail::Clients
    };
    let journal = Journal::start(detail).context(
        "cannot start a thread for messages; the limit of processes (ulimit -u) may be reached",
    )?;
    let limits = limits(args, &journal);
    let output = open(&args.output, &journal)?;
    let is_stdout = output.path().is_none();
    let config = Config {
        listen: args.listen,
        allow: Allow::new(args.allow.clone()),
        tls: match (&args.tls_cert, &args.tls_key) {
            (Some(certificates), Some(key)) => Some(acceptor(certificates, key)?),
            _ => None,
        },
        limits,
        form: form(args)?,
        skips: args.on_refused == OnRefused::Skip,
        output,
        fsync: args.fsync,
        rotation: rotation(args),
        tail: None,
        tell: journal.teller(),
    };
    let server = Server::start(config)?;
    obey_signals(&server, &journal);
    journal.serving(server.address());
    let written = server.wait();
    if written.unwritten > 0 && !written.is_closed {
        journal.unwritten(written.unwritten);
    }
    journal.finish();
    end(written, is_stdout)
}

/// What was asked for that cannot be, or should not be without being meant.
fn check(args: &ServeArgs) -> anyhow::Result<()> {
    let is_local = args.listen.ip().to_canonical().is_loopback();
    if !is_local && !args.remote {
        bail!(
            "{} can be reached from other machines, and whoever reaches it can write to the log: \
             add --remote if that is meant, with --allow and --tls-cert to narrow it",
            args.listen
        );
    }
    Ok(())
}

fn warning(args: &ServeArgs) -> Option<String> {
    let is_local = args.listen.ip().to_canonical().is_loopback();
    let (is_open, is_plain) = (args.allow.is_empty(), args.tls_cert.is_none());
    let what = match (is_open, is_plain) {
        _ if is_local => return None,
        (true, true) => {
            "anybody who reaches it can write to the log, and records travel readable; see --allow and --tls-cert"
        }
        (true, false) => "anybody who reaches it can write to the log; see --allow",
        (false, true) => "records travel readable; see --tls-cert",
        (false, false) => return None,
    };
    Some(format!("{} is open to other machines: {what}", args.listen))
}

fn form(args: &ServeArgs) -> anyhow::Result<Form> {
    Ok(match args.format {
        LineFormat::Jsonl => Form::Json,
        LineFormat::Text => Form::Text(Template::parse(&args.template).context("--template")?),
    })
}

fn rotation(args: &ServeArgs) -> Option<Rotation> {
    let is_wanted = args.rotate_size.is_some() || args.rotate_every.is_some();
    is_wanted.then(|| Rotation::new(args.rotate_size, args.rotate_every, args.keep))
}

/// The limits, as far as this process may have descriptors for so many clients.
fn limits(args: &ServeArgs, journal: &Journal) -> Limits {
    if let Some(warning) = warning(args) {
        journal.warn(&warning);
    }
    let asked = args.max_connections;
    let connections = descriptors(u64::from(asked) + OTHER_DESCRIPTORS)
        .saturating_sub(OTHER_DESCRIPTORS)
        .clamp(1, u64::from(asked));
    if connections < u64::from(asked) {
        journal.warn(&format!(
            "{connections} clients at a time instead of {asked}: this process may have no more descriptors (ulimit -Hn)"
        ));
    }
    Limits {
        record: args.record_limit,
        half_record: args.half_record_limit,
        idle: args.idle_limit,
        connections: usize::try_from(connections).unwrap_or(usize::MAX),
        drain: args.drain_limit,
    }
}

/// Raises the number of descriptors that this process may have to `wanted`, as far as it may; returns what it is.
pub(crate) fn descriptors(wanted: u64) -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return wanted;
    };
    let raised = wanted.min(hard);
    if raised > soft && setrlimit(Resource::RLIMIT_NOFILE, raised, hard).is_ok() {
        return raised;
    }
    soft.max(raised.min(soft))
}

fn open(output: &Path, journal: &Journal) -> anyhow::Result<Output> {
    let destination = if output == Path::new("-") {
        Destination::StandardOutput
    } else {
        Destination::File(output.to_owned())
    };
    let output = Output::open(&destination)?;
    if output.torn_tail() > 0 {
        journal.torn_tail(&output);
    }
    Ok(output)
}

/// SIGTERM and Ctrl-C end the server in good order, and the second one at once; SIGHUP opens the file anew.
fn obey_signals(server: &Server, journal: &Journal) {
    let control = server.control();
    let journal = journal.clone();
    let mut was_asked = false;
    signals::divert(move |signal| {
        if signal == Signal::SIGHUP {
            control.reopen();
            return true;
        }
        if was_asked {
            return false;
        }
        was_asked = true;
        journal.draining();
        control.stop();
        true
    });
}

fn end(written: Written, is_stdout: bool) -> anyhow::Result<Done> {
    if !is_stdout {
        // The file has it as its last line.
        let mut out = io::stdout().lock();
        writeln!(out, "{{\"lines_collected\": {}}}", written.lines)
            .and_then(|()| out.flush())
            .context("cannot write to standard output")?;
    }
    Ok(if written.unwritten > 0 && !written.is_closed {
        Done::InPart
    } else {
        Done::Well
    })
}
