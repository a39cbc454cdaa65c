//! An arena: a header of atomic words and a ring of bytes, in a memfd of fixed size.
//!
//! It says nothing about what the words mean and who may write which bytes when: that is up to its user,
//! `queue/`. Whatever a process that does not keep to the rules does here, others read wrong numbers and
//! wrong bytes, which they check, and never leave the arena.
#![expect(
    unsafe_code,
    reason = "atomics and bytes in memory that several processes map"
)]

use std::{
    ffi::CString,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::atomic::{AtomicU32, AtomicU64},
};

use memmap2::{Advice, MmapOptions, MmapRaw};
use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, FcntlArg, OFlag, SealFlag, fallocate, fcntl, open},
    sys::{
        memfd::{MFdFlags, memfd_create},
        stat::{Mode, fstat},
    },
    unistd::ftruncate,
};

use crate::codec::BLOCK_BYTES;

/// Why an arena could not be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArenaError {
    /// The kernel refused.
    #[error(
        "{what} failed: {errno}; check the limits of memory and descriptors of this machine or container"
    )]
    Os {
        /// The call.
        what: &'static str,
        /// Its error.
        errno: Errno,
    },
    /// What is there is no arena of this size.
    #[error("it is not an arena, or one of another size")]
    NotAnArena,
}

fn os(what: &'static str) -> impl FnOnce(Errno) -> ArenaError {
    move |errno| ArenaError::Os { what, errno }
}

/// Atomic words, and after them a ring of bytes.
///
/// ```
/// use std::sync::atomic::Ordering;
/// use brigade_protocol::shm::Arena;
///
/// let arena = Arena::create("brigade-example", 4096, 65_536)?;
/// let other = Arena::open(&arena.path(), 4096)?;
/// arena.word(8).store(7, Ordering::Release);
/// assert_eq!(other.word(8).load(Ordering::Acquire), 7);
///
/// // Positions wrap around the ring's end.
/// arena.reserve(0, 65_536)?;
/// arena.write(65_534, b"four");
/// let mut bytes = Vec::new();
/// other.read(65_534, 4, &mut bytes);
/// assert_eq!(bytes, b"four");
/// # Ok::<(), brigade_protocol::shm::ArenaError>(())
/// ```
#[derive(Debug)]
pub struct Arena {
    fd: OwnedFd,
    map: MmapRaw,
    header_bytes: usize,
    ring_bytes: usize,
}

