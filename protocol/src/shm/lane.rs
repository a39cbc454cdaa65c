//! The lane: a little memory that the master shares with one worker, beside their pipes.
//!
//! It makes two promises possible that pipes alone cannot keep:
//!
//! * **Who is to blame.** A worker *claims* each task before it begins. The master may *revoke* a task that
//!   it has sent. Both are one compare-and-swap on the same word, so a task is either begun or taken back,
//!   never both; and after a death the claim tells exactly which task was running.
//! * **Nothing that was finished is lost.** Small results are gathered in the *outbox*, which is part of the
//!   lane, before they are written to the pipe together. A worker killed with results in its outbox leaves
//!   them to the master.
//!
//! ```text
//! 0        64                          4160      8192                       73728
//! | header | claims: 1024 x u32        | unused  | outbox: 64 KiB           |
//!   magic, outbox length, tasks begun in the chunk
//! ```
#![expect(
    unsafe_code,
    reason = "atomics and bytes in memory that two processes map"
)]

use std::{
    os::fd::{AsFd, OwnedFd},
    slice,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use super::outbox::{self, Outbox};
use memmap2::{MmapOptions, MmapRaw};
use nix::{
    errno::Errno,
    fcntl::{FallocateFlags, FcntlArg, SealFlag, fallocate, fcntl},
    sys::{
        memfd::{MFdFlags, memfd_create},
        stat::fstat,
    },
};

/// How many tasks may be with one worker at a time: each has its own claim word.
pub const MAX_IN_FLIGHT: usize = 1024;

/// Room for results that are not yet written to the pipe.
pub const OUTBOX_BYTES: usize = 64 << 10;

const MAGIC: u64 = u64::from_le_bytes(*b"BRGLANE1");
const OUTBOX_LENGTH: usize = 8;
const ITEMS_BEGUN: usize = 16;
const CLAIMS: usize = 64;
const OUTBOX: usize = 8192;
const LANE_BYTES: usize = OUTBOX + OUTBOX_BYTES;
/// The same as the kernel counts it.
#[expect(clippy::cast_possible_wrap, reason = "small")]
const LANE_LENGTH: i64 = LANE_BYTES as i64;
const REVOKED: u32 = 1;

/// Why a lane could not be made or attached to.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The kernel refused.
    #[error(
        "no shared memory for a worker's lane: {what} failed: {errno}; check the memory limits of this machine or container"
    )]
    Os {
        /// The call.
        what: &'static str,
        /// Its error.
        errno: Errno,
    },
    /// The descriptor is something else.
    #[error(
        "descriptor {} is not a lane; workers are started by a master, not by hand",
        crate::fd::LANE
    )]
    NotALane,
}

fn os(what: &'static str) -> impl FnOnce(Errno) -> LaneError {
    move |errno| LaneError::Os { what, errno }
}

/// Memory shared by the master and one worker: claims, and results not yet sent.
///
/// ```
/// use brigade_protocol::shm::Lane;
///
/// let (master, fd) = Lane::create()?;
/// let worker = Lane::attach(&fd)?;
/// assert!(worker.claim(0)); // the worker begins task 0
/// assert!(!master.revoke(0)); // too late to take it back
/// assert!(master.revoke(1)); // task 1 has not begun
/// assert!(!worker.claim(1)); // and never will
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lane {
    map: Arc<MmapRaw>,
}

