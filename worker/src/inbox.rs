//! Messages from the master, read as they are wanted.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
    sync::Arc,
};

use brigade_protocol::frame::{Decoder, FrameError};

/// Why no further message can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InboxError {
    #[error("cannot read from the master: {0}")]
    Read(#[from] io::Error),
    #[error("the master sent nonsense: {0}")]
    Frame(#[from] FrameError),
}

/// The reading end of the task pipe.
#[derive(Debug)]
pub(crate) struct Inbox {
    pipe: Arc<File>,
    decoder: Decoder,
}

impl Inbox {
    pub(crate) fn new(pipe: OwnedFd) -> Self {
        Self {
            pipe: Arc::new(File::from(pipe)),
            decoder: Decoder::default(),
        }
    }

    /// A message that has already arrived in this process, if any.
    pub(crate) fn buffered(&mut self) -> Result<Option<&[u8]>, InboxError> {
        Ok(self.decoder.next_frame()?)
    }

    /// Waits for more bytes; `false` at the end of the pipe, when the master has closed it or is gone.
    pub(crate) fn wait(&mut self) -> Result<bool, InboxError> {
        loop {
            match (&*self.pipe).read(self.decoder.spare()) {
                Ok(count) => {
                    self.decoder.advance(count);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next message, waited for; `None` at the end of the pipe.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, InboxError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(Some(frame.to_vec()));
            }
            if !self.wait()? {
                return Ok(None);
            }
        }
    }

    /// The pipe itself, for the lifeline to watch.
    pub(crate) fn pipe(&self) -> Arc<File> {
        Arc::clone(&self.pipe)
    }
}
