//! What all pools are doing, looked at again and again by one thread for everybody who watches.

use std::{
    collections::{HashMap, VecDeque},
    process,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use axum::body::Bytes;
use tokio::sync::watch;

use super::{
    log::{LogSource, LogView},
    tunes::Tunes,
};
use crate::{
    jobs::ps::Lookout,
    report::{
        ps::{PoolRow, PsReport},
        serve::status_frame,
    },
    web::ServerControl,
};

/// How often to look.
const PERIOD: Duration = Duration::from_secs(1);

/// How often to see whether the end has come.
const LOOK: Duration = Duration::from_millis(50);

/// Samples that are shown: two minutes.
const SAMPLES: usize = 120;

/// One look.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sample {
    /// Tasks that were done, in all pools, in a second.
    pub(crate) rate: f64,
    /// Tasks of this server's tunes that are not done.
    pub(crate) queued: usize,
    pub(crate) workers: usize,
    pub(crate) busy: usize,
}

/// What was seen lately.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    pub(crate) ps: PsReport,
    /// The newest last.
    pub(crate) samples: VecDeque<Sample>,
    pub(crate) logs: Option<LogView>,
    /// This process, to tell its pools from others.
    pub(crate) own: u32,
}

/// Looks, and tells.
pub(super) struct Lookouts {
    pub(super) tunes: Arc<Tunes>,
    pub(super) logs: Option<LogSource>,
    pub(super) activity: watch::Sender<Arc<Activity>>,
    /// The same as an event, made once for all streams.
    pub(super) frames: watch::Sender<Bytes>,
}

impl Lookouts {
    /// Looks once a second until the end.
    pub(super) fn watch(self, control: &ServerControl) {
        let mut lookout = Lookout::default();
        let mut tasks = Tasks::default();
        let mut samples = VecDeque::with_capacity(SAMPLES);
        while !control.is_ending() {
            let began = Instant::now();
            let ps = lookout.look();
            if samples.len() == SAMPLES {
                samples.pop_front();
            }
            samples.push_back(self.sample(&ps, &mut tasks));
            let activity = Activity {
                ps,
                samples: samples.clone(),
                logs: self.logs.as_ref().map(LogSource::view),
                own: process::id(),
            };
            self.frames.send_replace(status_frame(&activity));
            self.activity.send_replace(Arc::new(activity));
            while began.elapsed() < PERIOD && !control.is_ending() {
                thread::sleep(LOOK);
            }
        }
    }

    fn sample(&self, ps: &PsReport, tasks: &mut Tasks) -> Sample {
        let workers = || ps.pools.iter().flat_map(|pool| &pool.workers);
        let tuned = self.tunes.done.load(Relaxed);
        Sample {
            rate: tasks.rate(&ps.pools, tuned),
            queued: self.tunes.open_tasks(),
            workers: workers().count(),
            busy: workers()
                .filter(|worker| worker.state_at_work() == "busy")
                .count(),
        }
    }
}

/// Tasks that were done by the last look.
#[derive(Debug, Default)]
struct Tasks {
    /// By master, pool and worker, of other masters.
    done: HashMap<(i32, u32, usize), u64>,
    tuned: u64,
    at: Option<Instant>,
}

impl Tasks {
    /// How many were done in a second since the last look. Of this process, tunes are counted by themselves: they may
    /// begin and end between two looks.
    fn rate(&mut self, pools: &[PoolRow], tuned: u64) -> f64 {
        let own = i32::try_from(process::id()).unwrap_or(0);
        let now = Instant::now();
        let done: HashMap<_, _> = pools
            .iter()
            .filter(|pool| pool.master != own)
            .flat_map(|pool| {
                let of_pool = (pool.master, pool.number);
                pool.workers
                    .iter()
                    .map(move |worker| ((of_pool.0, of_pool.1, worker.number), worker.done))
            })
            .collect();
        // What a pool had done before it was first seen was done at another time.
        let others: u64 = done
            .iter()
            .filter_map(|(key, done)| Some(done.saturating_sub(*self.done.get(key)?)))
            .sum();
        let count = others + tuned.saturating_sub(self.tuned);
        let time = self.at.map_or(Duration::ZERO, |at| now - at);
        (self.done, self.tuned, self.at) = (done, tuned, Some(now));
        if time.is_zero() {
            return 0.0;
        }
        count as f64 / time.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ps::WorkerRow;

    fn pool(master: i32, done: u64) -> PoolRow {
        PoolRow {
            title: "x".to_owned(),
            number: 1,
            master,
            wanted: 1,
            age: Duration::ZERO,
            workers: vec![WorkerRow {
                number: 1,
                pid: 1,
                state: "busy",
                kind: None,
                task: None,
                attempt: None,
                running: None,
                done,
                busy: 0.0,
                cpu: None,
                resident_bytes: None,
                private_bytes: None,
            }],
        }
    }

    #[test]
    fn only_what_was_done_between_two_looks_counts() {
        let mut tasks = Tasks::default();
        assert!(tasks.rate(&[pool(1, 500)], 7).abs() < f64::EPSILON);
        thread::sleep(Duration::from_millis(20));
        let rate = tasks.rate(&[pool(1, 600), pool(2, 9_000_000)], 8);
        // 101 tasks in 20 ms or more.
        assert!(rate > 0.0 && rate <= 101.0 / 0.02, "{rate}");
        thread::sleep(Duration::from_millis(1));
        let rate = tasks.rate(&[pool(1, 10)], 8);
        assert!(
            rate.abs() < f64::EPSILON,
            "another pool under the same number: {rate}"
        );
    }
}
