//! How a status board lies in memory: a page of header, then a cache line per worker.
//!
//! | bytes | what | written |
//! | --- | --- | --- |
//! | 0 | magic | by the master, last of all when the board is made |
//! | 8 | when the pool started, in nanoseconds of the monotonic clock | before the magic |
//! | 16 | how many workers the pool wants | by the master, at any time |
//! | 20 | how many bytes the names of the task kinds take, 0 while they are not known | after the names |
//! | 64 | the title, padded with zeros | before the magic |
//! | 128 | the names of the task kinds, each ended by a line feed | once, when the first worker names them |
//! | 4096 | the workers' lines | by each worker its own |
//!
//! All of it is reached through atomics, so that whatever another process does to it, nothing but wrong
//! numbers comes of it.
#![expect(unsafe_code, reason = "atomics in memory that several processes map")]

use std::{
    fs::OpenOptions,
    path::Path,
    sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
};

use nix::{errno::Errno, fcntl::posix_fallocate};
use shared_memory::{Shmem, ShmemConf, ShmemError};

const MAGIC: u64 = u64::from_le_bytes(*b"BRGBORD2");
const HEADER_BYTES: usize = 4096;
const TITLE_BYTES: usize = 64;
const KINDS_BYTES: usize = HEADER_BYTES - 128;
const LINE_BYTES: usize = 64;
/// Lines there are, so the most workers a pool can have. Lines never used take no memory beyond their page.
pub(super) const LINES: usize = 1024;
const BOARD_BYTES: usize = HEADER_BYTES + LINES * LINE_BYTES;
/// The same as the kernel counts it.
#[expect(clippy::cast_possible_wrap, reason = "small")]
const BOARD_LENGTH: i64 = BOARD_BYTES as i64;

/// What a worker is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum WorkerState {
    /// Nobody is there.
    Absent = 0,
    /// Started, and not yet ready for tasks.
    Starting = 1,
    /// Waiting for a task.
    Idle = 2,
    /// Running a task.
    Busy = 3,
}

impl WorkerState {
    pub(super) fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Starting,
            2 => Self::Idle,
            3 => Self::Busy,
            _ => Self::Absent,
        }
    }
}

/// One worker's cache line.
#[repr(C, align(64))]
#[derive(Debug)]
pub(super) struct Line {
    pub(super) pid: AtomicU32,
    pub(super) state: AtomicU32,
    pub(super) task: AtomicU64,
    pub(super) kind: AtomicU32,
    pub(super) attempt: AtomicU32,
    pub(super) started_ns: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) busy_ns: AtomicU64,
}

/// What stands in the first page.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Header {
    magic: AtomicU64,
    pub(super) started_ns: AtomicU64,
    pub(super) workers: AtomicU32,
    kinds_bytes: AtomicU32,
    reserved: [AtomicU64; 5],
    title: [AtomicU8; TITLE_BYTES],
    kinds: [AtomicU8; KINDS_BYTES],
}

const _: () = assert!(size_of::<Header>() == HEADER_BYTES);

impl Header {
    pub(super) fn set_title(&self, title: &str) {
        write_text(
            &self.title,
            &title[..title.floor_char_boundary(TITLE_BYTES)],
        );
    }

    pub(super) fn title(&self) -> String {
        let text = read_text(&self.title);
        text.trim_end_matches('\0').to_owned()
    }

