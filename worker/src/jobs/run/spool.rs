//! Where output goes that is too large to be sent: the end of a file that the master shares with all workers.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, Write},
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
};

use brigade_protocol::jobs::run::{Extent, SPOOL};

use crate::Context;

/// The spool, if the pool shares one.
pub(super) struct Spool {
    file: Option<File>,
}

impl Spool {
    pub(super) fn of(context: &Context) -> Self {
        // Opened anew: the position of an inherited descriptor is that of every worker.
        let file = context.segment(SPOOL).ok().and_then(|segment| {
            let path = format!("/proc/self/fd/{}", segment.as_raw_fd());
            let flags = nix::libc::O_CLOEXEC;
            OpenOptions::new()
                .append(true)
                .custom_flags(flags)
                .open(path)
                .ok()
        });
        Self { file }
    }

    #[cfg(test)]
    pub(super) fn in_file(file: Option<File>) -> Self {
        Self { file }
    }

    /// Whether there is one.
    pub(super) fn is_there(&self) -> bool {
        self.file.is_some()
    }

    /// Appends bytes, and notes where they are. They may lie in several places: the kernel appends each single
    /// write as a whole behind whatever others have appended.
    pub(super) fn append(&mut self, mut bytes: &[u8], extents: &mut Vec<Extent>) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::Unsupported)?;
        while !bytes.is_empty() {
            let count = match file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            bytes = &bytes[count..];
            let count = count as u64;
            let end = file.stream_position()?;
            note(
                extents,
                Extent {
                    offset: end.saturating_sub(count),
                    bytes: count,
                },
            );
        }
        Ok(())
    }
}

/// Adds an extent, to the last one if it follows that at once.
fn note(extents: &mut Vec<Extent>, new: Extent) {
    match extents.last_mut() {
        Some(last) if last.offset + last.bytes == new.offset => last.bytes += new.bytes,
        _ => extents.push(new),
    }
}
