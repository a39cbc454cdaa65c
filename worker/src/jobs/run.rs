//! Run: starts an external command, takes what it writes, and sees to its end.
//!
//! The command stays in the worker's process group and carries a mark of its own in its environment, so whatever
//! ends the worker ends the command too. Its output comes through pipes, and what is large goes on into a file of
//! the master's that has no name: neither memory nor a directory is left with it.

mod capture;
mod child;
mod launch;
mod lines;
mod programs;
mod sink;
mod spool;
mod watch;

use std::{
    convert::Infallible,
    env,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    time::{Duration, Instant, SystemTime},
};

use brigade_protocol::jobs::run::{Captured, Command, End, NoStart, Output, Ran, RunCommand};

use self::{launch::Launcher, lines::Lines, sink::Streams, spool::Spool};
use crate::{Context, Registry, TaskError};

pub(super) fn register(registry: &mut Registry) {
    registry.register::<RunCommand, _>(|command, context| {
        let runner = context.state(Runner::new).map_err(|never| match never {})?;
        runner.run(&command)
    });
}

/// What a worker keeps between commands.
struct Runner {
    launcher: Launcher,
    spool: Spool,
    lines: Lines,
    /// Where bytes are read to.
    scratch: Vec<u8>,
}

/// Bytes read at a time: as many as a pipe holds.
const SCRATCH_BYTES: usize = 64 << 10;

impl Runner {
    #[expect(clippy::unnecessary_wraps, reason = "a state may fail to be made")]
    fn new(context: &Context) -> Result<Self, Infallible> {
        Ok(Self {
            launcher: Launcher::new(),
            spool: Spool::of(context),
            lines: Lines::default(),
            scratch: vec![0; SCRATCH_BYTES],
        })
    }

    fn run(&mut self, command: &Command) -> Result<Ran, TaskError> {
        let began = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let clock = Instant::now();
        let ran = move |end, stdout, stderr| Ran {
            end,
            began,
            took: clock.elapsed(),
            stdout,
            stderr,
        };
        let ended = match self.start_and_watch(command) {
            Ok((end, stdout, stderr)) => Ok(ran(end, stdout, stderr)),
            Err(Trouble::NotStarted(why)) => Ok(ran(
                End::NotStarted(why),
                Captured::default(),
                Captured::default(),
            )),
            Err(Trouble::Worker(error)) => Err(error),
        };
        if let Output::Lines(ticket) = &command.output {
            self.lines.end(ticket, command.job)?;
        }
        ended
    }

    fn start_and_watch(&mut self, command: &Command) -> Result<(End, Captured, Captured), Trouble> {
        if let Some(directory) = &command.directory {
            enter(OsStr::from_bytes(directory))?;
        }
        let (mut streams, ends) = Streams::open(&command.output).map_err(worker)?;
        let child = self.launcher.launch(command, &ends)?;
        // The command has them now; the end of its output is only seen when nobody else has.
        drop(ends);
        let mut watch = watch::Watch {
            spool: &mut self.spool,
            lines: &mut self.lines,
            scratch: &mut self.scratch,
            command,
        };
        let end = watch.until_end(child, &mut streams).map_err(worker)?;
        let (stdout, stderr) = streams.into_captured();
        Ok((end, stdout, stderr))
    }
}

/// Why there is no end to tell of.
enum Trouble {
    NotStarted(NoStart),
    /// The worker itself lacks something.
    Worker(TaskError),
}

impl From<NoStart> for Trouble {
    fn from(why: NoStart) -> Self {
        Self::NotStarted(why)
    }
}

fn worker(error: impl Into<TaskError>) -> Trouble {
    Trouble::Worker(error.into())
}

/// A worker process runs one command at a time, so its own directory can be that of the command.
fn enter(directory: &OsStr) -> Result<(), NoStart> {
    if env::current_dir().is_ok_and(|current| current == directory) {
        return Ok(());
    }
    env::set_current_dir(directory).map_err(|error| NoStart::Directory(error.to_string()))
}

/// How long a command may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
