//! One worker process as the master's loop sees it: its pipes with their buffers, and the handshake.

use std::{
    io::{self, Read, Write},
    time::Instant,
};

use brigade_protocol::{
    FromWorker, Hello, PART_BYTES, Start, ToWorker, codec,
    frame::{self, Decoder},
};

use super::{outcome::Payload, spawn::Spawned};

/// So much may wait for a full pipe before the worker is given no further tasks.
const CONGESTED_BYTES: usize = 256 << 10;

/// At this many bytes tasks are written without waiting for more.
const FLUSH_BYTES: usize = 16 << 10;

/// A worker with fewer tasks than this is sent the next one at once.
const BUSY_TASKS: usize = 2;

/// How far the handshake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The worker has not introduced itself.
    Greeting,
    /// It has, and prepares for work.
    Preparing,
    /// It takes tasks.
    Serving,
}

/// What a worker said.
#[derive(Debug)]
pub(crate) enum Said<'a> {
    Hello(Hello),
    Ready,
    Refused(String),
    /// A result; what follows the header is the encoded output.
    Result(FromWorker, &'a [u8]),
    /// Results of a chunk's tasks, the first of them this one; their encoded outputs follow.
    Items {
        sequence: u64,
        first: u32,
        outputs: &'a [u8],
    },
    /// A piece of a result.
    Part,
    /// The output of a task that came in pieces.
    Assembled(FromWorker, Vec<u8>),
}

/// What reading from a worker came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// There may be more.
    Some,
    /// Nothing more for now.
    Nothing,
    /// The worker has closed its end.
    End,
}

/// A worker process and what is on its way to and from it.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) process: Spawned,
    /// Tells this process apart from earlier ones in the same slot.
    pub(crate) generation: u32,
    pub(crate) stage: Stage,
    /// Why it is being killed, when that is its own fault.
    pub(crate) fault: Option<String>,
    /// Whether what arrives makes no sense any more.
    pub(crate) is_deaf: bool,
    /// Whether it was killed because it did not get ready.
    pub(crate) is_mute: bool,
    pub(crate) since: Instant,
    /// Why it will not work, as it said itself.
    pub(crate) refusal: Option<String>,
    /// The pieces of a result that have come so far.
    parts: Vec<u8>,
    result_limit_bytes: u64,
    decoder: Decoder,
    backlog: Vec<u8>,
    written: usize,
    unsent_tasks: usize,
}

impl Worker {
    pub(crate) fn new(process: Spawned, generation: u32, result_limit_bytes: u64) -> Self {
        Self {
            process,
            generation,
            stage: Stage::Greeting,
            fault: None,
            is_deaf: false,
            is_mute: false,
            since: Instant::now(),
            refusal: None,
            parts: Vec::new(),
            result_limit_bytes,
            decoder: Decoder::default(),
            backlog: Vec::new(),
            written: 0,
            unsent_tasks: 0,
        }
    }

    /// Puts the master's side of the handshake on its way.
    pub(crate) fn greet(&mut self, start: Start) {
        // Neither can fail: both are a few plain fields.
        let _ = frame::append(&mut self.backlog, |out| {
            codec::encode_into(&Hello::of_this_build(Vec::new()), out)
        });
        let _ = frame::append(&mut self.backlog, |out| {
            codec::encode_into(&ToWorker::Start(start), out)
        });
    }

    /// Puts a task on its way, in pieces if its input is large.
    pub(crate) fn enqueue(&mut self, message: &ToWorker, input: &Payload) {
        let mut input = &input[..];
        while input.len() > PART_BYTES {
            let (part, rest) = input.split_at(PART_BYTES);
            input = rest;
            let _ = frame::append(&mut self.backlog, |out| {
                codec::encode_into(&ToWorker::Part, out)?;
                out.extend_from_slice(part);
                Ok(())
            });
        }
        let _ = frame::append(&mut self.backlog, |out| {
            codec::encode_into(message, out)?;
            out.extend_from_slice(input);
            Ok(())
        });
        self.unsent_tasks += 1;
    }

    /// Tells the worker to end after the tasks before this.
    pub(crate) fn dismiss(&mut self) {
        let _ = frame::append(&mut self.backlog, |out| {
            codec::encode_into(&ToWorker::Shutdown, out)
        });
    }

