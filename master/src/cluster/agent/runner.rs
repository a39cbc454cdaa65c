//! One job on this host: chunks in, results out.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use async_nats::jetstream::{AckKind, Message, consumer::PullConsumer, message::Acker};
use brigade_protocol::Task;
use brigade_protocol::jobs::run::RunCommand;
use futures_util::StreamExt;
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::JoinSet,
    time::{interval, sleep, timeout},
};

use super::{
    super::{
        broker::{Link, PATIENCE, within},
        data::descriptor,
        error::ClusterError,
        failure::Failure,
        names::{HOSTS, JobName},
        publish::Obstacle,
        wire::{Chunk, Description, Print, decode, print},
    },
    Told,
    beat::Me,
    crew::{Crew, Done, kept},
    outcome::{Outcome, messages},
};
use crate::pool::internals::{Terms, lock};

/// A chunk that comes back more often has ended its hosts.
const MOST_DELIVERIES: i64 = 5;

/// How long the server may think about what it has for us.
const ASK: Duration = Duration::from_secs(5);

/// Without tasks for so long, the workers of a job end.
const IDLE: Duration = Duration::from_secs(30);

/// While chunks take less, the next ones are fetched before they are needed.
const BRISK: Duration = Duration::from_secs(1);

/// A chunk that this host has taken.
struct InHand {
    chunk: Chunk,
    acker: Arc<Acker>,
    delivered: i64,
    prints: Vec<Print>,
    outcomes: Vec<Option<Outcome>>,
    left: usize,
    since: Instant,
    /// The local pool could not do it.
    is_spoilt: bool,
}

