//! A server at work, and how it ends.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use axum::{Router, http::StatusCode};
use tokio::{
    runtime::{self, Runtime},
    sync::watch,
    task::JoinHandle,
};

use super::{
    Limits,
    accept::{self, BACKLOG},
};
use crate::listen::{ListenError, listen};

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// No new connections; requests are answered, and streams of events end.
    Draining,
    /// Connections are cut.
    Cut,
}

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("cannot start the server: {0}")]
    System(#[from] io::Error),
}

/// Tells a server to end, from any thread, and everybody that it ends.
#[derive(Debug, Clone)]
pub(crate) struct ServerControl {
    phase: watch::Sender<Phase>,
}

impl ServerControl {
    pub(crate) fn new() -> Self {
        Self {
            phase: watch::channel(Phase::Open).0,
        }
    }

    /// Asks for the end.
    pub(crate) fn stop(&self) {
        self.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Open;
            if is_open {
                *phase = Phase::Draining;
            }
            is_open
        });
    }

    pub(super) fn cut(&self) {
        self.phase.send_replace(Phase::Cut);
    }

    /// Whether the end was asked for.
    pub(crate) fn is_ending(&self) -> bool {
        *self.phase.borrow() != Phase::Open
    }

    /// Waits until the end is asked for.
    pub(crate) async fn ending(&self) {
        self.reached(Phase::Draining).await;
    }

    pub(super) async fn reached(&self, wanted: Phase) {
        let mut phase = self.phase.subscribe();
        // Without anybody who could change it, the end is near as well.
        let _ = phase
            .wait_for(|phase| match wanted {
                Phase::Open => true,
                Phase::Draining => *phase != Phase::Open,
                Phase::Cut => *phase == Phase::Cut,
            })
            .await;
    }
}

/// What a server has counted since its start.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Answers by the first digit of their status.
    answers: [AtomicU64; 6],
    pub(crate) connections: AtomicU64,
    /// Connections that are there now, and those of them that are streams of events.
    pub(crate) open: AtomicU64,
    pub(crate) streams: AtomicU64,
}

impl Traffic {
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(counter) = self.answers.get(usize::from(status.as_u16() / 100)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// How many answers there were of each class of status.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (usize, u64)> {
        let counters = self.answers.iter().map(|counter| counter.load(Relaxed));
        counters.enumerate().skip(2)
    }
}

/// A server at work.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    runtime: Runtime,
    accepting: JoinHandle<()>,
    control: ServerControl,
}

impl Server {
    /// Listens, and serves on threads of its own until `control` asks for the end.
    ///
    /// # Errors
    /// [`StartError`] when it cannot listen.
    pub(crate) fn start(
        address: SocketAddr,
        routes: Router,
        limits: Limits,
        traffic: Arc<Traffic>,
        control: ServerControl,
    ) -> Result<Self, StartError> {
        let runtime = runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("web")
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            listen(address, BACKLOG)?
        };
        let address = listener.local_addr()?;
        let accepting = runtime.spawn(accept::accept_all(
            listener,
            routes,
            limits,
            traffic,
            control.clone(),
        ));
        Ok(Self {
            address,
            runtime,
            accepting,
            control,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until somebody asks for its end.
    pub(crate) fn wait_until_ending(&self) {
        self.runtime.block_on(self.control.ending());
    }

    /// Waits for its end, which somebody must ask for: all connections have ended then, or were cut.
    pub(crate) fn wait(self) {
        let _ = self.runtime.block_on(self.accepting);
        self.runtime.shutdown_background();
    }
}
