//! Memory without a name that many processes read and nobody can change.
//!
//! A segment is a memfd: it lives as long as somebody holds it, so nothing can be left behind in `/dev/shm`.
//! Once filled it is sealed, and the seals are what makes reading it from a mapping sound.
#![expect(
    unsafe_code,
    reason = "mapping a file descriptor; sound because of the seals, see each SAFETY note"
)]

use std::{
    ffi::CString,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use memmap2::{Mmap, MmapMut, MmapOptions};
use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl},
    sys::{
        memfd::{MFdFlags, memfd_create},
        stat::fstat,
    },
};
use thiserror::Error;

use super::available::available_bytes;

/// What nobody may do to a finished segment: shrink it (readers would get SIGBUS), grow it, write to it, or
/// take these seals off.
const SEALS: SealFlag = SealFlag::F_SEAL_SHRINK
    .union(SealFlag::F_SEAL_GROW)
    .union(SealFlag::F_SEAL_WRITE)
    .union(SealFlag::F_SEAL_SEAL);

/// How long seals may be refused, and how long to wait in between.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// Why shared memory could not be made or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// A segment of no bytes cannot be mapped.
    #[error("shared memory segment `{name}` would be empty: give it at least one byte")]
    Empty {
        /// The segment's name.
        name: String,
    },
    /// The name contains a NUL byte.
    #[error("shared memory segment name {name:?} contains a NUL byte: leave it out")]
    Name {
        /// The segment's name.
        name: String,
    },
    /// The kernel refused a new memfd.
    #[error(
        "cannot create shared memory segment `{name}`: {errno}; raise the limit of open files (ulimit -n) or close some"
    )]
    Create {
        /// The segment's name.
        name: String,
        /// The kernel's reason.
        errno: Errno,
    },
    /// There is not enough memory.
    #[error(
        "cannot reserve {length_bytes} bytes of shared memory for `{name}`: {errno}; free memory, raise this container's memory limit or use less data"
    )]
    Reserve {
        /// The segment's name.
        name: String,
        /// The bytes asked for.
        length_bytes: usize,
        /// The kernel's reason.
        errno: Errno,
    },
    /// The segment could not be mapped into this process.
    #[error(
        "cannot map {length_bytes} bytes of shared memory: {source}; raise the limit of address space (ulimit -v)"
    )]
    Map {
        /// The segment's length.
        length_bytes: usize,
        /// The kernel's reason.
        source: std::io::Error,
    },
    /// The seals could not be put on.
    #[error("cannot seal shared memory segment `{name}`: {errno}{}", seal_hint(*errno))]
    Seal {
        /// The segment's name.
        name: String,
        /// The kernel's reason.
        errno: Errno,
    },
    /// The descriptor is no memfd, or was closed.
    #[error("descriptor is no shared memory segment: {errno}; pass one that Segment::create made")]
    NotASegment {
        /// The kernel's reason.
        errno: Errno,
    },
    /// Somebody could still change the memory, so it is not read.
    #[error(
        "shared memory segment is not sealed (missing {missing:?}): its owner must seal it before passing it on"
    )]
    Unsealed {
        /// The seals that are missing.
        missing: SealFlag,
    },
}

/// A piece of sealed, read-only memory that travels to other processes as a file descriptor.
///
/// ```
/// use brigade_protocol::shm::Segment;
///
/// let segment = Segment::create("greeting", 5, |bytes| bytes.copy_from_slice(b"hello"))?;
/// let elsewhere = Segment::open(segment.fd().try_clone_to_owned()?)?;
/// assert_eq!(elsewhere.bytes(), b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Segment {
    fd: OwnedFd,
    map: Mmap,
}

