//! The local pool of a job, and the thread that takes its outcomes.

use std::{
    collections::HashSet,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    Pool, PoolBuilder, StartError, TaskError,
    pool::internals::{Chunk, Engine, Input, Payload, Ready, Sink, Stream, Terms, Ticket, lock},
};

/// The thread looks so often whether it is to end.
const LOOK: Duration = Duration::from_millis(200);

/// Tasks that travel to a worker together take about so long.
const GROUP_NS: u64 = 200_000;

/// The most tasks in a group.
const MOST_GROUPED: u64 = 1024;

/// Names of kinds are kept for ever, so there are only so many, and only so long ones.
const MOST_KINDS: usize = 1000;
const LONGEST_KIND: usize = 200;

/// What became of the task at a position.
pub(super) type Done = (u64, Result<Vec<u8>, TaskError>);

/// What tasks of a job take here.
#[derive(Debug, Default)]
struct Pace {
    /// Tasks that are in the pool.
    open: usize,
    since: Option<Instant>,
    cost_ns: Option<f64>,
}

impl Pace {
    fn submit(&mut self, count: usize, now: Instant) {
        if self.open == 0 {
            self.since = Some(now);
        }
        self.open += count;
    }

    /// So many came out, after all workers that had something to do were at it since the last time.
    fn done(&mut self, count: usize, slots: usize, now: Instant) {
        let busy = self.open.min(slots);
        self.open = self.open.saturating_sub(count);
        if let Some(since) = self.since.replace(now)
            && count > 0
        {
            let spent = now.saturating_duration_since(since).as_nanos() as f64;
            let sample = spent * busy as f64 / count as f64;
            self.cost_ns = Some(
                self.cost_ns
                    .map_or(sample, |old| (old * 7.0 + sample) / 8.0),
            );
        }
    }
}

/// A pool at work for one job.
pub(super) struct Crew {
    pool: Pool,
    engine: Arc<dyn Engine>,
    stream: Arc<Stream>,
    next: u64,
    pace: Arc<Mutex<Pace>>,
    is_over: Arc<AtomicBool>,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").finish_non_exhaustive()
    }
}

impl Crew {
    /// Starts the pool. Outcomes come over the channel.
    pub(super) fn start(
        builder: PoolBuilder,
    ) -> Result<(Self, UnboundedReceiver<Vec<Done>>), StartError> {
        let pool = builder.start()?;
        let engine = pool.engine();
        let crew = Self {
            pool,
            engine,
            stream: Arc::new(Stream::new(false)),
            next: 0,
            pace: Arc::default(),
            is_over: Arc::default(),
        };
        let (tell, told) = unbounded_channel();
        let (engine, stream) = (Arc::clone(&crew.engine), Arc::clone(&crew.stream));
        let (pace, is_over) = (Arc::clone(&crew.pace), Arc::clone(&crew.is_over));
        thread::Builder::new()
            .name("outcomes".into())
            .spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    take(&*engine, &stream, &pace, &tell);
                }
            })?;
        Ok((crew, told))
    }

    /// Gives tasks to the pool; the position of the first.
    pub(super) fn submit(
        &mut self,
        kind: &'static str,
        inputs: &[&[u8]],
        terms: Terms,
        cost_ns: u64,
    ) -> u64 {
        let first = self.next;
        self.next += inputs.len() as u64;
        lock(&self.pace).submit(inputs.len(), Instant::now());
        let size = match cost_ns {
            0 => 1,
            _ if terms.timeout.is_some() => 1,
            // Threads know no groups.
            _ if self.engine.is_local() => 1,
            cost_ns => usize::try_from((GROUP_NS / cost_ns).clamp(1, MOST_GROUPED)).unwrap_or(1),
        };
        let kind = self.engine.kind(kind);
        let mut position = first;
        let tickets = inputs.chunks(size).map(|group| {
            let sink = Sink::Stream(Arc::clone(&self.stream), position);
            position += group.len() as u64;
            ticket(kind, group, sink)
        });
        let tickets = tickets.collect();
        self.engine.submit_all(tickets, terms);
        first
    }

    /// What one task takes; 0 while that is not known.
    pub(super) fn cost_ns(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time is not negative, and a cast saturates"
        )]
        lock(&self.pace).cost_ns.map_or(0, |cost_ns| cost_ns as u64)
    }

    /// Ends it now.
    pub(super) fn terminate(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.pool.terminate();
    }
}

fn ticket(kind: usize, group: &[&[u8]], sink: Sink) -> Ticket {
    if let [single] = group {
        return Ticket::single(kind, Input::Bytes(Payload::from_slice(single)), sink);
    }
    let mut bytes = Payload::new();
    for input in group {
        // Fits: they came in one message.
        let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(input);
    }
    let count = u32::try_from(group.len()).unwrap_or(u32::MAX);
    Ticket {
        kind,
        input: Input::Bytes(bytes),
        sink,
        chunk: Some(Chunk { count, done: 0 }),
    }
}

/// Waits for outcomes, and passes them on.
fn take(
    engine: &dyn Engine,
    stream: &Stream,
    pace: &Mutex<Pace>,
    tell: &UnboundedSender<Vec<Done>>,
) {
    if !engine.wait_for(stream, Instant::now().checked_add(LOOK)) {
        return;
    }
    let mut ready = Ready::default();
    stream.take_ready(&mut ready);
    let done: Vec<Done> = std::iter::from_fn(|| ready.next_raw()).collect();
    let slots = engine.stats().workers;
    lock(pace).done(done.len(), slots, Instant::now());
    // Nobody listens any more when the job has ended.
    let _ = tell.send(done);
}

/// A name that lives as long as the program.
pub(super) fn kept(kind: &str) -> Option<&'static str> {
    static KINDS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kinds = lock(&KINDS);
    let kinds = kinds.get_or_insert_default();
    if let Some(known) = kinds.get(kind) {
        return Some(known);
    }
    if kinds.len() >= MOST_KINDS || kind.len() > LONGEST_KIND {
        return None;
    }
    let kept: &'static str = Box::leak(kind.to_owned().into_boxed_str());
    kinds.insert(kept);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_task_is_what_busy_workers_spend_on_it() {
        let mut pace = Pace::default();
        let now = Instant::now();
        pace.submit(100, now);
        pace.done(50, 2, now + Duration::from_millis(25));
        assert_eq!(
            pace.cost_ns,
            Some(1e6),
            "two workers, half a millisecond each"
        );
        pace.done(50, 2, now + Duration::from_millis(50));
        // Nothing to do for a minute.
        pace.submit(1, now + Duration::from_mins(1));
        pace.done(
            1,
            2,
            now + Duration::from_mins(1) + Duration::from_millis(1),
        );
        assert_eq!(pace.cost_ns, Some(1e6));
    }

    #[test]
    fn names_of_kinds_are_kept_once_and_long_ones_are_not() {
        let (one, two) = (kept("example.kind").unwrap(), kept("example.kind").unwrap());
        assert!(std::ptr::eq(one, two));
        assert_eq!(kept(&"x".repeat(300)), None);
    }
}
