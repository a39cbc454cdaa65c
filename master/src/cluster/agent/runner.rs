//! One job on this host: chunks in, results out.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::jetstream::{AckKind, Message, message::Acker};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, channel, unbounded_channel},
        watch,
    },
    task::JoinSet,
    time::{interval, sleep_until, timeout},
};

use super::{
    super::{
        data::descriptor,
        failure::Failure,
        link::{Link, PATIENCE},
        names::JobName,
        wire::Description,
    },
    Told,
    beat::Me,
    crew::{Crew, Done, kept},
    exchange::{ask, send},
    in_hand::InHand,
};
use crate::pool::internals::{Terms, lock};

/// Without tasks for so long, the workers of a job end.
const IDLE: Duration = Duration::from_secs(30);

/// Chunks that have lost their host come back together, but not at the same instant.
const SETTLE: Duration = Duration::from_millis(500);

/// How long a job can let a host be silent.
const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_hours(1);

/// While chunks take less, the next ones are fetched before they are needed.
const BRISK: Duration = Duration::from_secs(1);

/// One job as this host serves it.
struct Runner {
    link: Link,
    me: Arc<Me>,
    job: JobName,
    description: Description,
    ended: watch::Receiver<bool>,
    crew: Option<Crew>,
    /// By the position of their first task in the pool.
    in_hand: BTreeMap<u64, InHand>,
    /// Chunks that may be what hosts have died of; they wait until they are alone.
    suspects: VecDeque<InHand>,
    /// When all that came with the last of them are here.
    settled_at: Instant,
    /// Chunks whose results are on their way, by number.
    leaving: BTreeMap<u64, Arc<Acker>>,
    sending: JoinSet<u64>,
    next_leaving: u64,
    /// What a chunk takes.
    pace: Duration,
    idle_since: Instant,
}

/// Serves a job until it ends, or this host drains.
pub(super) async fn run(
    link: Link,
    me: Arc<Me>,
    job: JobName,
    description: Description,
    ended: watch::Receiver<bool>,
) {
    let name = job.to_string();
    me.tell(Told::JobBegun { job: name.clone() });
    let mut runner = Runner {
        link,
        me: Arc::clone(&me),
        job,
        description,
        ended,
        crew: None,
        in_hand: BTreeMap::new(),
        suspects: VecDeque::new(),
        settled_at: Instant::now(),
        leaving: BTreeMap::new(),
        sending: JoinSet::new(),
        next_leaving: 0,
        pace: Duration::ZERO,
        idle_since: Instant::now(),
    };
    runner.serve().await;
    if let Some(crew) = runner.crew.take() {
        // Workers end in their own time.
        let _ = tokio::task::spawn_blocking(move || crew.terminate()).await;
    }
    lock(&me.in_hand).retain(|(job, ..)| *job != name);
    me.tell(Told::JobEnded { job: name });
}

