//! One tune: what is known of it at any moment, and who watches it.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::body::Bytes;
use brigade::Control;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    jobs::tune::{Gather, Grid, Job, Known, Metric},
    report::tune::TuneReport,
};

/// How often the cells are worked out while results come, and told to all who watch.
const LOOK: Duration = Duration::from_millis(150);

/// How far a tune has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Running,
    Done,
    Cancelled,
    Failed,
}

/// What was to be done, for whoever shows it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) data: String,
    pub(crate) rows: usize,
    pub(crate) features: usize,
    pub(crate) classes: usize,
    pub(crate) split: String,
    pub(crate) scale: String,
    pub(crate) weights: String,
    pub(crate) metric: Metric,
    pub(crate) grid: Grid,
    /// Whether it goes on when nobody watches.
    pub(crate) is_kept: bool,
}

/// A tune that runs, or has run.
#[derive(Debug)]
pub(crate) struct Tune {
    pub(crate) id: u64,
    pub(crate) asked: Asked,
    began: Instant,
    watchers: AtomicUsize,
    inner: Mutex<Inner>,
    /// Counts changes.
    changed: watch::Sender<u64>,
    /// The event made last, and between which versions it leads: most streams want the same.
    frame: Mutex<Option<(Option<u64>, u64, Bytes)>>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    why: Option<String>,
    /// Of each cell, with the number of the change in which it became so.
    cells: Vec<(Known, u64)>,
    tasks: usize,
    done: usize,
    fraction: f64,
    lost: Vec<String>,
    looked: Option<Instant>,
    elapsed: Option<Duration>,
    report: Option<Arc<TuneReport>>,
    control: Option<Control>,
    /// Why it is to end, if it is.
    stop: Option<String>,
    seen: Instant,
}

/// A tune at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    pub(crate) state: State,
    pub(crate) why: Option<String>,
    /// What is known of each cell, in grid order: k outer, distance inner; and in which version it became so.
    pub(crate) cells: Vec<(Known, u64)>,
    pub(crate) fraction: f64,
    pub(crate) lost: Vec<String>,
    pub(crate) elapsed: Duration,
    pub(crate) report: Option<Arc<TuneReport>>,
}

/// Somebody who watches a tune.
#[derive(Debug)]
pub(crate) struct Watcher(Arc<Tune>);

impl Watcher {
    pub(super) fn new(tune: Arc<Tune>) -> Self {
        tune.watchers.fetch_add(1, Relaxed);
        Self(tune)
    }

    pub(super) fn tune(&self) -> &Tune {
        &self.0
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.see();
        self.0.watchers.fetch_sub(1, Relaxed);
    }
}

impl Tune {
    pub(super) fn new(id: u64, job: &Job, is_kept: bool) -> Self {
        let now = Instant::now();
        Self {
            id,
            asked: Asked {
                data: job.table.source.clone(),
                rows: job.table.rows(),
                features: job.table.width,
                classes: job.table.class_names.len(),
                split: job.terms.split.to_string(),
                scale: job.terms.scale.to_string(),
                weights: job.terms.weights.to_string(),
                metric: job.metric,
                grid: job.grid.clone(),
                is_kept,
            },
            began: now,
            watchers: AtomicUsize::new(0),
            inner: Mutex::new(Inner {
                state: State::Running,
                why: None,
                cells: vec![(Known::default(), 0); job.grid.cells()],
                tasks: job.tasks(),
                done: 0,
                fraction: 0.0,
                lost: Vec::new(),
                looked: None,
                elapsed: None,
                report: None,
                control: None,
                stop: None,
                seen: now,
            }),
            changed: watch::channel(0).0,
            frame: Mutex::default(),
        }
    }

    /// What has changed since a version, as an event, and the version to which it leads. It is made once however many
    /// ask for it.
    pub(super) fn frame(
        &self,
        since: Option<u64>,
        make: fn(&Self, Option<u64>, &Snapshot) -> Bytes,
    ) -> (u64, Bytes) {
        let mut last = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        let version = *self.changed.borrow();
        if let Some((from, to, frame)) = &*last
            && (*from, *to) == (since, version)
        {
            return (version, frame.clone());
        }
        let now = self.snapshot();
        let frame = make(self, since, &now);
        *last = Some((since, now.version, frame.clone()));
        (now.version, frame)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has looked at it.
    pub(super) fn see(&self) {
        self.lock().seen = Instant::now();
    }

    /// Who is told of changes.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().state == State::Running
    }

