//! Results on their way to the master: gathered in the outbox, written together.
//!
//! The serve loop pushes, the lifeline flushes what has waited too long; a mutex lets one at a time.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::OwnedFd,
    sync::{Mutex, MutexGuard, PoisonError},
};

use brigade_protocol::shm::{OUTBOX_BYTES, Outbox};

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
}

impl Sender {
    pub(crate) fn new(pipe: OwnedFd, outbox: Outbox) -> Self {
        Self(Mutex::new(Open {
            pipe: File::from(pipe),
            outbox,
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
        if self.outbox.pending().len() >= FLUSH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.outbox.pending().is_empty()
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
