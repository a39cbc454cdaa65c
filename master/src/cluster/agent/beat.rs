//! What a host says of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::Event as NatsEvent;
use tokio::{sync::watch, time::timeout};

use super::{
    super::{
        data::Cache,
        link::Link,
        names::fits,
        wire::{Description, HostBeat, encode_greeted},
    },
    Agent, MakePool, Tell, Told,
};
use crate::pool::internals::lock;

/// The most chunks and refused jobs that a host tells of.
const MOST_TOLD: usize = 4096;

/// A beat that does not leave in this time is dropped; another follows.
const PATIENCE: Duration = Duration::from_secs(1);

/// What all parts of an agent share.
pub(super) struct Me {
    pub(super) id: String,
    pub(super) slots: usize,
    patterns: Vec<String>,
    allows_run: bool,
    pub(super) cache: Cache,
    pub(super) make_pool: MakePool,
    tell: Tell,
    pub(super) draining: watch::Receiver<bool>,
    pub(super) done: AtomicU64,
    /// Of which job and master, and which chunk.
    pub(super) in_hand: Mutex<BTreeSet<(String, u64, u64)>>,
    refused: Mutex<BTreeMap<String, String>>,
    trouble: Mutex<Option<String>>,
}

impl fmt::Debug for Me {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Me")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Me {
    pub(super) fn new(agent: &Agent, id: String, cache: Cache) -> Self {
        Self {
            id,
            slots: agent.slots,
            patterns: agent.patterns.clone(),
            allows_run: agent.allows_run,
            cache,
            make_pool: Arc::clone(&agent.make_pool),
            tell: Arc::clone(&agent.tell),
            draining: agent.control.0.subscribe(),
            done: AtomicU64::new(0),
            in_hand: Mutex::default(),
            refused: Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    pub(super) fn tell(&self, told: Told) {
        (self.tell)(told);
    }

    pub(super) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Why this host takes nothing of a job, if it does not.
    pub(super) fn objection(&self, job: &str, description: &Description) -> Option<String> {
        let fits_one = self.patterns.iter().any(|pattern| fits(pattern, job));
        if !self.patterns.is_empty() && !fits_one {
            return Some(format!(
                "it takes only jobs such as {}",
                self.patterns.join(", ")
            ));
        }
        (description.starts_processes && !self.allows_run)
            .then(|| "it runs no commands of others; `master join --allow-run` lets it".to_owned())
    }

    /// Takes nothing of a job from now on.
    pub(super) fn refuse(&self, job: &str, reason: String) {
        let old = lock(&self.refused).insert(job.to_owned(), reason.clone());
        if old.as_ref() != Some(&reason) {
            let job = job.to_owned();
            self.tell(Told::JobRefused { job, reason });
        }
    }

    /// A job has ended.
    pub(super) fn forget(&self, job: &str) {
        lock(&self.refused).remove(job);
    }

    /// Something keeps results from being given, or does so no more.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        let mut own = lock(&self.trouble);
        if let Some(trouble) = &trouble
            && own.is_none()
        {
            self.tell(Told::Trouble(format!(
                "the NATS server does not take results: {trouble}; trying again"
            )));
        }
        *own = trouble;
    }

    /// Says what there is to be said.
    pub(super) async fn say(&self, link: &Link, is_leaving: bool) {
        let beat = HostBeat {
            name: self.id.clone(),
            pid: std::process::id(),
            slots: u32::try_from(self.slots).unwrap_or(u32::MAX),
            allows_run: self.allows_run,
            is_draining: self.is_draining(),
            is_leaving,
            done: self.done.load(Ordering::Relaxed),
            in_hand: lock(&self.in_hand)
                .iter()
                .take(MOST_TOLD)
                .cloned()
                .collect(),
            refused: lock(&self.refused)
                .iter()
                .take(MOST_TOLD)
                .map(|(job, reason)| (job.clone(), reason.clone()))
                .collect(),
            trouble: lock(&self.trouble).clone(),
        };
        let subject = format!("brigade.host.{}", self.id);
        let said = link.client.publish(subject, encode_greeted(&beat).into());
        let _ = timeout(PATIENCE, said).await;
    }

    /// What becomes of the connection is told.
    pub(super) fn watcher(self: &Arc<Self>) -> impl Fn(NatsEvent) + Send + Sync + 'static {
        let me = Arc::clone(self);
        let is_lost = AtomicBool::new(false);
        move |event| match event {
            NatsEvent::Disconnected
                if !is_lost.swap(true, Ordering::Relaxed) && !me.is_draining() =>
            {
                me.tell(Told::Trouble(
                    "the connection to the NATS server is lost; waiting for it to come back".into(),
                ));
            }
            NatsEvent::Connected if is_lost.swap(false, Ordering::Relaxed) => {
                me.tell(Told::Trouble("the NATS server is back".into()));
            }
            NatsEvent::ServerError(error) => {
                me.tell(Told::Trouble(format!("the NATS server says: {error}")));
            }
            _ => {}
        }
    }
}
