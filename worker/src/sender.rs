//! Results on their way to the master: gathered in the outbox, written together.
//!
//! The serve loop pushes, the lifeline flushes what has waited too long; a mutex lets one at a time.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    sync::{Mutex, MutexGuard, PoisonError},
};

use brigade_protocol::{
    FromWorker, codec,
    shm::{OUTBOX_BYTES, Outbox},
};

/// At this many bytes results are written without waiting for more.
const FLUSH_BYTES: usize = OUTBOX_BYTES / 2;

/// The way to the master, shared by the serve loop and the lifeline.
#[derive(Debug)]
pub(crate) struct Sender(Mutex<Open>);

/// The way to the master while nobody else is on it.
#[derive(Debug)]
pub(crate) struct Open {
    pipe: File,
    outbox: Outbox,
    /// Chunk and number of the task whose output would continue the open frame.
    next_item: (u64, u32),
}

impl Sender {
    pub(crate) fn new(pipe: OwnedFd, outbox: Outbox) -> Self {
        Self(Mutex::new(Open {
            pipe: File::from(pipe),
            outbox,
            next_item: (0, 0),
        }))
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, Open> {
        // Nothing here panics half-way; and a worker that stopped sending would be worse.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Sends frames, at once or with later ones. Fails when the master is gone.
    pub(crate) fn push(&mut self, frames: &[u8]) -> io::Result<()> {
        if !self.outbox.push(frames) {
            self.flush()?;
            if !self.outbox.push(frames) {
                return self.pipe.write_all(frames);
            }
        }
        self.flush_if_full()
    }

    /// Sends the output of task `index` of a chunk, in one frame with those before it. Says `false` when it is too
    /// large for that. Fails when the master is gone.
    pub(crate) fn push_item(
        &mut self,
        sequence: u64,
        index: u32,
        output: &[u8],
    ) -> io::Result<bool> {
        let is_next = self.next_item == (sequence, index);
        self.next_item = (sequence, index + 1);
        let is_added = (is_next && self.outbox.extend_frame(output))
            || self.open_frame(sequence, index, output);
        if !is_added {
            self.flush()?;
            if !self.open_frame(sequence, index, output) {
                return Ok(false);
            }
        }
        self.flush_if_full()?;
        Ok(true)
    }

    fn open_frame(&mut self, sequence: u64, first: u32, output: &[u8]) -> bool {
        let mut header = Vec::with_capacity(16);
        codec::encode_into(&FromWorker::Items { sequence, first }, &mut header).is_ok()
            && self.outbox.open_frame(&header, output)
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.outbox.pending_bytes() >= FLUSH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.outbox.pending_bytes() == 0
    }

    /// Writes all that waits. Blocks while the pipe is full: a slow master slows its workers.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if !self.is_empty() {
            self.pipe.write_all(self.outbox.pending())?;
            self.outbox.clear();
        }
        Ok(())
    }
}
