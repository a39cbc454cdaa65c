//! The tunes of a server: how many may run, and what becomes of those that nobody watches.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use brigade_protocol::jobs::tune::SAMPLES;

use super::tune::Tune;
use crate::{
    cli::{Common, Narrator, signals},
    jobs::tune::{Gather, Job, Told},
};

/// Tunes that are remembered after their end.
const KEPT: usize = 16;

/// How often to look for tunes that should end.
const LOOK: Duration = Duration::from_millis(100);

/// How long tunes may take to end when the server does.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How many tunes may run, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct TuneLimits {
    pub(super) at_a_time: usize,
    pub(super) time: Duration,
    pub(super) grace: Duration,
}

/// Why a tune is not begun.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotBegun {
    #[error(
        "as many tunes run as may at a time ({0}); try again when one has ended, or cancel one"
    )]
    Busy(usize),
    #[error("the server is about to end")]
    Ending,
    #[error(
        "cannot start a thread for the tune: {0}; the limits of processes (ulimit -u) and of memory may be reached"
    )]
    Thread(std::io::Error),
}

/// All tunes.
pub(crate) struct Tunes {
    common: Common,
    narrator: Narrator,
    limits: TuneLimits,
    inner: Mutex<Inner>,
    /// Tasks that were done, of all tunes.
    pub(super) done: AtomicU64,
    pub(super) begun: AtomicU64,
}

#[derive(Default)]
struct Inner {
    last: u64,
    all: VecDeque<Arc<Tune>>,
    is_ending: bool,
}

impl Tunes {
    pub(super) fn new(common: Common, narrator: Narrator, limits: TuneLimits) -> Self {
        Self {
            common,
            narrator,
            limits,
            inner: Mutex::default(),
            done: AtomicU64::new(0),
            begun: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many workers a tune gets.
    pub(super) fn workers(&self) -> usize {
        self.common.workers()
    }

    /// All that are remembered, the newest first.
    pub(super) fn all(&self) -> Vec<Arc<Tune>> {
        self.lock().all.iter().rev().cloned().collect()
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<Tune>> {
        self.lock().all.iter().find(|tune| tune.id == id).cloned()
    }

    pub(super) fn running(&self) -> usize {
        self.lock().running()
    }

    /// Tasks of running tunes that are not done.
    pub(super) fn open_tasks(&self) -> usize {
        self.all().iter().map(|tune| tune.open_tasks()).sum()
    }

    /// Whether another tune may begin. It may be otherwise a moment later.
    pub(super) fn check(&self) -> Result<(), NotBegun> {
        self.lock().check(self.limits)
    }

    /// Begins a tune, with a pool and a thread of its own.
    pub(super) fn begin(self: &Arc<Self>, job: Job, is_kept: bool) -> Result<Arc<Tune>, NotBegun> {
        let mut inner = self.lock();
        inner.check(self.limits)?;
        inner.last += 1;
        let tune = Arc::new(Tune::new(inner.last, &job, is_kept));
        let (tunes, carried) = (Arc::clone(self), Arc::clone(&tune));
        thread::Builder::new()
            .name(format!("tune-{}", tune.id))
            .spawn(move || {
                let result = tunes.carry_out(&carried, &job).map(|gather| (gather, job));
                carried.end(result);
            })
            .map_err(NotBegun::Thread)?;
        inner.all.push_back(Arc::clone(&tune));
        inner.forget();
        self.begun.fetch_add(1, Relaxed);
        Ok(tune)
    }

    /// The same steps as of `master tune`.
    fn carry_out(&self, tune: &Tune, job: &Job) -> Result<Gather, String> {
        let segment = job.segment().map_err(|error| error.to_string())?;
        let title = format!("tune {}", tune.id);
        let pool = self
            .common
            .pool(&title, &self.narrator)
            .share(SAMPLES, segment.fd())
            .map_err(|error| error.to_string())?
            .start()
            .map_err(|error| error.to_string())?;
        let _attached = signals::attach_while(&pool);
        if !tune.hold(pool.control()) {
            pool.terminate();
            return Err("it was cancelled before it began".to_owned());
        }
        let scored = job.score(&pool, &mut |told| match told {
            Told::Block(gather) => {
                self.done.fetch_add(1, Relaxed);
                tune.block(gather);
            }
            Told::Lost(what) => {
                self.narrator
                    .say(&format!("error: tune {}: {what}", tune.id));
                tune.lost(what);
            }
        });
        match scored {
            Ok((gather, _)) => {
                pool.join();
                Ok(gather)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Ends what nobody watches, and what takes too long, until the end.
    pub(super) fn keep(&self) {
        while !self.lock().is_ending {
            thread::sleep(LOOK);
            for tune in self.all() {
                if let Some(why) = tune.overdue(self.limits.grace, self.limits.time) {
                    tune.cancel(&why);
                }
            }
        }
    }

    /// Cancels all, takes no more, and waits until their workers have ended.
    pub(super) fn end(&self) {
        self.lock().is_ending = true;
        for tune in self.all() {
            tune.cancel("the server has ended");
        }
        let deadline = Instant::now() + LAST_WORDS;
        while self.running() > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Inner {
    fn running(&self) -> usize {
        self.all.iter().filter(|tune| tune.is_running()).count()
    }

    fn check(&self, limits: TuneLimits) -> Result<(), NotBegun> {
        match self.running() {
            _ if self.is_ending => Err(NotBegun::Ending),
            running if running >= limits.at_a_time => Err(NotBegun::Busy(running)),
            _ => Ok(()),
        }
    }

    /// Forgets the oldest that have ended, beyond those that are kept.
    fn forget(&mut self) {
        while self.all.len() > KEPT {
            let Some(oldest) = self.all.iter().position(|tune| !tune.is_running()) else {
                return;
            };
            self.all.remove(oldest);
        }
    }
}