struct Runner {
    link: Link,
    me: Arc<Me>,
    job: JobName,
    description: Description,
    ended: watch::Receiver<bool>,
    crew: Option<Crew>,
    /// By the position of their first task in the pool.
    in_hand: BTreeMap<u64, InHand>,
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
        let mut progress = interval(self.description.patience / 3);
        let (_, mut done) = tokio::sync::mpsc::unbounded_channel::<Vec<Done>>();
        let (mut tell, mut messages) = tokio::sync::mpsc::channel::<Vec<Message>>(1);
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
                _ = ended.changed() => {}
                _ = draining.changed() => {
                    // What has not come yet goes to others.
                    asked.abort_all();
                    (tell, messages) = tokio::sync::mpsc::channel(1);
                }
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.in_hand.is_empty() && self.leaving.is_empty()
    }

    /// How many more chunks this host can take: one for each worker, and as many again while they are short.
    fn free(&self) -> usize {
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

    /// Gives a chunk to the pool.
    async fn take(&mut self, message: Message) {
        let delivered = message.info().map_or(1, |info| info.delivered);
        let (message, acker) = message.split();
        let Some(chunk) = decode::<Chunk>(&message.payload) else {
            self.me.tell(Told::Trouble(format!(
                "a message of {} bytes for job {} is no chunk of tasks; it is dropped",
                message.payload.len(),
                self.job
            )));
            let _ = acker.ack_with(AckKind::Term).await;
            return;
        };
        let Some(items) = chunk.items().filter(|items| !items.is_empty()) else {
            let _ = acker.ack_with(AckKind::Term).await;
            return;
        };
        let prints: Vec<Print> = items.iter().map(|item| print(&chunk.kind, item)).collect();
        let mut taken = InHand {
            acker: Arc::new(acker),
            delivered,
            outcomes: vec![None; items.len()],
            left: items.len(),
            since: Instant::now(),
            is_spoilt: false,
            prints,
            chunk: chunk.clone(),
        };
        if let Some(failure) = self.refusal(&chunk, delivered) {
            taken.outcomes = vec![Some(Err(failure)); items.len()];
            return self.leave(taken);
        }
        let (Some(kind), Some(crew)) = (kept(&chunk.kind), &mut self.crew) else {
            let known = Vec::new();
            taken.outcomes = vec![Some(Err(Failure::UnknownKind { known })); items.len()];
            return self.leave(taken);
        };
        let terms = Terms {
            retries: chunk.retries,
            timeout: chunk.timeout,
            priority: 0,
            is_single: chunk.timeout.is_some() || self.description.tasks_per_worker.is_some(),
        };
        let name = (self.job.to_string(), chunk.master, chunk.chunk);
        lock(&self.me.in_hand).insert(name);
        let first = crew.submit(kind, &items, terms, chunk.cost_ns);
        self.in_hand.insert(first, taken);
    }

    /// Why a chunk is not given to the pool.
    fn refusal(&self, chunk: &Chunk, delivered: i64) -> Option<Failure> {
        if delivered > MOST_DELIVERIES {
            let deliveries = u64::try_from(delivered - 1).unwrap_or_default();
            return Some(Failure::Undelivered { deliveries });
        }
        // Whatever the job says of itself, commands run here only if its owner lets them.
        let is_command = chunk.kind == RunCommand::KIND;
        (is_command && !self.description.starts_processes).then(|| {
            Failure::Other("was refused: the job did not say that it runs commands".into())
        })
    }

    /// Takes outcomes from the pool; chunks that are complete go to the server.
    fn collect(&mut self, done: Vec<Done>) {
        let mut complete = Vec::new();
        for (position, outcome) in done {
            let Some((&first, taken)) = self.in_hand.range_mut(..=position).next_back() else {
                continue;
            };
            let index = usize::try_from(position - first).unwrap_or(usize::MAX);
            let Some(slot) = taken.outcomes.get_mut(index).filter(|slot| slot.is_none()) else {
                continue;
            };
            *slot = Some(match outcome {
                Ok(output) => Ok(output),
                Err(error) => {
                    let text = error.to_string();
                    Failure::of(error).map_or_else(
                        || {
                            taken.is_spoilt = true;
                            Err(Failure::Other(text))
                        },
                        Err,
                    )
                }
            });
            taken.left -= 1;
            if taken.left == 0 {
                complete.push(first);
            }
        }
        for first in complete {
            if let Some(taken) = self.in_hand.remove(&first) {
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
        let in_hand = self.in_hand.values().map(|taken| &taken.acker);
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
            *done = tokio::sync::mpsc::unbounded_channel().1;
            // Its thread does not hold up the others.
            drop(tokio::task::spawn_blocking(move || crew.terminate()));
        }
    }
}

/// Asks the server for up to so many chunks, and passes them on as they come.
async fn ask(link: Link, job: JobName, free: usize, tell: tokio::sync::mpsc::Sender<Vec<Message>>) {
    let what = "give chunks";
    let asked: Result<(), ClusterError> = async {
        let consumer = link.js.get_consumer_from_stream(HOSTS, job.task_stream());
        let consumer: PullConsumer = within(what, PATIENCE, consumer)
            .await?
            .map_err(|error| ClusterError::refused(what, error))?;
        let batch = consumer.batch().max_messages(free).expires(ASK).messages();
        let mut batch = within(what, PATIENCE, batch)
            .await?
            .map_err(|error| ClusterError::refused(what, error))?;
        // The question is lost with its server, so there is an end to waiting.
        while let Some(message) = within(what, ASK + PATIENCE / 2, batch.next()).await? {
            let message = message.map_err(|error| ClusterError::refused(what, error))?;
            if tell.send(vec![message]).await.is_err() {
                break;
            }
        }
        Ok(())
    }
    .await;
    if asked.is_err() {
        sleep(Duration::from_millis(300)).await;
    }
}

/// Gives results to the server until it has them, and acknowledges the chunk.
async fn send(
    link: &Link,
    me: &Me,
    job: &JobName,
    cost_ns: u64,
    taken: InHand,
    ended: watch::Receiver<bool>,
) {
    let InHand {
        chunk,
        acker,
        delivered,
        prints,
        outcomes,
        is_spoilt,
        ..
    } = taken;
    if is_spoilt {
        let _ = acker
            .ack_with(AckKind::Nak(Some(Duration::from_secs(1))))
            .await;
        return;
    }
    let count = outcomes.len() as u64;
    let outcomes = prints.into_iter().zip(outcomes.into_iter().flatten());
    let messages = messages(
        &me.id,
        &chunk,
        cost_ns,
        outcomes.collect(),
        link.max_payload(),
    );
    for (number, bytes) in messages.into_iter().enumerate() {
        let Chunk {
            master,
            chunk,
            attempt,
            ..
        } = &chunk;
        let id = format!(
            "{job}.{master:x}.{chunk}.{attempt}.{delivered}.{}.{number}",
            me.id
        );
        let is_wanted = || !*ended.borrow();
        let tell = |obstacle| match obstacle {
            Obstacle::Full(reason) => me.set_trouble(Some(reason)),
            Obstacle::Other(_) => {}
        };
        if !link
            .publish(job.results(), &id, bytes, is_wanted, tell)
            .await
        {
            return;
        }
    }
    me.set_trouble(None);
    me.done.fetch_add(count, Ordering::Relaxed);
    // If that is lost, the chunk comes back and its results are known.
    let _ = timeout(PATIENCE, acker.double_ack()).await;
}
