//! What a worker says on standard error before it is ready: kept, to be quoted if it never is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::fd::{AsFd, BorrowedFd},
};

use nix::sys::memfd::{MFdFlags, memfd_create};

/// How much of it is quoted.
const TAIL_BYTES: u64 = 4096;

/// A worker's log, in memory.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    pub(super) fn create() -> io::Result<Self> {
        let fd = memfd_create(c"brigade-log", MFdFlags::MFD_CLOEXEC)?;
        Ok(Self(File::from(fd)))
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// The end of what was said.
    pub(super) fn tail(&self) -> String {
        let mut bytes = Vec::new();
        let read = || -> io::Result<()> {
            let length = self.0.metadata()?.len();
            let mut file = &self.0;
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
            file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
            Ok(())
        };
        // A log that cannot be read says nothing.
        let _ = { read }();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_end_of_a_long_log_is_quoted() {
        let log = Log::create().unwrap();
        let mut writer = log.0.try_clone().unwrap();
        assert_eq!(log.tail(), "");
        writer.write_all("x".repeat(10_000).as_bytes()).unwrap();
        writer.write_all(b"\nlast line\n").unwrap();
        let tail = log.tail();
        assert!(
            tail.len() < 4096 && tail.ends_with("x\nlast line"),
            "{tail}"
        );
    }
}
