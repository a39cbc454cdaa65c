//! The file that takes large output: without a name, so that nothing is left whatever happens. Workers append to it,
//! the master reads, and gives the room back at once.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
};

use brigade_protocol::jobs::run::{Captured, Extent};
use nix::fcntl::{FallocateFlags, OFlag, fallocate};

/// Bytes read at a time.
const PIECE: usize = 256 << 10;

/// The spool, if there could be one.
#[derive(Debug)]
pub(crate) struct Spool(Option<File>);

impl Spool {
    /// A new one, in the folder for temporary files.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Some(tempfile::tempfile()?)))
    }

    /// None at all: all output is kept in memory.
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn file(&self) -> Option<&File> {
        self.0.as_ref()
    }

    /// Calls `take` with what was captured, piece by piece.
    pub(crate) fn read(
        &self,
        captured: &Captured,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        for extent in &captured.spooled {
            let file = self.0.as_ref().ok_or(io::ErrorKind::NotFound)?;
            buffer.resize(PIECE, 0);
            let (mut at, end) = (extent.offset, extent.offset.saturating_add(extent.bytes));
            while at < end {
                let room = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
                let count = file.read_at(&mut buffer[..room], at)?;
                if count == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                take(&buffer[..count])?;
                at += count as u64;
            }
        }
        take(&captured.tail)
    }

    /// Gives the room back that output has taken. Where a file system cannot, it comes back at the end.
    pub(super) fn release(&self, captured: &Captured) {
        let Some(file) = &self.0 else { return };
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        for Extent { offset, bytes } in &captured.spooled {
            if let (Ok(offset), Ok(bytes)) = (i64::try_from(*offset), i64::try_from(*bytes)) {
                let _ = fallocate(file, flags, offset, bytes);
            }
        }
    }

    /// Moves what is in memory into the file.
    pub(super) fn put_away(&self, captured: &mut Captured) -> io::Result<()> {
        let Some(file) = &self.0 else { return Ok(()) };
        // Opened anew, so that it appends as the workers do.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let flags = OFlag::O_CLOEXEC.bits();
        let mut end = OpenOptions::new()
            .append(true)
            .custom_flags(flags)
            .open(path)?;
        let mut rest = &captured.tail[..];
        while !rest.is_empty() {
            let count = end.write(rest)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[count..];
            let (count, position) = (count as u64, io::Seek::stream_position(&mut end)?);
            let offset = position.saturating_sub(count);
            captured.spooled.push(Extent {
                offset,
                bytes: count,
            });
        }
        captured.tail = Vec::new().into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn text(spool: &Spool, captured: &Captured) -> Vec<u8> {
        let mut all = Vec::new();
        let read = spool.read(captured, |piece| {
            all.extend_from_slice(piece);
            Ok(())
        });
        read.unwrap();
        all
    }

    #[test]
    fn what_is_put_away_comes_back_and_its_room_too() {
        let spool = Spool::new().unwrap();
        let mut captured = Captured {
            tail: b"first ".to_vec().into(),
            ..Captured::default()
        };
        spool.put_away(&mut captured).unwrap();
        let mut other = Captured {
            tail: vec![b'x'; 3 * PIECE].into(),
            ..Captured::default()
        };
        spool.put_away(&mut other).unwrap();
        captured.tail = b"second ".to_vec().into();
        spool.put_away(&mut captured).unwrap();
        captured.tail = b"third".to_vec().into();
        assert_eq!(text(&spool, &captured), b"first second third");
        assert_eq!(text(&spool, &other).len(), 3 * PIECE);
        let blocks = || spool.file().unwrap().metadata().unwrap().blocks();
        let before = blocks();
        spool.release(&other);
        assert!(blocks() < before, "{before} {}", blocks());
        assert_eq!(text(&spool, &captured), b"first second third");
    }

    #[test]
    fn what_a_worker_says_about_places_that_are_not_there_is_an_error() {
        let spool = Spool::new().unwrap();
        let spooled = vec![Extent {
            offset: u64::MAX - 1,
            bytes: 5,
        }];
        let captured = Captured {
            spooled,
            ..Captured::default()
        };
        assert!(spool.read(&captured, |_| Ok(())).is_err());
        assert!(Spool::none().read(&captured, |_| Ok(())).is_err());
    }
}
