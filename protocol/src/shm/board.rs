//! The status board: what each worker of a pool does right now, in named shared memory that anybody of the
//! same user can look at.
//!
//! A page of header, then a cache line per worker. Workers write their own line; nobody depends on what it
//! says (claims in the [`Lane`](super::Lane) decide who is to blame), so a scribbled board harms no task.
#![expect(unsafe_code, reason = "atomics in memory that several processes map")]

use std::{
    fs::OpenOptions,
    path::Path,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use nix::{errno::Errno, fcntl::posix_fallocate};
use shared_memory::{Shmem, ShmemConf, ShmemError};

use super::sweep::BoardName;

const MAGIC: u64 = u64::from_le_bytes(*b"BRGBORD1");
const HEADER_BYTES: usize = 4096;
const TITLE: usize = 64;
const TITLE_BYTES: usize = 64;
const LINE_BYTES: usize = 64;
/// Lines there are, so the most workers a pool can have. Lines never used take no memory beyond their page.
const LINES: usize = 1024;
const BOARD_BYTES: usize = HEADER_BYTES + LINES * LINE_BYTES;
/// The same as the kernel counts it.
#[expect(clippy::cast_possible_wrap, reason = "small")]
const BOARD_LENGTH: i64 = BOARD_BYTES as i64;

/// Why a status board could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// There is no room, or no permission, in `/dev/shm`.
    #[error(
        "cannot make the status board in /dev/shm: {0}; free some space there or, in a container, raise --shm-size"
    )]
    Create(String),
    /// The board named by the master is not there or not one.
    #[error("cannot open the status board `{name}`: {reason}")]
    Open {
        /// Its name.
        name: String,
        /// What went wrong.
        reason: String,
    },
    /// More workers than the board has lines.
    #[error("a pool can have at most {LINES} workers")]
    TooManyWorkers,
}

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
    fn from_number(number: u32) -> Self {
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
struct Line {
    pid: AtomicU32,
    state: AtomicU32,
    task: AtomicU64,
    kind: AtomicU32,
    attempt: AtomicU32,
    started_ns: AtomicU64,
    done: AtomicU64,
    busy_ns: AtomicU64,
}

const _: () = assert!(size_of::<Line>() == LINE_BYTES);

struct Mapping(Shmem);

// SAFETY: `Shmem` is a pointer, a length and a name. The memory behind it is reached through atomics only,
// except for the title, which is written once before the name of the board is given to anybody.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    fn line(&self, index: usize) -> Option<&Line> {
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

    fn magic(&self) -> &AtomicU64 {
        // SAFETY: in bounds, aligned, and used as an atomic only.
        unsafe { AtomicU64::from_ptr(self.0.as_ptr().cast()) }
    }
}

