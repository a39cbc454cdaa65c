//! The status board: what each worker of a pool does right now, in named shared memory that anybody of the
//! same user can look at.
//!
//! A page of header, then a cache line per worker. Workers write their own line; nobody depends on what it
//! says (claims in the [`Lane`](super::Lane) decide who is to blame), so a scribbled board harms no task.

mod memory;
mod view;

use std::sync::atomic::Ordering;

use super::sweep::BoardName;
use memory::{LINES, Line, Mapping};

pub use memory::WorkerState;
pub use view::{BoardView, LineView, boards};

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
    /// Makes a board under a fresh name, its memory reserved. `title` says what the pool is for, `now_ns` is
    /// the monotonic clock's time.
    ///
    /// # Errors
    /// [`BoardError::Create`] when `/dev/shm` is full, read-only or missing.
    pub fn create(title: &str, workers: usize, now_ns: u64) -> Result<Self, BoardError> {
        Self::create_named(&Self::next_name()?, title, workers, now_ns)
    }

    /// A name for a further board of this process.
    ///
    /// # Errors
    /// [`BoardError::Create`] when `/proc` is not there.
    pub fn next_name() -> Result<BoardName, BoardError> {
        BoardName::next_of_this_process().map_err(|error| BoardError::Create(error.to_string()))
    }

    /// Makes a board of that name; otherwise as [`create`](Self::create).
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_named(
        name: &BoardName,
        title: &str,
        workers: usize,
        now_ns: u64,
    ) -> Result<Self, BoardError> {
        let name = name.to_string();
        let mapping = Mapping::create(&name, |header| {
            header.set_title(title);
            header.started_ns.store(now_ns, Ordering::Relaxed);
            header.workers.store(count(workers), Ordering::Relaxed);
        });
        let mapping = mapping.map_err(BoardError::Create)?;
        Ok(Self { mapping, name })
    }

    /// Shows how many workers the pool wants from now on.
    pub fn set_workers(&self, workers: usize) {
        let wanted = &self.mapping.header().workers;
        wanted.store(count(workers), Ordering::Relaxed);
    }

    /// Shows the names of the task kinds, in the order of their numbers. Only the first call counts: all
    /// workers of a pool are of one executable.
    ///
    /// They stand here once, and not in each worker's line, because a line is a cache line that a worker
    /// writes for every task: a number is all that it can afford.
    pub fn name_kinds<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        self.mapping.header().set_kinds(names);
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

fn count(workers: usize) -> u32 {
    u32::try_from(workers).unwrap_or(u32::MAX)
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
        let mapping = Mapping::open(name).map_err(|reason| BoardError::Open {
            name: name.into(),
            reason,
        })?;
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
            // First, so that whoever looks now does not count this task's time twice.
            line.started_ns.store(now_ns, Ordering::Relaxed);
            let busy = line.busy_ns.load(Ordering::Relaxed);
            let busy = busy.saturating_add(now_ns.saturating_sub(began));
            line.busy_ns.store(busy, Ordering::Release);
            let done = line.done.load(Ordering::Relaxed).saturating_add(1);
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
    use std::path::Path;

    use super::*;

    #[test]
    fn the_master_sees_what_a_worker_writes() {
        let board = Board::create("test", 4, 1).unwrap();
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
        let board = Board::create("test", 4, 1).unwrap();
        let path = Path::new("/dev/shm").join(board.name());
        drop(BoardLine::open(board.name(), 0, 1).unwrap());
        assert!(path.exists());
        drop(board);
        assert!(!path.exists());
    }

    #[test]
    fn a_line_beyond_the_board_and_a_board_that_is_gone_are_errors() {
        let board = Board::create("test", 4, 1).unwrap();
        assert!(matches!(
            BoardLine::open(board.name(), LINES, 1),
            Err(BoardError::TooManyWorkers)
        ));
        let name = board.name().to_owned();
        drop(board);
        assert!(BoardLine::open(&name, 0, 1).is_err());
    }
}
