//! The streams of one command: pipes, and where their bytes go.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use brigade_protocol::{
    jobs::run::{Captured, Command, Output},
    queue::QueueError,
};
use nix::{errno::Errno, fcntl::OFlag, unistd::pipe2, unistd::read};

use super::{
    capture::Capture,
    launch::WriteEnds,
    lines::{Lines, Stream},
    spool::Spool,
};

/// What reading came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// There may be more.
    Some,
    /// Nothing for now.
    Nothing,
    /// Nobody can write any more.
    End,
}

/// Why bytes could not be passed on.
#[derive(Debug, thiserror::Error)]
pub(super) enum SinkError {
    /// They could not be kept.
    #[error("its output cannot be kept: {0}; TMPDIR names the folder for it")]
    Keep(#[source] io::Error),
    /// They could not be read or sent, which is not the command's affair.
    #[error(transparent)]
    Read(#[from] Errno),
    #[error(transparent)]
    Send(#[from] QueueError),
}

/// One stream.
pub(super) struct Source {
    stream: Stream,
    pipe: Option<OwnedFd>,
    kept: Capture,
    /// The beginning of a line.
    waiting: Vec<u8>,
}

/// Both streams.
pub(super) struct Streams {
    pub(super) sources: [Source; 2],
}

/// What sources pass their bytes on to.
pub(super) struct Sinks<'a> {
    pub(super) command: &'a Command,
    pub(super) spool: &'a mut Spool,
    pub(super) lines: &'a mut Lines,
}

impl Streams {
    /// Pipes for a command, unless it needs none, and the ends that it is to have.
    pub(super) fn open(output: &Output) -> io::Result<(Self, WriteEnds)> {
        let pair = || match output {
            Output::Inherit => Ok((None, None)),
            Output::Keep | Output::Lines(_) => {
                let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
                // Only our end: a command may expect that its own waits.
                nix::fcntl::fcntl(&read, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
                Ok::<_, Errno>((Some(read), Some(write)))
            }
        };
        let ((out, stdout), (error, stderr)) = (pair()?, pair()?);
        let source = |stream, pipe| Source {
            stream,
            pipe,
            kept: Capture::default(),
            waiting: Vec::new(),
        };
        let sources = [source(Stream::Out, out), source(Stream::Error, error)];
        Ok((Self { sources }, WriteEnds { stdout, stderr }))
    }

    pub(super) fn into_captured(self) -> (Captured, Captured) {
        let [out, error] = self.sources.map(|source| source.kept.into_captured());
        (out, error)
    }
}

impl Source {
    pub(super) fn pipe(&self) -> Option<&OwnedFd> {
        self.pipe.as_ref()
    }

    /// Reads once, and passes on what there is.
    pub(super) fn take(
        &mut self,
        scratch: &mut [u8],
        sinks: &mut Sinks,
    ) -> Result<Taken, SinkError> {
        let Some(pipe) = &self.pipe else {
            return Ok(Taken::End);
        };
        match read(pipe.as_fd(), scratch) {
            Ok(0) => {
                self.pipe = None;
                Ok(Taken::End)
            }
            Ok(count) => {
                self.pass(&scratch[..count], sinks)?;
                Ok(if count == scratch.len() {
                    Taken::Some
                } else {
                    Taken::Nothing
                })
            }
            Err(Errno::EINTR) => Ok(Taken::Some),
            Err(Errno::EAGAIN) => Ok(Taken::Nothing),
            Err(errno) => Err(errno.into()),
        }
    }

    fn pass(&mut self, bytes: &[u8], sinks: &mut Sinks) -> Result<(), SinkError> {
        match &sinks.command.output {
            Output::Lines(ticket) => {
                self.waiting.extend_from_slice(bytes);
                let to = (ticket, sinks.command.job);
                Ok(sinks
                    .lines
                    .send(to, self.stream, &mut self.waiting, false)?)
            }
            Output::Keep | Output::Inherit => {
                self.kept.push(bytes, sinks.spool).map_err(SinkError::Keep)
            }
        }
    }

    /// No more will be read.
    pub(super) fn close(&mut self, sinks: &mut Sinks) -> Result<(), SinkError> {
        self.pipe = None;
        if let Output::Lines(ticket) = &sinks.command.output {
            let to = (ticket, sinks.command.job);
            sinks.lines.send(to, self.stream, &mut self.waiting, true)?;
        }
        Ok(())
    }
}