    /// Writes the names once; those that find no room are left out, from the first of them on.
    pub(super) fn set_kinds<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        if self.kinds_bytes.load(Ordering::Relaxed) != 0 {
            return;
        }
        let mut text = String::new();
        for name in names {
            if text.len() + name.len() >= KINDS_BYTES {
                break;
            }
            text += name;
            text.push('\n');
        }
        write_text(&self.kinds, &text);
        // Below 4096.
        let length = u32::try_from(text.len()).unwrap_or(0);
        self.kinds_bytes.store(length, Ordering::Release);
    }

    pub(super) fn kinds(&self) -> Vec<String> {
        let length = self.kinds_bytes.load(Ordering::Acquire) as usize;
        let text = read_text(&self.kinds[..length.min(KINDS_BYTES)]);
        text.lines().map(str::to_owned).collect()
    }

    /// The header is whole now: whoever sees the magic sees the rest as well.
    fn publish(&self) {
        self.magic.store(MAGIC, Ordering::Release);
    }

    fn is_published(&self) -> bool {
        self.magic.load(Ordering::Acquire) == MAGIC
    }
}

fn write_text(to: &[AtomicU8], text: &str) {
    for (to, byte) in to.iter().zip(text.bytes()) {
        to.store(byte, Ordering::Relaxed);
    }
}

fn read_text(from: &[AtomicU8]) -> String {
    let bytes: Vec<u8> = from
        .iter()
        .map(|byte| byte.load(Ordering::Relaxed))
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

const _: () = assert!(size_of::<Line>() == LINE_BYTES);

/// The memory of a board.
pub(super) struct Mapping(Shmem);

// SAFETY: `Shmem` is a pointer, a length and a name. The memory behind it is reached through atomics only.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Makes the memory under a name that is not taken; `fill` writes the header.
    pub(super) fn create(name: &str, fill: impl FnOnce(&Header)) -> Result<Self, String> {
        let memory = ShmemConf::new().size(BOARD_BYTES).os_id(name).create();
        let mapping = memory.map(Self).map_err(|error| explain(&error))?;
        reserve(name).map_err(|error| error.to_string())?;
        fill(mapping.header());
        mapping.header().publish();
        Ok(mapping)
    }

    /// Maps the board of this name.
    pub(super) fn open(name: &str) -> Result<Self, String> {
        let memory = ShmemConf::new().os_id(name).open();
        let memory = memory.map_err(|error| explain(&error))?;
        if memory.len() >= BOARD_BYTES {
            let mapping = Self(memory);
            if mapping.header().is_published() {
                return Ok(mapping);
            }
        }
        Err("it is not a status board of this version".into())
    }

    pub(super) fn line(&self, index: usize) -> Option<&Line> {
        #[expect(
            clippy::cast_ptr_alignment,
            reason = "the mapping is page-aligned, and lines are 64 bytes"
        )]
        (index < LINES).then(|| {
            // SAFETY: in bounds (the mapping has BOARD_BYTES, checked when it was made) and aligned to 64
            // (mappings are page-aligned); a `Line` is nothing but atomics, valid for any bytes.
            unsafe {
                &*self
                    .0
                    .as_ptr()
                    .add(HEADER_BYTES + index * LINE_BYTES)
                    .cast::<Line>()
            }
        })
    }

    pub(super) fn header(&self) -> &Header {
        #[expect(clippy::cast_ptr_alignment, reason = "the mapping is page-aligned")]
        // SAFETY: in bounds (the mapping has BOARD_BYTES, checked when it was made) and aligned (mappings are
        // page-aligned); a `Header` is nothing but atomics, valid for any bytes.
        unsafe {
            &*self.0.as_ptr().cast::<Header>()
        }
    }
}

/// Takes the memory now, so that a full `/dev/shm` is an error here and not a SIGBUS at the first write.
fn reserve(name: &str) -> Result<(), std::io::Error> {
    let file = OpenOptions::new()
        .write(true)
        .open(Path::new("/dev/shm").join(name))?;
    posix_fallocate(&file, 0, BOARD_LENGTH)?;
    Ok(())
}

fn explain(error: &ShmemError) -> String {
    match error {
        ShmemError::MapCreateFailed(code) | ShmemError::UnknownOsError(code) => {
            i32::try_from(*code).map_or_else(
                |_| error.to_string(),
                |code| Errno::from_raw(code).to_string(),
            )
        }
        other => other.to_string(),
    }
}
