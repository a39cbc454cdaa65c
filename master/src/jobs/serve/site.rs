//! What all requests share: the desks, and the numbers about them.

use std::{
    fs,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use axum::body::Bytes;
use tokio::sync::{Semaphore, watch};

use super::{
    activity::Activity,
    log::{LogSource, LogView},
    searches::Searches,
    tunes::Tunes,
};
use crate::{
    report::serve::Meters,
    web::{ServerControl, Token, Traffic},
};

/// Tables that may be read or planned at a time.
pub(super) const UPLOADS: usize = 2;

/// Everything that a route may need.
pub(crate) struct Site {
    pub(super) tunes: Arc<Tunes>,
    pub(super) searches: Arc<Searches>,
    pub(super) activity: watch::Receiver<Arc<Activity>>,
    pub(super) frames: watch::Receiver<Bytes>,
    pub(super) logs: Option<LogSource>,
    pub(super) control: ServerControl,
    pub(super) traffic: Arc<Traffic>,
    pub(super) uploads: Semaphore,
    pub(super) upload_limit: usize,
    /// Streams of events that there may be, so that others find a place as well.
    pub(super) most_streams: u64,
    /// The token that a login must show, if there is one.
    pub(super) token: Option<Arc<Token>>,
}

impl Site {
    pub(super) fn log_view(&self) -> Option<LogView> {
        self.logs.as_ref().map(LogSource::view)
    }

    pub(super) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity.borrow())
    }

    /// All numbers of now.
    pub(super) fn meters(&self) -> Meters {
        let traffic = &self.traffic;
        Meters {
            activity: self.activity(),
            answers: traffic.answers().collect(),
            connections: traffic.connections.load(Relaxed),
            open: traffic.open.load(Relaxed),
            streams: traffic.streams.load(Relaxed),
            tunes_begun: self.tunes.begun.load(Relaxed),
            tunes_running: self.tunes.running(),
            tasks_done: self.tunes.done.load(Relaxed),
            tasks_open: self.tunes.open_tasks(),
            searches: self.searches.asked.load(Relaxed),
            logs: self.log_view().map(|view| view.counts),
            resident_bytes: resident_bytes(),
        }
    }
}

/// The memory of this process.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}