impl Segment {
    /// Makes a segment of `length_bytes`, lets `fill` write it (it starts as zeros), and seals it.
    ///
    /// `name` only shows in `/proc/<pid>/maps`. The memory is reserved before it is touched, so that a full
    /// machine is an error here and not a SIGBUS later. The descriptor is close-on-exec.
    ///
    /// # Errors
    /// [`SegmentError`] naming the step that failed.
    pub fn create(
        name: &str,
        length_bytes: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Result<Self, SegmentError> {
        let fd = reserve(name, length_bytes)?;
        // SAFETY: the memfd was made a moment ago and no other process or thread knows it, so nobody else can
        // change the memory or its length while this mapping lives; `reserve` backed all of it with pages.
        let mut map = unsafe { MmapOptions::new().len(length_bytes).populate().map_mut(&fd) }
            .map_err(|source| SegmentError::Map {
                length_bytes,
                source,
            })?;
        fill(&mut map);
        // The kernel refuses F_SEAL_WRITE while a writable mapping exists.
        drop::<MmapMut>(map);
        seal(&fd).map_err(|errno| SegmentError::Seal {
            name: name.to_owned(),
            errno,
        })?;
        Self::open(fd)
    }

    /// Maps a segment that another process made, after checking that nobody can change it any more.
    ///
    /// # Errors
    /// [`SegmentError::Unsealed`] when any seal is missing, [`SegmentError::NotASegment`] for any other kind of
    /// descriptor, [`SegmentError::Map`] when the mapping fails.
    pub fn open(fd: OwnedFd) -> Result<Self, SegmentError> {
        let seals = fcntl(&fd, FcntlArg::F_GET_SEALS)
            .map_err(|errno| SegmentError::NotASegment { errno })?;
        let missing = SEALS.difference(SealFlag::from_bits_retain(seals));
        if !missing.is_empty() {
            return Err(SegmentError::Unsealed { missing });
        }
        let length = fstat(&fd)
            .map_err(|errno| SegmentError::NotASegment { errno })?
            .st_size;
        let length_bytes = usize::try_from(length).unwrap_or_default();
        if length_bytes == 0 {
            return Err(SegmentError::Empty {
                name: "inherited".to_owned(),
            });
        }
        // Private, because kernels before 6.7 refuse a shared mapping of a write-sealed memfd even for
        // reading; the pages are the same until written to, and nobody can write.
        // SAFETY: all four seals are on (checked above) and cannot come off, so neither the bytes nor the
        // length can change while the mapping lives, whoever else holds the memfd.
        let map = unsafe { MmapOptions::new().len(length_bytes).map_copy_read_only(&fd) }.map_err(
            |source| SegmentError::Map {
                length_bytes,
                source,
            },
        )?;
        Ok(Self { fd, map })
    }

    /// The segment's contents. They start on a page boundary.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The descriptor to hand to a child process.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// What to do about seals that were refused.
fn seal_hint(errno: Errno) -> &'static str {
    match errno {
        Errno::EBUSY => "; something holds its memory, try again",
        _ => "; Linux 3.17 or later is needed",
    }
}

/// Puts the seals on. The kernel refuses while anything of its own holds a page, as what moves or surveys memory does
/// for moments; it waits a tenth of a second for that itself.
fn seal(fd: &OwnedFd) -> Result<(), Errno> {
    let begun = Instant::now();
    loop {
        match fcntl(fd, FcntlArg::F_ADD_SEALS(SEALS)) {
            Err(Errno::EBUSY) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
            done => return done.map(drop),
        }
    }
}

/// A new memfd with `length_bytes` of memory behind it.
fn reserve(name: &str, length_bytes: usize) -> Result<OwnedFd, SegmentError> {
    if length_bytes == 0 {
        return Err(SegmentError::Empty {
            name: name.to_owned(),
        });
    }
    let label = CString::new(name).map_err(|_| SegmentError::Name {
        name: name.to_owned(),
    })?;
    let fd = memfd_create(
        label.as_c_str(),
        MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING,
    )
    .map_err(|errno| SegmentError::Create {
        name: name.to_owned(),
        errno,
    })?;
    let failed = |errno| SegmentError::Reserve {
        name: name.to_owned(),
        length_bytes,
        errno,
    };
    let length = i64::try_from(length_bytes).map_err(|_| failed(Errno::EFBIG))?;
    if available_bytes().is_some_and(|available| length.cast_unsigned() > available) {
        return Err(failed(Errno::ENOMEM));
    }
    loop {
        match fallocate(&fd, FallocateFlags::empty(), 0, length) {
            Err(Errno::EINTR) => {}
            reserved => return reserved.map(|()| fd).map_err(failed),
        }
    }
}

#[cfg(test)]
mod tests;
