//! Watches a command to its end: takes what it writes, and ends it when its time is over.

use std::{
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use brigade_protocol::jobs::run::{Command, End};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

use super::{
    GRACE,
    child::Child,
    lines::Lines,
    sink::{SinkError, Sinks, Streams, Taken},
    spool::Spool,
};
use crate::TaskError;

/// After its end no more is read than a pipe holds: what a command has left running in the background may go on
/// writing for ever.
const LAST_READS: usize = 17;

pub(super) struct Watch<'a> {
    pub(super) spool: &'a mut Spool,
    pub(super) lines: &'a mut Lines,
    pub(super) scratch: &'a mut [u8],
    pub(super) command: &'a Command,
}

/// How far ending a command before its time has come.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// It may run until then, if there is a limit.
    Runs(Option<Instant>),
    /// It was asked to end, and is killed then.
    Asked(Instant),
    Killed,
}

impl Stage {
    fn due(self) -> Option<Instant> {
        match self {
            Self::Runs(at) => at,
            Self::Asked(at) => Some(at),
            Self::Killed => None,
        }
    }
}

impl Watch<'_> {
    /// Waits for the end of the command, which is not the end of its output: what it has left in the background
    /// may keep that open.
    pub(super) fn until_end(
        &mut self,
        mut child: Child,
        streams: &mut Streams,
    ) -> Result<End, TaskError> {
        let limit = self.command.timeout;
        let mut stage = Stage::Runs(limit.and_then(|limit| Instant::now().checked_add(limit)));
        let mut why = None;
        loop {
            let (has_ended, readable) = wait(&child, streams, stage)?;
            for (source, _) in streams
                .sources
                .iter_mut()
                .zip(readable)
                .filter(|(_, is)| *is)
            {
                let mut sinks = sinks(self.command, self.spool, self.lines);
                match source.take(self.scratch, &mut sinks) {
                    Ok(_) => {}
                    Err(error @ SinkError::Keep(_)) => {
                        why.get_or_insert(End::Unkept(error.to_string()));
                        child.kill();
                        stage = Stage::Killed;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            if has_ended {
                break;
            }
            if stage.due().is_some_and(|at| at <= Instant::now()) {
                why.get_or_insert(End::TimedOut);
                stage = next(stage, &child);
            }
        }
        if let Err(error) = self.take_the_rest(streams)? {
            why.get_or_insert(error);
        }
        if why.is_some() {
            // Of a command that was ended nothing stays, wherever it has gone.
            child.kill_strays();
        }
        let end = child.reap()?;
        Ok(why.unwrap_or(end))
    }

    /// Takes what the command has written before its end; what that makes of it, if it cannot be kept.
    fn take_the_rest(&mut self, streams: &mut Streams) -> Result<Result<(), End>, TaskError> {
        let mut kept = Ok(());
        for source in &mut streams.sources {
            let mut sinks = sinks(self.command, self.spool, self.lines);
            for _ in 0..LAST_READS {
                match source.take(self.scratch, &mut sinks) {
                    Ok(Taken::Some) => {}
                    Ok(Taken::Nothing | Taken::End) => break,
                    Err(error @ SinkError::Keep(_)) => {
                        kept = Err(End::Unkept(error.to_string()));
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            source.close(&mut sinks)?;
        }
        Ok(kept)
    }
}

fn sinks<'a>(command: &'a Command, spool: &'a mut Spool, lines: &'a mut Lines) -> Sinks<'a> {
    Sinks {
        command,
        spool,
        lines,
    }
}

/// What comes after a stage whose time is over.
fn next(stage: Stage, child: &Child) -> Stage {
    match stage {
        Stage::Runs(_) => {
            child.ask_to_end();
            Stage::Asked(Instant::now() + GRACE)
        }
        Stage::Asked(_) | Stage::Killed => {
            child.kill();
            Stage::Killed
        }
    }
}

/// Waits until the command has ended, can be read from, or has run out of time: whether it has ended, and which
/// streams can be read from.
fn wait(child: &Child, streams: &Streams, stage: Stage) -> nix::Result<(bool, [bool; 2])> {
    let timeout = stage.due().map_or(PollTimeout::NONE, |at| {
        let left = at.saturating_duration_since(Instant::now());
        // Rounded up, or the last millisecond would be spent in looking.
        let left = left.saturating_add(Duration::from_micros(999));
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    });
    let pipes = streams.sources.each_ref().map(|source| source.pipe());
    let ended = PollFd::new(child.pidfd(), PollFlags::POLLIN);
    let mut watched = [ended, of_pipe(pipes[0], child), of_pipe(pipes[1], child)];
    match poll(&mut watched, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno),
    }
    let [ended, out, error] = watched.map(|fd| fd.any().unwrap_or(false));
    Ok((
        ended,
        [out && pipes[0].is_some(), error && pipes[1].is_some()],
    ))
}

/// What is to be known of a pipe. The process itself stands in for one that is not there any more, and is not
/// asked for anything.
fn of_pipe<'a>(pipe: Option<&'a OwnedFd>, child: &'a Child) -> PollFd<'a> {
    match pipe {
        Some(pipe) => PollFd::new(pipe.as_fd(), PollFlags::POLLIN),
        None => PollFd::new(child.pidfd(), PollFlags::empty()),
    }
}
