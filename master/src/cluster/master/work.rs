//! A job's life on the connection's thread: chunks go out, results and beats come in, until nothing is open.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::Subscriber;
use futures_util::StreamExt;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{
    super::{
        link::Link,
        names::{ALL_HOSTS, ASK, JOBS, JobName, last_token},
        publish::Obstacle,
        wire::{MasterBeat, encode_greeted},
    },
    Shared,
    check::Check,
    hosts::Hosts,
    results,
    setup::Ready,
    state::{LINGER, Parcel},
};
use crate::pool::internals::lock;

/// A handful of submissions is waited for before they are looked at.
const GATHER: Duration = Duration::from_millis(1);

/// How often the job's state is told to whoever listens, and hosts are counted.
const TICK: Duration = Duration::from_secs(1);

/// Each step of the end may take this long.
const FAREWELL: Duration = Duration::from_secs(2);

/// Results of an earlier master come within this time, or not.
const STEP: Duration = Duration::from_secs(15);

/// What the master listens to.
struct Ears {
    hosts: Subscriber,
    ends: Subscriber,
    asks: Subscriber,
}

/// Works on the job until it is closed and done, or ended.
pub(super) async fn work(ready: Ready, shared: &Arc<Shared>, is_ready: impl FnOnce()) {
    let Some(mut ears) = listen(&ready).await else {
        let reason = "the connection to the NATS server ended".to_owned();
        return shared.change(|state, wakes| state.give_up(reason, wakes));
    };
    let (seen, mut progress) = watch::channel(0);
    let follower = tokio::spawn(results::follow(
        ready.results.clone(),
        Arc::clone(shared),
        seen,
    ));
    if lock(&shared.state).is_resumed {
        catch_up(&ready, &mut progress).await;
    }
    is_ready();
    let mut hosts = Hosts::new(&ready.job);
    let mut check = Check::new(&ready, shared);
    let mut voice = Voice::new(&ready);
    let mut sending = JoinSet::new();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let _ = ready.link.client.publish(ASK, Vec::new().into()).await;
    while !is_finished(shared) {
        let linger = if lock(&shared.state).waiting_count() > 0 {
            LINGER
        } else {
            TICK
        };
        tokio::select! {
            () = shared.bell.notified() => sleep(GATHER).await,
            Some(beat) = ears.hosts.next() => {
                if let Some(event) = hosts.take(last_token(&beat.subject), &beat.payload, Instant::now()) {
                    shared.tell(event);
                }
                check.look(&mut hosts);
            }
            Some(end) = ears.ends.next() => {
                let by = String::from_utf8_lossy(&end.payload).chars().take(80).collect::<String>();
                let reason = format!("the job was cancelled by {}", by.escape_debug());
                shared.change(|state, wakes| state.give_up(reason, wakes));
            }
            Some(_) = ears.asks.next() => voice.say(shared, true).await,
            Some(_) = sending.join_next(), if !sending.is_empty() => {}
            _ = tick.tick() => {
                check.look(&mut hosts);
                voice.say(shared, false).await;
                if check.is_due(Instant::now()) {
                    let trouble = hosts.trouble().map(str::to_owned);
                    check.act(hosts.is_empty(), hosts.has_in_hand(), trouble).await;
                }
            }
            () = sleep(linger) => {}
        }
        send(&ready, shared, &mut sending);
    }
    follower.abort();
    sending.abort_all();
    farewell(&ready).await;
}