impl Lane {
    /// Makes a lane of zeros, with all of its memory reserved, and the descriptor for the worker.
    ///
    /// # Errors
    /// [`LaneError::Os`] when there is no memory or no descriptor left.
    pub fn create() -> Result<(Self, OwnedFd), LaneError> {
        let fd = memfd_create(
            c"brigade-lane",
            MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING,
        )
        .map_err(os("memfd_create"))?;
        // Reserved now, so that a machine without memory says so here and not with SIGBUS later.
        fallocate(&fd, FallocateFlags::empty(), 0, LANE_LENGTH).map_err(os("fallocate"))?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&fd, FcntlArg::F_ADD_SEALS(seals)).map_err(os("sealing"))?;
        let lane = Self::map(&fd)?;
        lane.word(0).store(MAGIC, Ordering::Release);
        Ok((lane, fd))
    }

    /// Attaches to the lane behind an inherited descriptor.
    ///
    /// # Errors
    /// [`LaneError::NotALane`] when it is anything but a sealed lane of this layout.
    pub fn attach(fd: &OwnedFd) -> Result<Self, LaneError> {
        let seals = fcntl(fd, FcntlArg::F_GET_SEALS).map_err(|_| LaneError::NotALane)?;
        let fixed_size = (SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW).bits();
        let size = fstat(fd).map_err(os("fstat"))?.st_size;
        if seals & fixed_size != fixed_size || size != LANE_LENGTH {
            return Err(LaneError::NotALane);
        }
        let lane = Self::map(fd)?;
        if lane.word(0).load(Ordering::Acquire) == MAGIC {
            Ok(lane)
        } else {
            Err(LaneError::NotALane)
        }
    }

    fn map(fd: &OwnedFd) -> Result<Self, LaneError> {
        let map = MmapOptions::new()
            .len(LANE_BYTES)
            .map_raw(&fd.as_fd())
            .map_err(|error| LaneError::Os {
                what: "mmap",
                errno: error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw),
            })?;
        Ok(Self { map: Arc::new(map) })
    }

    /// Begins the task with this sequence number, unless it has been revoked. For the worker.
    #[must_use]
    pub fn claim(&self, sequence: u64) -> bool {
        self.settle(sequence, 0)
    }

    /// Takes a task back, unless it has begun. For the master.
    #[must_use]
    pub fn revoke(&self, sequence: u64) -> bool {
        self.settle(sequence, REVOKED)
    }

    /// Whether the worker has begun this task. Says nothing sensible about sequence numbers more than
    /// [`MAX_IN_FLIGHT`] behind the latest.
    #[must_use]
    pub fn is_claimed(&self, sequence: u64) -> bool {
        self.claim_word(sequence).load(Ordering::Acquire) == lap(sequence) << 1
    }

    /// Notes that so many tasks of the chunk that was claimed last have begun. For the worker.
    pub fn set_items_begun(&self, count: u32) {
        self.word(ITEMS_BEGUN)
            .store(u64::from(count), Ordering::Release);
    }

    /// How many tasks of the chunk that was claimed last have begun. For the master, after the worker's end.
    #[must_use]
    pub fn items_begun(&self) -> u32 {
        let count = self.word(ITEMS_BEGUN).load(Ordering::Acquire);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The one transition of a claim word: from an earlier lap to this one, begun or revoked.
    fn settle(&self, sequence: u64, how: u32) -> bool {
        let word = self.claim_word(sequence);
        let seen = word.load(Ordering::Acquire);
        seen >> 1 != lap(sequence)
            && word
                .compare_exchange(
                    seen,
                    lap(sequence) << 1 | how,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                )
                .is_ok()
    }

    /// The results that a dead worker had finished and not yet sent. For the master, after the worker's end.
    ///
    /// They are frames; some may have reached the pipe as well.
    #[must_use]
    pub fn leftover(&self) -> Vec<u8> {
        let length = self.word(OUTBOX_LENGTH).load(Ordering::Acquire);
        let length = usize::try_from(length).map_or(0, |length| length.min(OUTBOX_BYTES));
        let mut bytes = vec![0; length];
        // SAFETY: source and target hold `length` bytes and do not overlap. The writer is dead; had it
        // left a child that still writes, bytes could be torn, and they are checked like any peer's.
        unsafe {
            self.map
                .as_ptr()
                .add(OUTBOX)
                .copy_to_nonoverlapping(bytes.as_mut_ptr(), length);
        }
        outbox::close_open_frame(&mut bytes);
        bytes
    }

    /// The worker's end of the outbox. There must be only one, which [`Outbox`] being neither `Clone` nor
    /// made anywhere else leaves to the worker's start.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.clone())
    }

    /// Copies bytes into the outbox. For its one writer.
    ///
    /// # Panics
    /// When they do not fit.
    pub(super) fn write_outbox(&self, at: usize, bytes: &[u8]) {
        assert!(at <= OUTBOX_BYTES && bytes.len() <= OUTBOX_BYTES - at);
        // SAFETY: in bounds by the check above; only the worker writes here, through its one `&mut Outbox`.
        unsafe {
            let target = self.map.as_mut_ptr().add(OUTBOX + at);
            target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    /// The first bytes of the outbox. For its one writer, who may not write while they are borrowed.
    pub(super) fn read_outbox(&self, length: usize) -> &[u8] {
        let length = length.min(OUTBOX_BYTES);
        // SAFETY: in bounds, initialised (zeroed by the kernel), and not written to while `self` is borrowed:
        // the one writer lends its `&mut Outbox` for as long.
        unsafe { slice::from_raw_parts(self.map.as_ptr().add(OUTBOX), length) }
    }

    /// Notes how many bytes of the outbox count.
    pub(super) fn commit_outbox(&self, length: usize) {
        self.word(OUTBOX_LENGTH)
            .store(length as u64, Ordering::Release);
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        debug_assert!(offset.is_multiple_of(8) && offset < CLAIMS);
        // SAFETY: in bounds and aligned (the mapping is page-aligned), and all processes use this word as
        // an atomic only.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(offset).cast()) }
    }

    fn claim_word(&self, sequence: u64) -> &AtomicU32 {
        #[expect(clippy::cast_possible_truncation, reason = "below 1024")]
        let slot = (sequence % MAX_IN_FLIGHT as u64) as usize;
        // SAFETY: in bounds (CLAIMS + 4 * 1024 <= OUTBOX) and aligned, and all processes use these words
        // as atomics only.
        unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(CLAIMS + 4 * slot).cast()) }
    }
}

/// Which round through the claim words a sequence number belongs to; never 0, which is "not yet used".
fn lap(sequence: u64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "30 bits: the laps may wrap, 1024 tasks at a time"
    )]
    let lap = (sequence / MAX_IN_FLIGHT as u64) as u32;
    (lap & (u32::MAX >> 2)) + 1
}

#[cfg(test)]
mod tests;
