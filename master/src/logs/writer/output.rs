//! The file that lines go to, and what it may be: a file, standard output, a pipe, a device.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, IoSlice, Read, Seek, SeekFrom, Write},
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    StandardOutput,
    File(PathBuf),
}

/// Why lines cannot go there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open {}: {cause}", path.display())]
    Open { path: PathBuf, cause: io::Error },
    #[error(
        "{} is being written by another process: two would mix their lines; name another with --output",
        .0.display()
    )]
    Busy(PathBuf),
}

impl OpenError {
    fn open(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |cause| Self::Open {
            path: path.to_owned(),
            cause,
        }
    }
}

/// An open destination.
#[derive(Debug)]
pub(crate) struct Output {
    file: File,
    /// Its name, if it has one and can be opened again.
    path: Option<PathBuf>,
    /// Whether it is a file, so that what was written can be cut off again.
    is_regular: bool,
    length: u64,
    /// What was done about a line that somebody had left unfinished, in bytes.
    torn_tail: u64,
}

impl Output {
    pub(crate) fn open(destination: &Destination) -> Result<Self, OpenError> {
        match destination {
            Destination::File(path) => Self::open_file(path),
            Destination::StandardOutput => {
                let name = Path::new("standard output");
                let copy = io::stdout().as_fd().try_clone_to_owned();
                let file = File::from(copy.map_err(OpenError::open(name))?);
                Ok(Self {
                    file,
                    path: None,
                    is_regular: false,
                    length: 0,
                    torn_tail: 0,
                })
            }
        }
    }

    fn open_file(path: &Path) -> Result<Self, OpenError> {
        let failed = OpenError::open(path);
        // For reading, too: to see how it ends, and so that a pipe opens without a reader.
        let mut file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)
            .map_err(&failed)?;
        let metadata = file.metadata().map_err(&failed)?;
        let is_regular = metadata.is_file();
        let mut length = metadata.len();
        let mut torn_tail = 0;
        if is_regular {
            match file.try_lock() {
                Ok(()) => {}
                // Some network file systems have no locks.
                Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::WouldBlock) => return Err(OpenError::Busy(path.to_owned())),
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
            torn_tail = mend(&mut file, &mut length).map_err(&failed)?;
        }
        Ok(Self {
            file,
            path: Some(path.to_owned()),
            is_regular,
            length,
            torn_tail,
        })
    }

    /// Its name, if it is a file.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// How many bytes of an unfinished line were found at its end.
    pub(crate) fn torn_tail(&self) -> u64 {
        self.torn_tail
    }

    /// Whether it is a file.
    pub(super) fn is_regular(&self) -> bool {
        self.is_regular
    }

    /// How long the file is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let count = self.file.write_vectored(slices)?;
        self.length += count as u64;
        Ok(count)
    }

    /// Cuts off the last `count` bytes; whether that could be done.
    pub(super) fn cut(&mut self, count: usize) -> bool {
        let length = self.length.saturating_sub(count as u64);
        let is_cut = self.is_regular && self.file.set_len(length).is_ok();
        if is_cut {
            self.length = length;
        }
        is_cut
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        if self.is_regular {
            self.file.sync_data()
        } else {
            Ok(())
        }
    }

    /// Whether the file has lost its name.
    pub(super) fn is_deleted(&self) -> bool {
        self.is_regular
            && self
                .file
                .metadata()
                .is_ok_and(|metadata| metadata.nlink() == 0)
    }

    /// Opens the name again; which, if it has one. If that fails, all stays as it is.
    pub(super) fn reopen(&mut self) -> Result<Option<PathBuf>, OpenError> {
        let Some(path) = self.path.clone().filter(|_| self.is_regular) else {
            return Ok(None);
        };
        // It may be the same file still, which nobody can lock twice.
        let is_same = path
            .metadata()
            .and_then(|named| self.file.metadata().map(|own| (named, own)))
            .is_ok_and(|(named, own)| (named.dev(), named.ino()) == (own.dev(), own.ino()));
        if !is_same {
            *self = Self::open_file(&path)?;
        }
        Ok(Some(path))
    }
}

/// How far back a line's beginning is looked for.
const LONGEST_TAIL: u64 = 1 << 26;

/// A line at the end that was never finished, because its writer was killed, would spoil the next one. One
/// that looks like a record is cut off, anything else is completed by a newline. Returns its length.
fn mend(file: &mut File, length: &mut u64) -> io::Result<u64> {
    let mut tail = Vec::new();
    let mut window = 1 << 12;
    let start = loop {
        let from = length.saturating_sub(window);
        file.seek(SeekFrom::Start(from))?;
        tail.clear();
        Read::by_ref(file)
            .take(*length - from)
            .read_to_end(&mut tail)?;
        if tail.is_empty() || tail.ends_with(b"\n") {
            return Ok(0);
        }
        if let Some(at) = memchr::memrchr(b'\n', &tail) {
            break from + at as u64 + 1;
        }
        if from == 0 || window >= LONGEST_TAIL {
            break from;
        }
        window *= 16;
    };
    let torn = *length - start;
    let begins = usize::try_from(torn).map_or(0, |torn| tail.len().saturating_sub(torn));
    if tail[begins..].starts_with(b"{\"") {
        file.set_len(start)?;
        *length = start;
    } else {
        file.write_all(b"\n")?;
        *length += 1;
    }
    Ok(torn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn mended(text: &str) -> (u64, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, text).unwrap();
        let mut output = Output::open_file(&path).unwrap();
        output.write(&[IoSlice::new(b"{}\n")]).unwrap();
        assert_eq!(output.length(), path.metadata().unwrap().len());
        (output.torn_tail(), fs::read_to_string(&path).unwrap())
    }

    #[test]
    fn a_line_that_was_never_finished_spoils_no_other() {
        assert_eq!(mended(""), (0, "{}\n".into()));
        assert_eq!(mended("{\"a\":1}\n"), (0, "{\"a\":1}\n{}\n".into()));
        assert_eq!(mended("{\"a\":1}\n{\"b"), (3, "{\"a\":1}\n{}\n".into()));
        assert_eq!(mended("{\"b"), (3, "{}\n".into()));
        assert_eq!(mended("text"), (4, "text\n{}\n".into()));
        let long = format!("{{\"a\":1}}\n{{\"{}", "x".repeat(100_000));
        assert_eq!(mended(&long), (100_002, "{\"a\":1}\n{}\n".into()));
    }

    #[test]
    fn two_cannot_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let first = Output::open_file(&path).unwrap();
        assert!(matches!(Output::open_file(&path), Err(OpenError::Busy(_))));
        drop(first);
        assert!(Output::open_file(&path).is_ok());
    }
}
