//! The table: forks, the footman, and what everybody may know of everybody.

use std::time::Duration;

use brigade::{
    Queue,
    queue::{Consumer, QueueError},
    sync::{Array, BoundedSemaphore, Event, Mutex, SyncError},
};
use brigade_protocol::jobs::philosophers::{Manners, News, Place, Row};

/// All that lies on the table, as the master has it.
pub(super) struct Table {
    forks: Vec<Mutex<()>>,
    footman: Option<BoundedSemaphore>,
    board: Array<u64>,
    pub(super) start: Event,
    pub(super) end: Event,
    queue: Queue<News>,
    news: Consumer<News>,
    manners: Manners,
}

/// What a philosopher does, as far as it can be seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) meals: u64,
    /// The fork that it waits for, or is just taking.
    pub(super) wants: Option<u32>,
    /// Who holds that.
    pub(super) waits_for: Option<u32>,
}

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("cannot share the forks: {0}")]
    Sync(#[from] SyncError),
    #[error("cannot hear what the philosophers say: {0}")]
    Queue(#[from] QueueError),
}

impl Table {
    pub(super) fn lay(
        faculty: u32,
        manners: Manners,
        has_footman: bool,
    ) -> Result<Self, TableError> {
        let queue = Queue::builder().build()?;
        let footman = has_footman.then(|| BoundedSemaphore::new(faculty - 1));
        Ok(Self {
            forks: (0..faculty)
                .map(|_| Mutex::new(()))
                .collect::<Result<_, _>>()?,
            footman: footman.transpose()?,
            board: Array::new(&vec![0; faculty as usize * Row::WORDS])?,
            start: Event::new()?,
            end: Event::new()?,
            news: queue.consumer()?,
            queue,
            manners,
        })
    }

    pub(super) fn faculty(&self) -> u32 {
        u32::try_from(self.forks.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn manners(&self) -> &Manners {
        &self.manners
    }

    /// Where a philosopher sits.
    pub(super) fn place(&self, philosopher: u32) -> Place {
        let next = (philosopher + 1) % self.faculty();
        Place {
            philosopher,
            forks: [philosopher, next].map(|fork| self.forks[fork as usize].ticket()),
            footman: self.footman.as_ref().map(BoundedSemaphore::ticket),
            board: self.board.ticket(),
            start: self.start.ticket(),
            end: self.end.ticket(),
            news: self.queue.producer_ticket(),
            manners: self.manners,
        }
    }

    /// What somebody says, within the limit.
    pub(super) fn listen(&mut self, limit: Duration) -> Result<Option<News>, QueueError> {
        match self.news.get_timeout(limit) {
            Ok(news) => Ok(Some(news)),
            Err(QueueError::Empty) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn meals(&self, philosopher: u32) -> u64 {
        self.read(Row::Meals, philosopher)
    }

    pub(super) fn are_all_here(&self) -> bool {
        (0..self.faculty()).all(|philosopher| self.read(Row::IsHere, philosopher) != 0)
    }

    /// What a philosopher does. The fork itself says who holds it, by the number of an opening; the board says whose
    /// opening that is.
    pub(super) fn look_at(&self, philosopher: u32) -> Seen {
        let wants = self.read(Row::Wants, philosopher);
        let wants = wants
            .checked_sub(1)
            .and_then(|fork| u32::try_from(fork).ok());
        Seen {
            meals: self.meals(philosopher),
            wants,
            waits_for: wants
                .and_then(|fork| self.holder_of(fork))
                .filter(|holder| *holder != philosopher),
        }
    }

    /// The philosopher who holds a fork, and lives.
    pub(super) fn holder_of(&self, fork: u32) -> Option<u32> {
        let opening = u64::from(self.forks.get(fork as usize)?.holder()?);
        let before = (fork + self.faculty() - 1) % self.faculty();
        if self.read(Row::OwnFork, fork) == opening {
            Some(fork)
        } else {
            (self.read(Row::NextFork, before) == opening).then_some(before)
        }
    }

    fn read(&self, what: Row, philosopher: u32) -> u64 {
        self.board.get(what.of(philosopher)).unwrap_or(0)
    }
}
