//! Whether all goes well: hosts that are there, results that keep coming, chunks that are not lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::jetstream::stream::Stream;

use super::{
    super::{
        error::is_full,
        link::{PATIENCE, within},
        names::HOSTS,
    },
    Shared,
    hosts::Hosts,
    setup::Ready,
};
use crate::pool::internals::lock;

/// Without a result for so long, they are read afresh.
const QUIET: Duration = Duration::from_secs(5);

/// Without a host for so long, the user hears of it.
const ALONE: Duration = Duration::from_secs(3);

/// Without room for results for so long, there is none.
const FULL: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Check {
    shared: Arc<Shared>,
    tasks: Stream,
    patience: Duration,
    began: Instant,
    has_warned: bool,
    last_reread: Instant,
    last_again: Instant,
}

impl Check {
    pub(super) fn new(ready: &Ready, shared: &Arc<Shared>) -> Self {
        let now = Instant::now();
        Self {
            shared: Arc::clone(shared),
            tasks: ready.tasks.clone(),
            patience: ready.patience,
            began: now,
            has_warned: false,
            last_reread: now,
            last_again: now,
        }
    }

    /// Looks at the hosts.
    pub(super) fn look(&mut self, hosts: &mut Hosts) {
        let now = Instant::now();
        for event in hosts.sweep(now) {
            self.shared.tell(event);
        }
        let is_new = {
            let mut state = lock(&self.shared.state);
            std::mem::replace(&mut state.slots, hosts.slots()) != hosts.slots()
        };
        if is_new {
            self.shared.bell.notify_one();
        }
        if hosts.is_empty() {
            if !self.has_warned && now.saturating_duration_since(self.began) > ALONE {
                self.has_warned = true;
                self.shared.warn(
                    "warning: no host takes tasks of this job; start one with `master join` and the same address",
                );
            }
        } else {
            self.has_warned = false;
            self.began = now;
        }
    }

    /// Whether so much time has passed without a result that something may be wrong.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let state = lock(&self.shared.state);
        let is_quiet = now.saturating_duration_since(state.last_news) > QUIET;
        is_quiet
            && now.saturating_duration_since(self.last_reread) > QUIET
            && state.chunks.values().any(|sent| sent.is_published)
    }

    /// Reads results afresh, and has sent again what nobody works on.
    pub(super) async fn act(&mut self, is_alone: bool, has_in_hand: bool, trouble: Option<String>) {
        let now = Instant::now();
        self.last_reread = now;
        self.shared.reread.notify_one();
        let quiet = now.saturating_duration_since(lock(&self.shared.state).last_news);
        if let Some(trouble) = trouble.filter(|trouble| is_full(trouble) && quiet > FULL) {
            let reason = format!(
                "the NATS server has no room for results: {trouble}; give it more (max_file_store in its configuration), or remove old jobs with `master cluster clean`"
            );
            return self
                .shared
                .change(|state, wakes| state.give_up(reason, wakes));
        }
        let Some(left) = self.left().await else {
            return;
        };
        let is_lost = left == 0 || quiet > 2 * self.patience;
        let is_time = now.saturating_duration_since(self.last_again) > self.patience.min(QUIET);
        if is_alone || has_in_hand || !is_lost || !is_time {
            return;
        }
        self.last_again = now;
        let before = now.checked_sub(QUIET).unwrap_or(now);
        let parcels = self.shared.change(|state, _| state.again(before));
        if !parcels.is_empty() {
            let count = parcels.len();
            self.shared.warn(format!(
                "{count} chunks of tasks were lost by the NATS server; they are sent again"
            ));
            let mut again = lock(&self.shared.again);
            again.extend(parcels);
            self.shared.bell.notify_one();
        }
    }

    /// Chunks that wait for a host or for its answer; `None` while the server does not say.
    async fn left(&self) -> Option<u64> {
        match within("describe a stream", PATIENCE, self.tasks.get_info()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                let reason = super::super::publish::whole(&error);
                if reason.contains("not found") {
                    let reason = "its streams are gone: it was cancelled elsewhere, or the server has lost its store".to_owned();
                    self.shared
                        .change(|state, wakes| state.give_up(reason, wakes));
                }
                return None;
            }
            Err(_) => return None,
        }
        let info = self.tasks.consumer_info(HOSTS);
        let info = within("describe a consumer", PATIENCE, info)
            .await
            .ok()?
            .ok()?;
        Some(info.num_pending + info.num_ack_pending as u64)
    }
}
