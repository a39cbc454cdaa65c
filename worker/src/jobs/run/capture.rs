//! What is kept of one stream: little in memory, the rest in the spool.

use std::io;

use brigade_protocol::jobs::run::Captured;

use super::spool::Spool;

/// So much is kept in memory and sent with the result.
const MOST_IN_MEMORY: usize = 256 << 10;

#[derive(Default)]
pub(super) struct Capture {
    captured: Captured,
}

impl Capture {
    /// Takes in what has been read.
    pub(super) fn push(&mut self, bytes: &[u8], spool: &mut Spool) -> io::Result<()> {
        let Captured { spooled, tail } = &mut self.captured;
        tail.extend_from_slice(bytes);
        // Without a spool all is kept, up to what the pool takes as a result.
        if tail.len() > MOST_IN_MEMORY && spool.is_there() {
            spool.append(tail, spooled)?;
            tail.clear();
        }
        Ok(())
    }

    pub(super) fn into_captured(self) -> Captured {
        self.captured
    }
}
