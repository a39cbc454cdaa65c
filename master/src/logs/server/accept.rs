//! Who comes: accepted while there are places, and, at the end, those who wait in line.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

use super::{LAST_WRITES, Phase, Shared, reached};
use crate::logs::{
    connection::{Connection, in_time},
    counters::Counters,
    event::Event,
    stream::Stream,
};

/// Connections that the kernel keeps until they are accepted.
pub(super) const BACKLOG: u32 = 4096;

/// How long to leave it when no connection can be accepted, for want of descriptors for one.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Accepts clients until the end is asked for, and waits until the last one has gone.
pub(super) async fn accept_all(
    listener: TcpListener,
    shared: Arc<Shared>,
    phase: watch::Sender<Phase>,
) {
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    let mut ending = phase.subscribe();
    loop {
        let Some(place) = free_place(&places, &shared, &mut ending).await else {
            break;
        };
        tokio::select! {
            biased;
            () = reached(&mut ending, |phase| phase != Phase::Open) => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => admit(stream, peer, place, &shared, &phase),
                Err(error) => cannot_accept(&error, &shared).await,
            },
        }
    }
    for (stream, peer) in in_line(listener) {
        // There is no limit on those who wait already.
        if let Ok(place) = Arc::new(Semaphore::new(1)).try_acquire_owned() {
            admit(stream, peer, place, &shared, &phase);
        }
    }
    if in_time(shared.limits.drain, all_gone(&shared))
        .await
        .is_none()
    {
        phase.send_replace(Phase::Cut);
        in_time(LAST_WRITES, all_gone(&shared)).await;
    }
}

/// Waits until the last connection has gone.
async fn all_gone(shared: &Shared) {
    // It is only at the end that anybody waits for this, so looking is good enough.
    while shared.counters.open.load(Relaxed) > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits for a place for another client; none if the end is asked for.
async fn free_place(
    places: &Arc<Semaphore>,
    shared: &Shared,
    ending: &mut watch::Receiver<Phase>,
) -> Option<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Some(place);
    }
    (shared.tell)(Event::Full(shared.limits.connections));
    tokio::select! {
        biased;
        () = reached(ending, |phase| phase != Phase::Open) => None,
        place = Arc::clone(places).acquire_owned() => place.ok(),
    }
}

async fn cannot_accept(error: &io::Error, shared: &Shared) {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        return;
    }
    (shared.tell)(Event::CannotAccept(error.to_string()));
    tokio::time::sleep(ACCEPT_RETRY).await;
}

/// All who have connected and were not accepted yet: they may have sent something already. The kernel is asked, as
/// the runtime may not have heard of them.
fn in_line(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else {
        return Vec::new();
    };
    let mut waiting = Vec::new();
    while let Ok((stream, peer)) = listener.accept() {
        if stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            waiting.push((stream, peer));
        }
    }
    waiting
}

/// Serves a client, unless it is not allowed.
fn admit(
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
    shared: &Arc<Shared>,
    phase: &watch::Sender<Phase>,
) {
    Counters::add(&shared.counters.connections, 1);
    if !shared.allow.allows(peer.ip()) {
        turn_away(shared, peer, "its address is not in --allow".into());
        return;
    }
    (shared.tell)(Event::Came(peer));
    let open = Open::new(shared, place);
    let phase = phase.subscribe();
    tokio::spawn(async move {
        let shared = &open.shared;
        let stream = match &shared.tls {
            None => Stream::Plain(stream),
            Some(tls) => match in_time(shared.limits.half_record, tls.accept(stream)).await {
                Some(Ok(stream)) => Stream::Tls(Box::new(stream)),
                Some(Err(error)) => return turn_away(shared, peer, format!("no TLS: {error}")),
                None => return turn_away(shared, peer, "its TLS handshake took too long".into()),
            },
        };
        Connection::new(Arc::clone(shared), peer, phase)
            .serve(stream)
            .await;
    });
}

fn turn_away(shared: &Shared, peer: SocketAddr, why: String) {
    Counters::add(&shared.counters.turned_away, 1);
    (shared.tell)(Event::TurnedAway { peer, why });
}

/// Counts an open connection, and keeps its place, as long as it lives.
struct Open {
    shared: Arc<Shared>,
    _place: OwnedSemaphorePermit,
}

impl Open {
    fn new(shared: &Arc<Shared>, place: OwnedSemaphorePermit) -> Self {
        Counters::add(&shared.counters.open, 1);
        Self {
            shared: Arc::clone(shared),
            _place: place,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.counters.open.fetch_sub(1, Relaxed);
    }
}