    /// Whether the backlog should be written now, when the worker has `in_flight` tasks.
    ///
    /// A worker that would run dry gets its task at once. For others, the next result brings an occasion to
    /// write what has gathered by then in one go.
    pub(crate) fn should_flush(&self, in_flight: usize) -> bool {
        self.waiting_bytes() >= FLUSH_BYTES || in_flight < self.unsent_tasks + BUSY_TASKS
    }

    /// Writes as much of the backlog as the pipe takes. An error means that the worker is gone.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while self.written < self.backlog.len() {
            match self.process.tasks.write(&self.backlog[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.drop_written();
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.backlog.clear();
        self.backlog.shrink_to(CONGESTED_BYTES);
        self.written = 0;
        self.unsent_tasks = 0;
        Ok(())
    }

    /// Keeps the backlog from growing at its end while its front has long been written.
    fn drop_written(&mut self) {
        if self.written >= self.backlog.len() / 2 {
            self.backlog.drain(..self.written);
            self.written = 0;
        }
    }

    fn waiting_bytes(&self) -> usize {
        self.backlog.len() - self.written
    }

    /// Whether so much waits that further tasks would only cost memory.
    pub(crate) fn is_congested(&self) -> bool {
        self.waiting_bytes() >= CONGESTED_BYTES
    }

    /// Reads once.
    pub(crate) fn hear(&mut self) -> io::Result<Heard> {
        let spare = self.decoder.spare();
        let room = spare.len();
        match self.process.results.read(spare) {
            Ok(0) => Ok(Heard::End),
            Ok(count) => {
                self.decoder.advance(count);
                Ok(if count == room {
                    Heard::Some
                } else {
                    Heard::Nothing
                })
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Heard::Some),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Heard::Nothing),
            Err(error) => Err(error),
        }
    }

    /// The next thing said; an error text when it makes no sense.
    pub(crate) fn next_said(&mut self) -> Result<Option<Said<'_>>, String> {
        let Some(frame) = self.decoder.next_frame().map_err(|e| e.to_string())? else {
            return Ok(None);
        };
        if self.parts.len() as u64 > self.result_limit_bytes {
            return Err("a result above the limit that the worker was given".into());
        }
        interpret(self.stage, frame, &mut self.parts).map(Some)
    }

    /// What the dead worker had finished and not yet sent, to be looked at like what it has sent.
    pub(crate) fn recover_leftover(&mut self) {
        // Half a frame at the end of the pipe is in the outbox as a whole, or is a loss; and noise in the pipe
        // says nothing about the outbox, whose frames are checked like all others.
        self.is_deaf = false;
        self.parts = Vec::new();
        self.decoder = Decoder::default();
        self.decoder.push(&self.process.lane.leftover());
    }
}

fn interpret<'a>(stage: Stage, frame: &'a [u8], parts: &mut Vec<u8>) -> Result<Said<'a>, String> {
    if stage == Stage::Greeting {
        let hello = codec::decode(frame).map_err(|_| "no greeting".to_owned())?;
        return Ok(Said::Hello(hello));
    }
    let (message, rest) = codec::decode_prefix(frame).map_err(|e| format!("a message {e}"))?;
    match (stage, message) {
        (Stage::Preparing, FromWorker::Ready) => Ok(Said::Ready),
        (Stage::Preparing, FromWorker::Refused { reason }) => Ok(Said::Refused(reason)),
        (Stage::Serving, FromWorker::Part { .. }) => {
            parts.extend_from_slice(rest);
            Ok(Said::Part)
        }
        (Stage::Serving, FromWorker::Items { sequence, first }) if parts.is_empty() => {
            Ok(Said::Items {
                sequence,
                first,
                outputs: rest,
            })
        }
        (Stage::Serving, done @ (FromWorker::Done { .. } | FromWorker::Item { .. }))
            if !parts.is_empty() =>
        {
            parts.extend_from_slice(rest);
            Ok(Said::Assembled(done, std::mem::take(parts)))
        }
        (
            Stage::Serving,
            result @ (FromWorker::Done { .. }
            | FromWorker::Failed { .. }
            | FromWorker::Item { .. }
            | FromWorker::ItemFailed { .. }
            | FromWorker::Skipped { .. }),
        ) => Ok(Said::Result(result, rest)),
        (stage, message) => Err(format!("{message:?} while {stage:?}")),
    }
}
