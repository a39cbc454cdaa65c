//! Who comes: accepted while there are places, and served until they go or the end has come.

use std::{
    io,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{
    Limits, ServerControl, Traffic,
    limits::{HEAD_BYTES, HEADERS},
    patience::Patience,
    server::Phase,
};

/// Connections that the kernel keeps until they are accepted.
pub(super) const BACKLOG: u32 = 1024;

/// How long to leave it when no connection can be accepted, for want of descriptors for one.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// How long connections may take to end once they are cut.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Accepts clients until the end is asked for, and waits until the last one has gone.
pub(super) async fn accept_all(
    listener: TcpListener,
    routes: Router,
    limits: Limits,
    traffic: Arc<Traffic>,
    control: ServerControl,
) {
    let places = Arc::new(Semaphore::new(limits.connections as usize));
    let mut ending = pin!(control.ending());
    loop {
        let place = tokio::select! {
            biased;
            () = &mut ending => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        tokio::select! {
            biased;
            () = &mut ending => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let client = Client { place, limits, traffic: Arc::clone(&traffic), control: control.clone() };
                    tokio::spawn(client.serve(stream, routes.clone()));
                }
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            },
        }
    }
    drop(listener);
    // All places are free when the last one has gone.
    let all_gone = || places.acquire_many(limits.connections);
    if tokio::time::timeout(limits.drain, all_gone())
        .await
        .is_err()
    {
        control.cut();
        let _ = tokio::time::timeout(LAST_WORDS, all_gone()).await;
    }
}

/// What a connection needs while it lives.
struct Client {
    place: OwnedSemaphorePermit,
    limits: Limits,
    traffic: Arc<Traffic>,
    control: ServerControl,
}

impl Client {
    /// Answers requests until the client goes, loses our patience, or the end has come.
    async fn serve(self, stream: TcpStream, routes: Router) {
        let Self {
            place,
            limits,
            traffic,
            control,
        } = self;
        traffic.connections.fetch_add(1, Relaxed);
        traffic.open.fetch_add(1, Relaxed);
        // Events are small and are to come at once.
        let _ = stream.set_nodelay(true);
        let stream = TokioIo::new(Patience::new(stream, limits.write));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.headers)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .serve_connection(stream, TowerToHyperService::new(routes));
        let mut connection = pin!(connection);
        let mut ending = pin!(control.ending());
        let mut is_ending = false;
        let mut cut = pin!(control.reached(Phase::Cut));
        loop {
            tokio::select! {
                biased;
                // Whatever went wrong, the client has been told or is gone.
                _ = connection.as_mut() => break,
                () = &mut ending, if !is_ending => {
                    is_ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = &mut cut => break,
            }
        }
        traffic.open.fetch_sub(1, Relaxed);
        drop(place);
    }
}