impl Arena {
    /// Makes an arena of zeros, with a header and a ring of so many bytes; the ring's must be a power of two
    /// and the header's a multiple of eight. The memory of the header is reserved, that of the ring is not.
    ///
    /// # Errors
    /// [`ArenaError::Os`] when there is no memory or no descriptor left, [`ArenaError::NotAnArena`] for sizes
    /// that are none.
    pub fn create(name: &str, header_bytes: usize, ring_bytes: usize) -> Result<Self, ArenaError> {
        let total = header_bytes.checked_add(ring_bytes);
        let total = total.and_then(|total| i64::try_from(total).ok());
        let total = total.ok_or(ArenaError::NotAnArena)?;
        let name = CString::new(name).map_err(|_| ArenaError::NotAnArena)?;
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let fd = memfd_create(name.as_c_str(), flags).map_err(os("memfd_create"))?;
        ftruncate(&fd, total).map_err(os("ftruncate"))?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&fd, FcntlArg::F_ADD_SEALS(seals)).map_err(os("sealing"))?;
        let arena = Self::map(fd, header_bytes)?;
        arena.fallocate(FallocateFlags::empty(), 0, header_bytes)?;
        Ok(arena)
    }

    /// Opens an arena with a header of so many bytes by the path of one of its descriptors, for example
    /// that of [`path`](Self::path) seen from another process. The new descriptor is independent of that one.
    ///
    /// # Errors
    /// [`ArenaError::Os`] when there is nothing or it is not for this user, [`ArenaError::NotAnArena`] when it is
    /// something else.
    pub fn open(path: &Path, header_bytes: usize) -> Result<Self, ArenaError> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
        let fd = open(path, flags, Mode::empty()).map_err(os("open"))?;
        let seals = fcntl(&fd, FcntlArg::F_GET_SEALS).map_err(|_| ArenaError::NotAnArena)?;
        let fixed_size = (SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW).bits();
        if seals & fixed_size != fixed_size {
            return Err(ArenaError::NotAnArena);
        }
        Self::map(fd, header_bytes)
    }

    fn map(fd: OwnedFd, header_bytes: usize) -> Result<Self, ArenaError> {
        let size = fstat(&fd).map_err(os("fstat"))?.st_size;
        let size = usize::try_from(size).map_err(|_| ArenaError::NotAnArena)?;
        let ring_bytes = size
            .checked_sub(header_bytes)
            .ok_or(ArenaError::NotAnArena)?;
        if !ring_bytes.is_power_of_two() || !header_bytes.is_multiple_of(8) {
            return Err(ArenaError::NotAnArena);
        }
        let map = MmapOptions::new()
            .len(size)
            .map_raw(&fd)
            .map_err(|error| ArenaError::Os {
                what: "mmap",
                errno: error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw),
            })?;
        Ok(Self {
            fd,
            map,
            header_bytes,
            ring_bytes,
        })
    }

    /// Its descriptor.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Where this process and others of the same user can open it, as long as this value lives.
    #[must_use]
    pub fn path(&self) -> std::path::PathBuf {
        format!("/proc/{}/fd/{}", std::process::id(), self.fd.as_raw_fd()).into()
    }

    /// How many bytes the ring has.
    #[must_use]
    pub const fn ring_bytes(&self) -> usize {
        self.ring_bytes
    }

    /// The word of four bytes at this offset in the header.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[inline]
    pub fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4) && offset + 4 <= self.header_bytes);
        // SAFETY: in bounds and aligned (the mapping is page-aligned), and all processes use these bytes as
        // an atomic only: the header is reached through this function and the next one alone.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(offset).cast()) }
    }

    /// The word of eight bytes at this offset in the header.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[inline]
    pub fn long_word(&self, offset: usize) -> &AtomicU64 {
        assert!(offset.is_multiple_of(8) && offset + 8 <= self.header_bytes);
        // SAFETY: as in `word`. No offset is used in both widths.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(offset).cast()) }
    }

    /// Where the ring begins; it is aligned as the header's length is, and at most as a page.
    #[inline]
    pub(super) fn ring(&self) -> *mut u8 {
        // The header is a part of the mapping, so this does not wrap.
        self.map.as_mut_ptr().wrapping_add(self.header_bytes)
    }

    /// Copies bytes into the ring, from this position on; positions wrap around its end.
    ///
    /// Only one may write to a place at a time, and nobody read it meanwhile: else what is read is a mixture.
    ///
    /// # Panics
    /// When there are more bytes than the ring has.
    pub fn write(&self, position: u64, bytes: &[u8]) {
        assert!(bytes.len() <= self.ring_bytes);
        let at = self.offset(position);
        let (first, second) = bytes.split_at(bytes.len().min(self.ring_bytes - at));
        // SAFETY: both pieces are in bounds: the first ends where the ring does or before, the second is at
        // its beginning and no longer than the ring. `bytes` is not in the ring: nothing lends a slice of it.
        unsafe {
            let ring = self.map.as_mut_ptr().add(self.header_bytes);
            copy_in_blocks(first.as_ptr(), ring.add(at), first.len());
            copy_in_blocks(second.as_ptr(), ring, second.len());
        }
    }

    /// Appends so many bytes of the ring to `out`, from this position on; positions wrap around its end.
    ///
    /// # Panics
    /// When the ring has fewer bytes.
    pub fn read(&self, position: u64, length: usize, out: &mut Vec<u8>) {
        assert!(length <= self.ring_bytes);
        out.reserve(length);
        // SAFETY: `out` has room for so many bytes behind those it has, and all of them are written before they
        // count.
        unsafe {
            self.copy_out(position, length, out.as_mut_ptr().add(out.len()));
            out.set_len(out.len() + length);
        }
    }

    /// Fills `out` with bytes of the ring, from this position on; positions wrap around its end.
    ///
    /// # Panics
    /// When the ring has fewer bytes.
    pub fn read_into(&self, position: u64, out: &mut [u8]) {
        assert!(out.len() <= self.ring_bytes);
        // SAFETY: `out` is as long as that.
        unsafe { self.copy_out(position, out.len(), out.as_mut_ptr()) }
    }

    /// Copies bytes of the ring to `target`.
    ///
    /// # Safety
    /// `target` must have room for `length` bytes, which may not be more than the ring has, and lie outside it.
    unsafe fn copy_out(&self, position: u64, length: usize, target: *mut u8) {
        let at = self.offset(position);
        let first = length.min(self.ring_bytes - at);
        // SAFETY: the two pieces are in bounds as in `write`. The bytes are initialised, by the kernel if by nobody
        // else. A process that writes meanwhile breaks the rules of its queue; any mixture of bytes is valid as
        // `u8`, and what is made of them is checked.
        unsafe {
            let ring = self.map.as_ptr().add(self.header_bytes);
            copy_in_blocks(ring.add(at), target, first);
            copy_in_blocks(ring, target.add(first), length - first);
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "below the ring's size, which is a usize"
    )]
    fn offset(&self, position: u64) -> usize {
        (position & (self.ring_bytes as u64 - 1)) as usize
    }

    /// Reserves memory for a part of the ring, so that writing to it cannot fail.
    ///
    /// # Errors
    /// [`ArenaError::Os`] when there is none.
    pub fn reserve(&self, from: usize, to: usize) -> Result<(), ArenaError> {
        self.fallocate(
            FallocateFlags::empty(),
            self.header_bytes + from,
            to.saturating_sub(from),
        )
    }

    /// Maps the memory of a part of the ring that is about to be written, all at once: a page fault for each page
    /// costs several times as much. Does nothing where the kernel cannot (before Linux 5.14).
    pub fn populate(&self, from: usize, to: usize) {
        let to = to.min(self.ring_bytes);
        if from < to {
            let _ =
                self.map
                    .advise_range(Advice::PopulateWrite, self.header_bytes + from, to - from);
        }
    }

    /// Gives the memory of a part of the ring back; what is read there afterwards is zeros.
    ///
    /// # Errors
    /// [`ArenaError::Os`] when the kernel does not want it.
    pub fn release(&self, from: usize, to: usize) -> Result<(), ArenaError> {
        self.fallocate(
            FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE,
            self.header_bytes + from,
            to.saturating_sub(from),
        )
    }

    fn fallocate(&self, how: FallocateFlags, at: usize, length: usize) -> Result<(), ArenaError> {
        let (Ok(at), Ok(length)) = (i64::try_from(at), i64::try_from(length)) else {
            return Err(ArenaError::NotAnArena);
        };
        loop {
            match fallocate(&self.fd, how, at, length) {
                Err(Errno::EINTR) => {}
                done => return done.map_err(os("fallocate")),
            }
        }
    }
}

/// Copies bytes, see [`BLOCK_BYTES`].
///
/// # Safety
/// `from` must be readable and `to` writable for `length` bytes, and they may not overlap.
#[inline]
unsafe fn copy_in_blocks(from: *const u8, to: *mut u8, length: usize) {
    for at in (0..length).step_by(BLOCK_BYTES) {
        let bytes = BLOCK_BYTES.min(length - at);
        // SAFETY: a part of what the caller vouches for.
        unsafe { from.add(at).copy_to_nonoverlapping(to.add(at), bytes) };
    }
}

#[cfg(test)]
mod tests;
