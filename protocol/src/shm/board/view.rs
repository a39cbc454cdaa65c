//! A status board as anybody sees it who looks from outside.

use std::sync::atomic::Ordering;

use super::{
    BoardError, WorkerState,
    memory::{LINES, Line, Mapping},
};
use crate::shm::sweep::{BoardName, names};

/// Looks at the board of some pool. Nothing that is seen can be relied on: the pool goes on meanwhile.
pub struct BoardView {
    mapping: Mapping,
    name: BoardName,
}

impl std::fmt::Debug for BoardView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoardView")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a worker's line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineView {
    /// Number of the worker in its pool, from 0.
    pub index: usize,
    /// Its process id.
    pub pid: u32,
    /// What it is doing.
    pub state: WorkerState,
    /// Number of the task it is at or was at last.
    pub task: u64,
    /// Kind of that task.
    pub kind: u32,
    /// Which attempt that is, from 1.
    pub attempt: u32,
    /// When that task began, by the monotonic clock.
    pub started_ns: u64,
    /// How many tasks have been done under this number.
    pub done: u64,
    /// How long all tasks under this number have taken, the running one left out.
    pub busy_ns: u64,
}

/// The boards of this user's living pools on this host, the oldest first. Those that go away meanwhile, or are
/// of another version, are left out.
#[must_use]
pub fn boards() -> Vec<BoardView> {
    let boards = names().into_iter();
    let mut boards: Vec<BoardView> = boards
        .filter_map(|name| BoardView::open(name).ok())
        .collect();
    boards.sort_by_key(|board| (board.started_ns(), board.master(), board.name.number()));
    boards
}

impl BoardView {
    /// Opens the board of this name.
    ///
    /// # Errors
    /// [`BoardError::Open`] when it is gone or of another version.
    pub fn open(name: BoardName) -> Result<Self, BoardError> {
        match Mapping::open(&name.to_string()) {
            Ok(mapping) => Ok(Self { mapping, name }),
            Err(reason) => Err(BoardError::Open {
                name: name.to_string(),
                reason,
            }),
        }
    }

    /// Process id of the master.
    #[must_use]
    pub fn master(&self) -> i32 {
        self.name.pid()
    }

    /// Which of its master's pools this is, from 0.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.name.number()
    }

    /// What the pool is for.
    #[must_use]
    pub fn title(&self) -> String {
        self.mapping.header().title()
    }

    /// How many workers the pool wants.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.mapping.header().workers.load(Ordering::Relaxed) as usize
    }

    /// When the pool started, by the monotonic clock.
    #[must_use]
    pub fn started_ns(&self) -> u64 {
        self.mapping.header().started_ns.load(Ordering::Relaxed)
    }

    /// The names of the task kinds, in the order of their numbers; none before the first worker is there.
    #[must_use]
    pub fn kinds(&self) -> Vec<String> {
        self.mapping.header().kinds()
    }

    /// The workers that are there, in the order of their numbers.
    pub fn lines(&self) -> impl Iterator<Item = LineView> {
        (0..LINES)
            .filter_map(|index| Some(look(index, self.mapping.line(index)?)))
            .filter(|line| line.state != WorkerState::Absent)
    }
}

fn look(index: usize, line: &Line) -> LineView {
    // Before the start of the task: a task that ends in between counts too little, and never twice.
    let busy_ns = line.busy_ns.load(Ordering::Acquire);
    LineView {
        index,
        pid: line.pid.load(Ordering::Relaxed),
        state: WorkerState::from_number(line.state.load(Ordering::Relaxed)),
        task: line.task.load(Ordering::Relaxed),
        kind: line.kind.load(Ordering::Relaxed),
        attempt: line.attempt.load(Ordering::Relaxed),
        started_ns: line.started_ns.load(Ordering::Relaxed),
        done: line.done.load(Ordering::Relaxed),
        busy_ns,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    /// This process's board as `boards` finds it.
    fn seen(board: &Board) -> BoardView {
        let is_it = |view: &BoardView| view.name.to_string() == board.name();
        boards().into_iter().find(is_it).unwrap()
    }

    #[test]
    fn whoever_looks_sees_the_pool_and_its_workers() {
        let board = Board::create(&"long title ".repeat(20), 8, 77).unwrap();
        let view = seen(&board);
        assert_eq!(view.master(), std::process::id().cast_signed());
        assert!("long title ".repeat(20).starts_with(&view.title()));
        assert_eq!(view.title().len(), 64);
        assert_eq!((view.workers(), view.started_ns()), (8, 77));
        assert_eq!((view.kinds(), view.lines().count()), (vec![], 0));

        board.set_workers(3);
        board.name_kinds(["echo", "tune.block"]);
        board.name_kinds(["something else"]);
        assert_eq!(view.workers(), 3);
        assert_eq!(view.kinds(), ["echo", "tune.block"]);

        let line = BoardLine::open(board.name(), 2, 4711).unwrap();
        line.begin(9, 1, 3, 100);
        line.end(150);
        line.begin(10, 1, 1, 150);
        let expected = LineView {
            index: 2,
            pid: 4711,
            state: WorkerState::Busy,
            task: 10,
            kind: 1,
            attempt: 1,
            started_ns: 150,
            done: 1,
            busy_ns: 50,
        };
        assert!(view.lines().eq([expected]));
        let name = view.name.clone();
        drop(board);
        assert!(BoardView::open(name).is_err());
    }

    #[test]
    fn names_of_kinds_beyond_the_room_are_left_out() {
        let board = Board::create("test", 1, 0).unwrap();
        let names: Vec<String> = (0..1000).map(|n| format!("kind number {n}")).collect();
        board.name_kinds(names.iter().map(String::as_str));
        let shown = seen(&board).kinds();
        assert!(shown.len() > 200 && names.starts_with(&shown));
    }

    #[test]
    fn titles_are_cut_between_characters() {
        let board = Board::create(&"é".repeat(100), 1, 0).unwrap();
        assert_eq!(seen(&board).title(), "é".repeat(32));
    }
}