impl Runner {
    async fn serve(&mut self) {
        let (mut ended, mut draining) = (self.ended.clone(), self.me.draining.clone());
        // What a stranger calls patience may be none at all.
        let patience = self.description.patience.clamp(LEAST, MOST);
        let mut progress = interval(patience / 3);
        let (_, mut done) = unbounded_channel::<Vec<Done>>();
        let (mut tell, mut messages) = channel::<Vec<Message>>(1);
        let mut asked = JoinSet::new();
        loop {
            let is_draining = self.me.is_draining();
            if *ended.borrow() || (is_draining && self.is_idle()) {
                return;
            }
            let free = self.free();
            if asked.is_empty() && free > 0 && !is_draining {
                asked.spawn(ask(self.link.clone(), self.job.clone(), free, tell.clone()));
            }
            tokio::select! {
                Some(batch) = messages.recv() => {
                    if let Err(error) = self.prepare(&mut done).await {
                        return self.give_back(batch, error).await;
                    }
                    for message in batch {
                        self.take(message).await;
                    }
                }
                Some(done) = done.recv() => self.collect(done),
                Some(sent) = self.sending.join_next(), if !self.sending.is_empty() => {
                    if let Ok(number) = sent {
                        self.leaving.remove(&number);
                    }
                }
                Some(_) = asked.join_next(), if !asked.is_empty() => {}
                _ = progress.tick() => {
                    self.say_progress().await;
                    self.rest(&mut done);
                }
                // When those that came with it are here.
                () = sleep_until(self.settled_at.into()), if self.in_hand.is_empty() && !self.suspects.is_empty() => {
                    self.try_suspect();
                }
                _ = ended.changed() => {}
                _ = draining.changed() => {
                    // What has not come yet goes to others.
                    asked.abort_all();
                    (tell, messages) = channel(1);
                }
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.in_hand.is_empty() && self.suspects.is_empty() && self.leaving.is_empty()
    }

    /// How many more chunks this host can take: one for each worker, and as many again while they are short.
    fn free(&self) -> usize {
        let has_suspect = self.in_hand.values().any(InHand::is_suspicious);
        if has_suspect || !self.suspects.is_empty() {
            return 0;
        }
        let slots = self.me.slots;
        let room = if self.pace < BRISK { 2 * slots } else { slots };
        room.saturating_sub(self.in_hand.len())
    }

    /// Starts the pool when the first chunk comes.
    async fn prepare(
        &mut self,
        done: &mut UnboundedReceiver<Vec<Done>>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.idle_since = Instant::now();
        if self.crew.is_some() {
            return Ok(());
        }
        let description = &self.description;
        let mut builder = (self.me.make_pool)(&description.title)
            .result_limit(description.result_limit_bytes)
            .grace(description.grace.min(Duration::from_mins(1)));
        for data in &description.data {
            let segment = self.me.cache.get(&self.link, data).await?;
            builder = builder.share(&data.name, descriptor(&segment)?)?;
        }
        if let Some((kind, input)) = &description.initializer {
            builder = builder.initializer_of(kind.clone(), input.to_vec());
        }
        if let Some(bytes) = description.max_memory_bytes {
            builder = builder.max_memory_per_worker(bytes);
        }
        if let Some(tasks) = description.tasks_per_worker {
            builder = builder.max_tasks_per_worker(tasks);
        }
        if description.starts_processes {
            builder = builder.starts_processes();
        }
        let started = tokio::task::spawn_blocking(move || Crew::start(builder)).await??;
        self.crew = Some(started.0);
        *done = started.1;
        Ok(())
    }

    /// This host cannot serve the job; others may.
    async fn give_back(
        &self,
        batch: Vec<Message>,
        error: Box<dyn std::error::Error + Send + Sync>,
    ) {
        for message in batch {
            let _ = message
                .ack_with(AckKind::Nak(Some(Duration::from_secs(1))))
                .await;
        }
        self.me.refuse(&self.job.to_string(), error.to_string());
        self.me.say(&self.link, false).await;
    }

    /// Takes a chunk, and gives it to the pool unless it must wait for its turn.
    async fn take(&mut self, message: Message) {
        let mut taken = match InHand::open(message) {
            Ok(taken) => taken,
            Err(acker) => {
                self.me.tell(Told::Trouble(format!(
                    "a message for job {} is no chunk of tasks; it is dropped",
                    self.job
                )));
                let _ = acker.ack_with(AckKind::Term).await;
                return;
            }
        };
        if let Some(failure) = taken.refusal(&self.description) {
            taken.refuse(failure);
            return self.leave(taken);
        }
        let name = (self.job.to_string(), taken.chunk.master, taken.chunk.chunk);
        lock(&self.me.in_hand).insert(name);
        if taken.is_suspicious() {
            self.settled_at = Instant::now() + SETTLE;
            self.suspects.push_back(taken);
        } else {
            self.submit(taken);
        }
    }

    /// What may have ended hosts runs by itself, so that nothing else is blamed for it. The first and the last of
    /// them take turns: whatever stands beside a bad one has its turn before it.
    fn try_suspect(&mut self) {
        let is_odd = self
            .suspects
            .front()
            .is_some_and(|first| first.delivered % 2 == 1);
        let next = if is_odd {
            self.suspects.pop_back()
        } else {
            self.suspects.pop_front()
        };
        if let Some(next) = next {
            self.submit(next);
        }
    }

    /// Gives a chunk to the pool.
    fn submit(&mut self, mut taken: InHand) {
        let chunk = &taken.chunk;
        let (Some(kind), Some(crew), Some(items)) =
            (kept(&chunk.kind), &mut self.crew, chunk.items())
        else {
            taken.refuse(Failure::UnknownKind { known: Vec::new() });
            return self.leave(taken);
        };
        let terms = Terms {
            retries: chunk.retries,
            timeout: chunk.timeout,
            priority: 0,
            is_single: chunk.timeout.is_some() || self.description.tasks_per_worker.is_some(),
        };
        let first = crew.submit(kind, &items, terms, chunk.cost_ns);
        self.in_hand.insert(first, taken);
    }

    /// Takes outcomes from the pool; chunks that are complete go to the server.
    fn collect(&mut self, done: Vec<Done>) {
        for (position, outcome) in done {
            let Some((&first, taken)) = self.in_hand.range_mut(..=position).next_back() else {
                continue;
            };
            let index = usize::try_from(position - first).unwrap_or(usize::MAX);
            if taken.put(index, outcome)
                && let Some(taken) = self.in_hand.remove(&first)
            {
                self.pace = (self.pace * 3 + taken.since.elapsed()) / 4;
                self.leave(taken);
            }
        }
    }

    /// Sends what came of a chunk, and then lets the server forget it.
    fn leave(&mut self, taken: InHand) {
        let number = self.next_leaving;
        self.next_leaving += 1;
        self.leaving.insert(number, Arc::clone(&taken.acker));
        let (link, me, ended) = (self.link.clone(), Arc::clone(&self.me), self.ended.clone());
        let job = self.job.clone();
        let cost_ns = self.crew.as_ref().map_or(0, Crew::cost_ns);
        self.sending.spawn(async move {
            let name = (job.to_string(), taken.chunk.master, taken.chunk.chunk);
            send(&link, &me, &job, cost_ns, taken, ended).await;
            lock(&me.in_hand).remove(&name);
            number
        });
    }

    /// The server is told that this host lives and works.
    async fn say_progress(&self) {
        let in_hand = self.in_hand.values().chain(&self.suspects);
        let in_hand = in_hand.map(|taken| &taken.acker);
        for acker in in_hand.chain(self.leaving.values()) {
            // One that is lost is followed by another in time.
            let _ = timeout(PATIENCE / 5, acker.ack_with(AckKind::Progress)).await;
        }
    }

    /// Workers that have had nothing to do for a while end.
    fn rest(&mut self, done: &mut UnboundedReceiver<Vec<Done>>) {
        if !self.is_idle() {
            self.idle_since = Instant::now();
        } else if self.idle_since.elapsed() > IDLE
            && let Some(crew) = self.crew.take()
        {
            *done = unbounded_channel().1;
            // Its thread does not hold up the others.
            drop(tokio::task::spawn_blocking(move || crew.terminate()));
        }
    }
}
