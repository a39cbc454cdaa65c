//! One client: from its first byte to its last.

use std::{future::poll_fn, net::SocketAddr, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Duration, Instant, sleep_until, timeout_at},
};

use super::{
    batch::Batch,
    counters::Counters,
    desk::{self, LARGE, Read},
    event::{Event, Refusal},
    frame::HEADER,
    server::{Phase, READING, Shared, reached},
    stream::Stream,
};

/// How long a client must be quiet, once the end was asked for, until nothing more is expected of it.
const QUIET: Duration = Duration::from_millis(50);

/// The same in the middle of a record.
const QUIET_INSIDE: Duration = Duration::from_millis(500);

/// The beginning of a record that is not whole yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) bytes: Vec<u8>,
    /// How many bytes the whole record takes, its length included.
    pub(super) needs: usize,
}

/// A client who is being served.
pub(super) struct Connection {
    shared: Arc<Shared>,
    peer: SocketAddr,
    phase: watch::Receiver<Phase>,
    pending: Pending,
    /// Memory for a large record.
    large: Option<OwnedSemaphorePermit>,
    /// When the record must be whole that has begun.
    whole_by: Option<Instant>,
    last_news: Instant,
    lines: u64,
}

/// What waiting for news came to.
enum News {
    Readable,
    Over(Option<Refusal>),
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        peer: SocketAddr,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            shared,
            peer,
            phase,
            pending: Pending {
                bytes: Vec::new(),
                needs: HEADER,
            },
            large: None,
            whole_by: None,
            last_news: Instant::now(),
            lines: 0,
        }
    }

    /// Serves the client, and tells how it ended.
    pub(super) async fn serve(mut self, mut stream: Stream) {
        let why = self.read_all(&mut stream).await;
        // The client sees the end before anybody is told of it.
        drop(stream);
        if let Some(why) = why {
            let counters = &self.shared.counters;
            Counters::add(
                match why {
                    Refusal::Torn { .. } | Refusal::HalfRecord { .. } => &counters.torn,
                    _ => &counters.rejected,
                },
                usize::from(!matches!(why, Refusal::Idle(_) | Refusal::Broken(_))),
            );
            self.tell_refused(why, false);
        }
        (self.shared.tell)(Event::Ended {
            peer: self.peer,
            lines: self.lines,
        });
    }

    fn tell_refused(&self, why: Refusal, goes_on: bool) {
        (self.shared.tell)(Event::Refused {
            peer: self.peer,
            why,
            goes_on,
        });
    }

    /// Reads until the end; why, if it was none in good order.
    async fn read_all(&mut self, stream: &mut Stream) -> Option<Refusal> {
        let mut is_more = false;
        loop {
            let is_cut = *self.phase.borrow() == Phase::Cut;
            if (is_cut || !is_more)
                && let News::Over(why) = self.news(stream).await
            {
                return why;
            }
            // Nothing is read for which there is no room: that is how clients are slowed down.
            let paused = Instant::now();
            let Some(room) = self.room(READING).await else {
                return self.torn();
            };
            if self.reserve_large().await.is_none() {
                return self.torn();
            }
            self.whole_by = self.whole_by.map(|by| by + paused.elapsed());
            let mut read =
                poll_fn(|context| desk::read(stream, &mut self.pending, &self.shared, context))
                    .await;
            is_more = read.is_full;
            let refusal = self.account(&mut read);
            self.send(read.batch, room).await;
            if refusal.is_some() {
                return refusal;
            }
            match read.ended {
                None => {}
                Some(Ok(())) => return self.torn(),
                Some(Err(error)) => {
                    return self
                        .torn()
                        .or_else(|| Some(Refusal::Broken(error.to_string())));
                }
            }
        }
    }

    /// The record of which only a part has come.
    fn torn(&self) -> Option<Refusal> {
        let have = self.pending.bytes.len();
        (have > 0).then_some(Refusal::Torn {
            have,
            whole: self.pending.needs,
        })
    }

    /// Waits until there is something to read, or a reason to read no more.
    async fn news(&mut self, stream: &Stream) -> News {
        loop {
            let phase = *self.phase.borrow_and_update();
            let is_inside = !self.pending.bytes.is_empty();
            let quiet = if is_inside { QUIET_INSIDE } else { QUIET };
            let deadline = match phase {
                Phase::Cut => return News::Over(self.torn()),
                Phase::Draining => Some(self.last_news.max(Instant::now()) + quiet),
                Phase::Open if is_inside => self.whole_by,
                Phase::Open => self.shared.limits.idle.map(|idle| self.last_news + idle),
            };
            let timer = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = self.phase.changed() => {}
                ready = stream.readable() => match ready {
                    Ok(()) => return News::Readable,
                    Err(error) => return News::Over(Some(Refusal::Broken(error.to_string()))),
                },
                () = timer => return News::Over(self.out_of_time(phase)),
            }
        }
    }

    fn out_of_time(&self, phase: Phase) -> Option<Refusal> {
        let limits = &self.shared.limits;
        let have = self.pending.bytes.len();
        match phase {
            Phase::Draining | Phase::Cut => self.torn(),
            Phase::Open if have > 0 => Some(Refusal::HalfRecord {
                have,
                whole: self.pending.needs,
                limit: limits.half_record,
            }),
            Phase::Open => limits.idle.map(Refusal::Idle),
        }
    }

    /// Room for so many bytes of lines; nothing if the server ends before there is any.
    async fn room(&mut self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let room = self.shared.room.take(bytes);
        tokio::select! {
            room = room => room,
            () = reached(&mut self.phase, |phase| phase == Phase::Cut) => None,
        }
    }

    /// Memory for the rest of a large record.
    async fn reserve_large(&mut self) -> Option<()> {
        if self.pending.needs <= LARGE {
            self.large = None;
        } else if self.large.is_none() {
            let room = self.shared.large.take(self.pending.needs);
            self.large = tokio::select! {
                room = room => room,
                () = reached(&mut self.phase, |phase| phase == Phase::Cut) => None,
            };
            self.large.as_ref()?;
        }
        Some(())
    }

    /// Counts what was read; and why nothing more can be, if so.
    fn account(&mut self, read: &mut Read) -> Option<Refusal> {
        let now = Instant::now();
        if read.bytes > 0 {
            self.last_news = now;
        }
        let records = read.batch.ends.len();
        let counters = &self.shared.counters;
        Counters::add(&counters.bytes, read.bytes);
        Counters::add(&counters.records, records);
        Counters::add(&counters.rejected, read.taken.refused.len());
        self.lines += records as u64;
        for why in std::mem::take(&mut read.taken.refused) {
            self.tell_refused(why.into(), true);
        }
        if self.pending.bytes.is_empty() {
            self.whole_by = None;
        } else if self.whole_by.is_none() || records > 0 {
            // Another record has begun.
            self.whole_by = Some(now + self.shared.limits.half_record);
        }
        read.taken.take_end()
    }

    /// Hands lines to the writer. They count as taken in, so nothing but the end of the writer stops them.
    async fn send(&mut self, batch: Batch, room: OwnedSemaphorePermit) {
        if batch.ends.is_empty() {
            self.shared.spares.give(batch);
            return;
        }
        let mut batch = self.shared.spares.fit(batch);
        batch.room = self.shared.room.settle(room, batch.bytes.len()).await;
        self.shared.write(batch);
    }
}

/// Waits for a TLS handshake, or anything else, for as long as half a record may take.
pub(super) async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    timeout_at(Instant::now() + limit, work).await.ok()
}