/// A pool's board, made and in the end removed by the master.
pub struct Board {
    mapping: Mapping,
    name: String,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Board {
    /// Makes a board under a fresh name, its memory reserved. `title` says what the pool is for.
    ///
    /// # Errors
    /// [`BoardError::Create`] when `/dev/shm` is full, read-only or missing.
    pub fn create(title: &str) -> Result<Self, BoardError> {
        let name = BoardName::next_of_this_process()
            .map_err(|error| BoardError::Create(error.to_string()))?
            .to_string();
        let mapping = ShmemConf::new()
            .size(BOARD_BYTES)
            .os_id(&name)
            .create()
            .map(Mapping)
            .map_err(|error| BoardError::Create(explain(&error)))?;
        reserve(&name).map_err(|error| BoardError::Create(error.to_string()))?;
        let bytes = &title.as_bytes()[..title.floor_char_boundary(TITLE_BYTES)];
        // SAFETY: in bounds, and nobody else knows the name yet.
        unsafe {
            mapping
                .0
                .as_ptr()
                .add(TITLE)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        mapping.magic().store(MAGIC, Ordering::Release);
        Ok(Self { mapping, name })
    }

    /// The name under which workers open it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many tasks the worker with this number has done, whatever process held that number.
    #[must_use]
    pub fn tasks_done(&self, index: usize) -> u64 {
        self.mapping
            .line(index)
            .map_or(0, |line| line.done.load(Ordering::Relaxed))
    }

    /// What the worker with this number says it is doing.
    #[must_use]
    pub fn state(&self, index: usize) -> WorkerState {
        self.mapping
            .line(index)
            .map_or(WorkerState::Absent, |line| {
                WorkerState::from_number(line.state.load(Ordering::Relaxed))
            })
    }

    /// Notes that nobody is behind this number any more.
    pub fn mark_absent(&self, index: usize) {
        if let Some(line) = self.mapping.line(index) {
            line.state
                .store(WorkerState::Absent as u32, Ordering::Relaxed);
            line.pid.store(0, Ordering::Relaxed);
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

/// A worker's own line of the board.
pub struct BoardLine {
    mapping: Mapping,
    index: usize,
}

impl std::fmt::Debug for BoardLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoardLine")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl BoardLine {
    /// Opens the board `name` and takes the line with this number for the process `pid`.
    ///
    /// # Errors
    /// [`BoardError::Open`] when there is no such board or it is something else,
    /// [`BoardError::TooManyWorkers`] when it has no such line.
    pub fn open(name: &str, index: usize, pid: u32) -> Result<Self, BoardError> {
        let refuse = |reason: String| BoardError::Open {
            name: name.into(),
            reason,
        };
        let mapping = ShmemConf::new()
            .os_id(name)
            .open()
            .map(Mapping)
            .map_err(|error| refuse(explain(&error)))?;
        if mapping.0.len() < BOARD_BYTES || mapping.magic().load(Ordering::Acquire) != MAGIC {
            return Err(refuse("it is not a status board of this version".into()));
        }
        let line = Self { mapping, index };
        let shown = line.line().ok_or(BoardError::TooManyWorkers)?;
        shown.pid.store(pid, Ordering::Relaxed);
        shown
            .state
            .store(WorkerState::Starting as u32, Ordering::Relaxed);
        Ok(line)
    }

    fn line(&self) -> Option<&Line> {
        self.mapping.line(self.index)
    }

    /// Shows that a task begins at `now_ns` of the monotonic clock.
    pub fn begin(&self, task: u64, kind: u32, attempt: u32, now_ns: u64) {
        if let Some(line) = self.line() {
            line.task.store(task, Ordering::Relaxed);
            line.kind.store(kind, Ordering::Relaxed);
            line.attempt.store(attempt, Ordering::Relaxed);
            line.started_ns.store(now_ns, Ordering::Relaxed);
            line.state
                .store(WorkerState::Busy as u32, Ordering::Relaxed);
        }
    }

    /// Shows that the task which began last has ended at `now_ns`.
    pub fn end(&self, now_ns: u64) {
        if let Some(line) = self.line() {
            let began = line.started_ns.load(Ordering::Relaxed);
            let busy = line.busy_ns.load(Ordering::Relaxed) + now_ns.saturating_sub(began);
            line.busy_ns.store(busy, Ordering::Relaxed);
            let done = line.done.load(Ordering::Relaxed) + 1;
            line.done.store(done, Ordering::Relaxed);
        }
    }

    /// Shows that the worker waits for work.
    pub fn rest(&self) {
        if let Some(line) = self.line() {
            line.state
                .store(WorkerState::Idle as u32, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_master_sees_what_a_worker_writes() {
        let board = Board::create("test").unwrap();
        let line = BoardLine::open(board.name(), 3, 4711).unwrap();
        assert_eq!(board.state(3), WorkerState::Starting);
        line.begin(9, 1, 1, 100);
        assert_eq!(board.state(3), WorkerState::Busy);
        line.end(250);
        line.rest();
        assert_eq!(
            (board.state(3), board.tasks_done(3)),
            (WorkerState::Idle, 1)
        );
        board.mark_absent(3);
        assert_eq!(board.state(3), WorkerState::Absent);
    }

    #[test]
    fn the_name_is_gone_with_the_board_and_not_with_a_reader() {
        let board = Board::create("test").unwrap();
        let path = Path::new("/dev/shm").join(board.name());
        drop(BoardLine::open(board.name(), 0, 1).unwrap());
        assert!(path.exists());
        drop(board);
        assert!(!path.exists());
    }

    #[test]
    fn a_line_beyond_the_board_and_a_board_that_is_gone_are_errors() {
        let board = Board::create("test").unwrap();
        assert!(matches!(
            BoardLine::open(board.name(), LINES, 1),
            Err(BoardError::TooManyWorkers)
        ));
        let name = board.name().to_owned();
        drop(board);
        assert!(BoardLine::open(&name, 0, 1).is_err());
    }
}
