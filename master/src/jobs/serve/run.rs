//! `master serve`, told from start to end.

use std::{
    io,
    sync::Arc,
    thread::{self, JoinHandle},
};

use anyhow::{Context, bail};
use axum::{Router, body::Bytes};
use tokio::sync::{Semaphore, watch};

use super::{
    ServeArgs,
    activity::{Activity, Lookouts},
    log::Logs,
    routes,
    searches::Searches,
    site::{Site, UPLOADS},
    tunes::{TuneLimits, Tunes},
};
use crate::{
    cli::{Common, Done, signals},
    jobs::{logs::descriptors, search::SearchArgs},
    report::{
        logs::{Detail, Journal},
        serve::problem_page,
    },
    web::{Guard, Hosts, Limits, Server, ServerControl, Token, Traffic, guarded},
};

/// Descriptors beside those of clients: of pools, of their workers, of files.
const OTHER_DESCRIPTORS: u64 = 512;

/// Serves until it is told to end.
pub(crate) fn run(args: &ServeArgs, common: &Common) -> anyhow::Result<Done> {
    let token = token(args)?;
    if let Some(worker) = common.worker_exe()
        && !worker.is_file()
    {
        bail!("{}: there is no such worker executable", worker.display());
    }
    let narrator = common.narrator();
    let journal = Journal::start(Detail::Trouble).context(
        "cannot start a thread for messages; the limit of processes (ulimit -u) may be reached",
    )?;
    let logs = Logs::start(args, journal.teller())?;
    let control = ServerControl::new();
    let tunes = Tunes::new(common.clone(), narrator.clone(), limits_of_tunes(args));
    let searches = Arc::new(Searches::new(&args.search));
    let (activity, activity_seen) = watch::channel(Arc::new(Activity::default()));
    let (frames, frames_seen) = watch::channel(Bytes::from_static(b": nothing yet\n\n"));
    let site = Arc::new(Site {
        tunes: Arc::new(tunes),
        searches: Arc::clone(&searches),
        activity: activity_seen,
        frames: frames_seen,
        logs: logs.as_ref().map(Logs::source),
        control: control.clone(),
        traffic: Arc::new(Traffic::default()),
        uploads: Semaphore::new(UPLOADS),
        upload_limit: args.upload_limit,
        most_streams: u64::from(args.max_connections) * 3 / 4,
        token: token.map(Arc::new),
    });
    let server = start(args, &site)?;
    let searching = if args.search.is_empty() {
        None
    } else {
        let tree = SearchArgs::resident(args.search.clone(), args.watch);
        Some(searches.start(tree, common.clone(), narrator.clone())?)
    };
    let lookouts = Lookouts {
        tunes: Arc::clone(&site.tunes),
        logs: site.logs.clone(),
        activity,
        frames,
    };
    let keeping = keep(&site, lookouts)?;
    obey_signals(&control);
    narrator.say(&format!("Serving on http://{}", server.address()));
    if !args.is_local() {
        narrator
            .say("warning: the token travels readable; put a server with TLS in front of this one");
    }
    end(&site, server, searching, keeping);
    if let Some(logs) = logs {
        let written = logs.stop();
        narrator.say(&format!("{} log lines written", written.lines));
    }
    journal.finish();
    narrator.finish();
    Ok(Done::Well)
}

/// The token, which must be there where other machines can come.
fn token(args: &ServeArgs) -> anyhow::Result<Option<Token>> {
    let Some(token) = &args.token else {
        if args.is_local() {
            return Ok(None);
        }
        bail!(
            "{} can be reached from other machines, and whoever reaches it can use this one: \
             give --token, or BRIGADE_TOKEN in the environment",
            args.listen
        );
    };
    Token::new(token)
        .map(Some)
        .context("--token, or BRIGADE_TOKEN in the environment")
}

fn limits_of_tunes(args: &ServeArgs) -> TuneLimits {
    TuneLimits {
        at_a_time: args.max_tunes as usize,
        time: args.tune_limit,
        grace: args.grace,
    }
}

/// The limits, as far as this process may have descriptors for so many clients.
fn limits(args: &ServeArgs) -> Limits {
    let wanted = u64::from(args.max_connections) + OTHER_DESCRIPTORS;
    let connections = descriptors(wanted).saturating_sub(OTHER_DESCRIPTORS).max(1);
    let defaults = Limits::default();
    Limits {
        connections: args
            .max_connections
            .min(u32::try_from(connections).unwrap_or(u32::MAX)),
        headers: defaults.headers.min(args.request_limit),
        request: args.request_limit,
        ..defaults
    }
}

fn start(args: &ServeArgs, site: &Arc<Site>) -> anyhow::Result<Server> {
    let limits = limits(args);
    let guard = Guard {
        hosts: Hosts::new(args.listen, &args.host),
        token: site.token.clone(),
        is_open: routes::is_open,
        limits,
        traffic: Arc::clone(&site.traffic),
        page: |problem| problem_page(problem).into_string(),
    };
    let routes: Router = guarded(routes::routes(Arc::clone(site)), Arc::new(guard));
    let traffic = Arc::clone(&site.traffic);
    let server = Server::start(args.listen, routes, limits, traffic, site.control.clone())?;
    Ok(server)
}

/// Threads that look after tunes, and at all pools.
fn keep(site: &Arc<Site>, lookouts: Lookouts) -> io::Result<[JoinHandle<()>; 2]> {
    let (tunes, control) = (Arc::clone(&site.tunes), site.control.clone());
    Ok([
        thread::Builder::new()
            .name("keeper".into())
            .spawn(move || tunes.keep())?,
        thread::Builder::new()
            .name("lookout".into())
            .spawn(move || lookouts.watch(&control))?,
    ])
}

/// The first SIGINT, SIGTERM or SIGHUP ends the server in good order, the second one at once.
fn obey_signals(control: &ServerControl) {
    let control = control.clone();
    signals::divert(move |_| {
        let is_first = !control.is_ending();
        control.stop();
        is_first
    });
}

/// Waits until the end is asked for, and until all is over.
fn end(
    site: &Site,
    server: Server,
    searching: Option<JoinHandle<()>>,
    keeping: [JoinHandle<()>; 2],
) {
    server.wait_until_ending();
    // Answers that wait for them are to come before connections end.
    site.tunes.end();
    site.searches.end();
    server.wait();
    for thread in keeping.into_iter().chain(searching) {
        // Whatever befell it, all that can be done now is to end.
        let _ = thread.join();
    }
}