    /// Tasks that are not done.
    pub(super) fn open_tasks(&self) -> usize {
        let inner = self.lock();
        match inner.state {
            State::Running => inner.tasks.saturating_sub(inner.done),
            _ => 0,
        }
    }

    /// How it stands.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let inner = self.lock();
        Snapshot {
            version: *self.changed.borrow(),
            state: inner.state,
            why: inner.why.clone(),
            cells: inner.cells.clone(),
            fraction: inner.fraction,
            lost: inner.lost.clone(),
            elapsed: inner.elapsed.unwrap_or_else(|| self.began.elapsed()),
            report: inner.report.clone(),
        }
    }

    /// Ends it, if it runs.
    pub(super) fn cancel(&self, why: &str) {
        let control = {
            let mut inner = self.lock();
            if inner.state != State::Running || inner.stop.is_some() {
                return;
            }
            inner.stop = Some(why.to_owned());
            inner.control.clone()
        };
        if let Some(control) = control {
            control.terminate();
        }
    }

    /// Why it should end by itself: nobody watches it, or it takes too long.
    pub(super) fn overdue(&self, grace: Duration, limit: Duration) -> Option<String> {
        let inner = self.lock();
        if inner.state != State::Running {
            return None;
        }
        if self.began.elapsed() > limit {
            return Some(format!("it took longer than {limit:?}"));
        }
        let is_alone = self.watchers.load(Relaxed) == 0 && inner.seen.elapsed() > grace;
        (is_alone && !self.asked.is_kept).then(|| "nobody watched it any more".to_owned())
    }

    /// Takes the reins of the pool that works for it; whether it is still wanted.
    pub(super) fn hold(&self, control: Control) -> bool {
        let mut inner = self.lock();
        inner.control = Some(control);
        inner.stop.is_none()
    }

    /// A block of testing samples is done.
    pub(super) fn block(&self, gather: &Gather) {
        let mut inner = self.lock();
        inner.done += 1;
        inner.fraction = gather.fraction();
        if inner.looked.is_none_or(|at| at.elapsed() >= LOOK) {
            self.fill(&mut inner, &gather.known());
            inner.looked = Some(Instant::now());
        }
    }

    pub(super) fn lost(&self, what: String) {
        self.lock().lost.push(what);
    }

    /// Takes in what is known now, and tells.
    fn fill(&self, inner: &mut Inner, known: &[Known]) {
        let version = *self.changed.borrow() + 1;
        for (cell, known) in inner.cells.iter_mut().zip(known) {
            if cell.0 != *known {
                *cell = (*known, version);
            }
        }
        self.changed.send_replace(version);
    }

    /// It is over, with whatever was found.
    pub(super) fn end(&self, result: Result<(Gather, Job), String>) {
        let mut inner = self.lock();
        let elapsed = self.began.elapsed();
        inner.elapsed = Some(elapsed);
        inner.control = None;
        inner.state = match (&result, &inner.stop) {
            (_, Some(why)) => {
                inner.why = Some(why.clone());
                State::Cancelled
            }
            (Ok(_), None) if !inner.lost.is_empty() => {
                let (lost, all) = (inner.lost.len(), inner.tasks);
                inner.why = Some(format!(
                    "{lost} of {all} tasks were lost, so the best of what is known may not be the best of all"
                ));
                State::Failed
            }
            (Ok(_), None) => State::Done,
            (Err(why), None) => {
                inner.why = Some(why.clone());
                State::Failed
            }
        };
        let mut known = None;
        if let Ok((gather, job)) = result {
            inner.fraction = gather.fraction();
            known = Some(gather.known());
            inner.report = Some(Arc::new(job.report(gather, elapsed)));
        }
        let known = known.unwrap_or_else(|| inner.cells.iter().map(|cell| cell.0).collect());
        self.fill(&mut inner, &known);
    }
}
