//! Tells on standard error what happens while a job runs.

use std::{
    collections::HashSet,
    fmt,
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex, PoisonError},
};

use brigade::Event;

use super::{Progress, progress::Fraction};
use crate::report::printable;

/// Tells what happens to the workers, and how far the work is.
#[derive(Debug, Clone)]
pub(crate) struct Narrator {
    is_verbose: bool,
    progress: Progress,
    /// If only a part of the work is told.
    part: Option<Part>,
}

/// What is special where a part of some larger work is told.
#[derive(Clone)]
struct Part {
    ear: Arc<dyn Fn(&Event) + Send + Sync>,
    /// What was said in other parts already.
    said: Arc<Mutex<HashSet<String>>>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").finish_non_exhaustive()
    }
}

impl Narrator {
    pub(crate) fn new(is_verbose: bool, progress: Progress) -> Self {
        Self {
            is_verbose,
            progress,
            part: None,
        }
    }

    /// Says that standard input is waited for, if somebody sits there.
    pub(crate) fn tell_of_terminal(&self, what: &str) {
        if io::stdin().is_terminal() {
            self.say(&format!("reading {what} from the terminal; Ctrl-D ends"));
        }
    }

    /// Tells of a part of the work that is done again and again: the bar stays that of the whole, lines that have been
    /// said in a part before are not said once more, and `ear` hears of every event.
    pub(crate) fn part(&self, ear: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let said = self.part.as_ref().map(|part| Arc::clone(&part.said));
        Self {
            part: Some(Part {
                ear: Arc::new(ear),
                said: said.unwrap_or_default(),
            }),
            ..self.clone()
        }
    }

    /// Tells an event of a pool: starts only if asked to, deaths always.
    pub(crate) fn tell(&self, event: &Event) {
        if let Some(part) = &self.part {
            (part.ear)(event);
        }
        match event {
            Event::WorkerStarted { pid, .. } if self.is_verbose => {
                self.say(&format!("OS PID {pid}"));
            }
            Event::StartFailed { index, pid, how } if self.is_verbose => {
                let number = index + 1;
                self.say(&format!(
                    "warning: worker {number} (pid {pid}) {how} before it was ready"
                ));
            }
            Event::WorkerDied { index, pid, how } => {
                let number = index + 1;
                self.say(&format!(
                    "warning: worker {number} (pid {pid}) {how}; it is being replaced"
                ));
            }
            Event::JobStarted { job } => self.say(&format!(
                "job {job}; should this program die, the same command with --resume-job {job} goes on"
            )),
            Event::Upload { name, done, all } => {
                let fraction = *done as f64 / (*all).max(1) as f64;
                self.progress(fraction, *done, &format!("bytes of {name}"));
            }
            Event::HostJoined { host, slots } if self.is_verbose => {
                self.say(&format!("host {} works with {slots} workers", printable(host)));
            }
            Event::HostLost { host } => {
                let host = printable(host);
                self.say(&format!("warning: host {host} has left or is silent; its tasks go to others"));
            }
            Event::HostRefused { host, reason } => {
                let (host, reason) = (printable(host), printable(reason));
                self.say(&format!("warning: host {host} takes none of these tasks: {reason}"));
            }
            Event::Trouble(what) => self.say(what),
            _ => {}
        }
    }

    /// Says how much of the work is done.
    pub(crate) fn progress(&self, fraction: Fraction, done: u64, what: &str) {
        if self.part.is_none() {
            self.progress.set(fraction, done, what);
        }
    }

    /// Says how much of the work is done, if nobody knows how much there is.
    pub(crate) fn tally(&self, done: u64, what: &str) {
        if self.part.is_none() {
            self.progress.tally(done, what);
        }
    }

    /// The work is over for now, and may begin again.
    pub(crate) fn rest(&self) {
        if self.part.is_none() {
            self.progress.rest();
        }
    }

    /// Writes to standard output without tearing the bar.
    pub(crate) fn beside<W: Write>(&self, out: W) -> Beside<W> {
        Beside {
            progress: self.progress.clone(),
            out,
        }
    }

    /// Prints a line.
    pub(crate) fn say(&self, line: &str) {
        if let Some(part) = &self.part {
            let mut said = part.said.lock().unwrap_or_else(PoisonError::into_inner);
            if !said.insert(line.to_owned()) {
                return;
            }
        }
        self.progress.suspend(|| complain(line));
    }

    /// Whether more is told than what went wrong.
    pub(crate) fn is_verbose(&self) -> bool {
        self.is_verbose
    }

    /// Whether there may be a bar on the terminal.
    pub(crate) fn is_drawing(&self) -> bool {
        self.progress.is_shown()
    }

    /// Prints otherwise than by lines, without tearing the bar.
    pub(crate) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.progress.suspend(print)
    }

    /// The work is over.
    pub(crate) fn finish(&self) {
        if self.part.is_none() {
            self.progress.finish();
        }
    }
}

/// Where results go that may share a terminal with a bar. Whoever writes one line in pieces has a buffer in front.
#[derive(Debug)]
pub(crate) struct Beside<W> {
    progress: Progress,
    out: W,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.progress.suspend(|| self.out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.progress.suspend(|| self.out.flush())
    }
}

/// Prints a line to standard error, which may be closed.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
