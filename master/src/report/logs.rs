//! What `master logs serve` tells: lines on standard error, from a thread of their own, so that a terminal that is
//! slow or stopped slows no client.

mod demo;

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

pub(crate) use demo::{DemoReport, Missing};

use super::layout::{printable, time};
use crate::logs::{Event, Output, Tell};

/// Lines that wait for a slow terminal; what is more is left out, and counted.
const WAITING: usize = 4096;

/// How long the last lines may take.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Writes what happens.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    lines: SyncSender<Line>,
    left_out: Arc<AtomicU64>,
    detail: Detail,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detail {
    /// What went wrong
    Trouble,
    /// Also each client, when it has gone
    Clients,
    Everything,
}

#[derive(Debug)]
enum Line {
    Text(String),
    /// Everything before it is written.
    End(SyncSender<()>),
}

impl Journal {
    /// Starts the thread that writes.
    pub(crate) fn start(detail: Detail) -> io::Result<Self> {
        let (lines, inbox) = mpsc::sync_channel(WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&left_out);
        thread::Builder::new()
            .name("journal".into())
            .stack_size(256 << 10)
            .spawn(move || write(&inbox, &count))?;
        Ok(Self {
            lines,
            left_out,
            detail,
        })
    }

    /// What a server is given to tell what happens.
    pub(crate) fn teller(&self) -> Tell {
        let journal = self.clone();
        Arc::new(move |event| {
            if let Some(line) = line(&event, journal.detail) {
                journal.say(line);
            }
        })
    }

    fn say(&self, line: String) {
        if self.lines.try_send(Line::Text(line)).is_err() {
            self.left_out.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn serving(&self, address: SocketAddr) {
        self.say(format!("Serving on {}", shown(address)));
    }

    pub(crate) fn warn(&self, warning: &str) {
        self.say(format!("warning: {warning}"));
    }

    pub(crate) fn draining(&self) {
        self.say("taking in what has arrived; once more to end at once".into());
    }

    pub(crate) fn torn_tail(&self, output: &Output) {
        let (Some(path), bytes) = (output.path(), output.torn_tail()) else {
            return;
        };
        self.warn(&format!(
            "{} ended in the middle of a line: its {bytes} bytes were set apart",
            path.display()
        ));
    }

    pub(crate) fn unwritten(&self, records: u64) {
        self.say(format!("error: {records} records could not be written"));
    }

    /// Waits until all is written, unless nobody reads it.
    pub(crate) fn finish(&self) {
        let (done, written) = mpsc::sync_channel(1);
        if self.lines.try_send(Line::End(done)).is_ok() {
            let _ = written.recv_timeout(LAST_WORDS);
        }
    }
}

fn write(inbox: &Receiver<Line>, left_out: &AtomicU64) {
    for line in inbox {
        match line {
            // Standard error may be closed.
            Line::Text(line) => drop(writeln!(io::stderr().lock(), "{line}")),
            Line::End(done) => drop(done.try_send(())),
        }
        let count = left_out.swap(0, Relaxed);
        if count > 0 {
            let _ = writeln!(io::stderr().lock(), "({count} lines left out here)");
        }
    }
}

/// An address as Python shows it.
fn shown(address: SocketAddr) -> String {
    format!("('{}', {})", address.ip().to_canonical(), address.port())
}

/// What an event looks like; nothing if it is only for those who asked for everything.
#[expect(clippy::match_same_arms, reason = "the first arm that fits counts")]
fn line(event: &Event, detail: Detail) -> Option<String> {
    let is_verbose = detail == Detail::Everything;
    Some(match event {
        Event::Came(peer) if is_verbose => format!("{} connected", shown(*peer)),
        Event::Came(_) => return None,
        Event::Ended { peer, lines } if is_verbose || *lines > 0 && detail == Detail::Clients => {
            let word = if *lines == 1 { "line" } else { "lines" };
            format!("From {}: {lines} {word}", shown(*peer))
        }
        Event::Ended { .. } => return None,
        Event::Refused { peer, why, goes_on } => {
            let then = if *goes_on {
                "left out"
            } else {
                "connection closed"
            };
            let why = printable(&why.to_string());
            format!("warning: {}: {why}; {then}", shown(*peer))
        }
        Event::TurnedAway { peer, why } => {
            format!("warning: {} turned away: {}", shown(*peer), printable(why))
        }
        Event::Full(connections) => {
            format!("warning: {connections} clients are here; others wait (--max-connections)")
        }
        Event::CannotAccept(why) => format!("warning: cannot accept connections: {why}"),
        Event::Stuck { why } => {
            format!("error: cannot write: {why}; nothing is lost, clients wait, it is tried again")
        }
        Event::Unstuck { after } => format!("writing goes on, after {}", time(*after)),
        Event::Rotated(path) if is_verbose => format!("rotated: {}", path.display()),
        Event::Rotated(_) => return None,
        Event::Reopened(path) => format!("opened {} anew", path.display()),
        Event::FileTrouble(what) => format!("warning: {what}"),
        Event::Counters(counts) => serde_json::to_string(counts).ok()?,
    })
}