/// Waits until what was known before is known again.
async fn catch_up(ready: &Ready, progress: &mut watch::Receiver<u64>) {
    let Ok(Ok(info)) = timeout(STEP, ready.results.get_info()).await else {
        return;
    };
    if info.state.messages == 0 {
        return;
    }
    // What does not come is done once more, and that is all.
    while *progress.borrow_and_update() < info.state.last_sequence {
        if !matches!(timeout(STEP, progress.changed()).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn is_finished(shared: &Shared) -> bool {
    let state = lock(&shared.state);
    state.is_ended || (state.is_closed && state.open() == 0)
}

async fn listen(ready: &Ready) -> Option<Ears> {
    let client = &ready.link.client;
    Some(Ears {
        hosts: client.subscribe(ALL_HOSTS).await.ok()?,
        ends: client.subscribe(ready.job.end()).await.ok()?,
        asks: client.subscribe(ASK).await.ok()?,
    })
}

/// Sends what should be sent now.
fn send(ready: &Ready, shared: &Arc<Shared>, sending: &mut JoinSet<()>) {
    loop {
        let again = lock(&shared.again).pop();
        let next = again.or_else(|| lock(&shared.state).next_parcel(Instant::now()));
        let Some(parcel) = next else {
            return;
        };
        let (link, job, shared) = (ready.link.clone(), ready.job.clone(), Arc::clone(shared));
        sending.spawn(async move { send_one(link, job, shared, parcel).await });
    }
}

async fn send_one(link: Link, job: JobName, shared: Arc<Shared>, parcel: Parcel) {
    let Parcel {
        chunk,
        attempt,
        bytes,
    } = parcel;
    let master = lock(&shared.state).master;
    let id = format!("{job}.{master:x}.{chunk}.{attempt}");
    let is_wanted = || lock(&shared.state).chunks.contains_key(&chunk);
    let mut has_warned = false;
    let tell = |obstacle: Obstacle| {
        if let Obstacle::Full(reason) = obstacle
            && !has_warned
        {
            has_warned = true;
            shared.warn(format!(
                "warning: the NATS server has no room for more tasks ({reason}); waiting for it"
            ));
        }
    };
    if link.publish(job.tasks(), &id, bytes, is_wanted, tell).await {
        shared.change(|state, _| {
            if let Some(sent) = state.chunks.get_mut(&chunk) {
                (sent.is_published, sent.at) = (true, Instant::now());
            }
        });
    }
}

/// Tells whoever listens how far the job is.
struct Voice {
    link: Link,
    job: JobName,
    name: String,
    before: (Instant, u64),
    rate: f64,
    turn: bool,
}

impl Voice {
    fn new(ready: &Ready) -> Self {
        Self {
            link: ready.link.clone(),
            job: ready.job.clone(),
            name: super::super::agent::host_name(),
            before: (Instant::now(), 0),
            rate: 0.0,
            turn: false,
        }
    }

    async fn say(&mut self, shared: &Shared, is_asked: bool) {
        let (done, submitted) = {
            let stats = lock(&shared.state).stats;
            (stats.finished + stats.lost, stats.submitted)
        };
        let now = Instant::now();
        if !is_asked {
            let seconds = (now - self.before.0).as_secs_f64().max(1e-3);
            let rate = (done - self.before.1) as f64 / seconds;
            self.rate = (self.rate * 3.0 + rate) / 4.0;
            self.before = (now, done);
            // Every other time is often enough.
            self.turn = !self.turn;
            if self.turn {
                return;
            }
        }
        let beat = MasterBeat {
            host: self.name.clone(),
            pid: std::process::id(),
            done,
            submitted,
            rate: self.rate,
        };
        let bytes = encode_greeted(&beat).into();
        // A beat that is lost is followed by another.
        let _ = timeout(TICK, self.link.client.publish(self.job.master(), bytes)).await;
    }
}

/// Hosts hear that it is over, and nothing of the job stays on the server.
async fn farewell(ready: &Ready) {
    let (link, job) = (&ready.link, &ready.job);
    let steps = async {
        let _ = link.js.delete_stream(job.task_stream()).await;
        let _ = link.js.delete_stream(job.result_stream()).await;
        if let Ok(jobs) = link.js.get_stream_no_info(JOBS).await {
            let _ = jobs.purge().filter(job.description()).await;
        }
        let _ = link
            .client
            .publish(job.end(), "its master: it is done".into())
            .await;
        let _ = link.client.flush().await;
    };
    let _ = timeout(FAREWELL, steps).await;
}
