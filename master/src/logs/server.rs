//! The server: accepts clients, and ends in good order.
//!
//! ```text
//! socket ─► desk: frames, pickles, lines ─► batch ─► channel ─► the writer's thread ─► file
//!              ▲                                                    │
//!              └───────── room for so many bytes of lines ◄─────────┘
//! ```
//!
//! A connection reads only when there is room for the lines that will come of it, and the writer gives room back
//! when lines are in the file. So a slow disk slows the clients down, through their sockets, and memory stays flat.

mod accept;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::{
    runtime::{self, Runtime},
    signal::unix::{self, SignalKind},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;

use super::{
    allow::Allow,
    batch::{Batch, Spares},
    counters::{Counters, Counts},
    desk::INPUT,
    event::Event,
    intake::Form,
    limits::Limits,
    room::Room,
    tail::Tail,
    writer::{Fsync, Order, Output, Rotation, Writer, Written},
};
use crate::listen::{ListenError, listen};

/// Whoever is told what happens.
pub(crate) type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// Room that is taken before anything is read: for the lines of one input, which are hardly longer than it.
pub(super) const READING: usize = 2 * INPUT;

/// Lines that are under way to the file at any time.
const ROOM: usize = 48 << 20;

/// How long the writer may take after the last client.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// No new clients; what is on its way is read.
    Draining,
    /// Nothing more is read.
    Cut,
}

/// Waits for a phase.
pub(super) async fn reached(phase: &mut watch::Receiver<Phase>, is_it: impl Fn(Phase) -> bool) {
    // Without anybody who could change it, the end is near as well.
    let _ = phase.wait_for(|phase| is_it(*phase)).await;
}

/// All that a server needs.
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) allow: Allow,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) limits: Limits,
    pub(crate) form: Form,
    /// Whether a refused record is left out, instead of ending its connection.
    pub(crate) skips: bool,
    pub(crate) output: Output,
    pub(crate) fsync: Fsync,
    pub(crate) rotation: Option<Rotation>,
    /// Where the last lines are kept, if somebody looks on.
    pub(crate) tail: Option<Arc<Tail>>,
    pub(crate) tell: Tell,
}

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) form: Form,
    pub(super) skips: bool,
    pub(super) counters: Arc<Counters>,
    pub(super) spares: Arc<Spares>,
    pub(super) room: Room,
    pub(super) large: Room,
    pub(super) tell: Tell,
    tail: Option<Arc<Tail>>,
    orders: Sender<Order>,
    allow: Allow,
    tls: Option<TlsAcceptor>,
}

impl Shared {
    /// Hands lines to the writer.
    pub(super) fn write(&self, batch: Batch) {
        if let Some(tail) = &self.tail {
            tail.keep(&batch);
        }
        // The writer lives as long as there is anybody who could write.
        let _ = self.orders.send(Order::Write(batch));
    }
}

/// Why a server cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error("cannot start the server: {0}")]
    System(#[from] io::Error),
}

/// A server at work.
pub(crate) struct Server {
    address: SocketAddr,
    runtime: Runtime,
    accepting: tokio::task::JoinHandle<()>,
    writer: JoinHandle<Written>,
    control: ServerControl,
}

/// Tells a server what to do, from any thread.
#[derive(Clone)]
pub(crate) struct ServerControl {
    phase: watch::Sender<Phase>,
    orders: Sender<Order>,
    counters: Arc<Counters>,
}

impl ServerControl {
    /// Asks for the end: no new clients, and what is on its way is still taken in.
    pub(crate) fn stop(&self) {
        self.phase.send_if_modified(|phase| {
            let is_open = *phase == Phase::Open;
            if is_open {
                *phase = Phase::Draining;
            }
            is_open
        });
    }

    /// What was counted since the start.
    pub(crate) fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// Opens the file anew.
    pub(crate) fn reopen(&self) {
        let _ = self.orders.send(Order::Reopen);
    }
}

impl Server {
    /// Listens, and serves on threads of its own.
    pub(crate) fn start(config: Config) -> Result<Self, StartError> {
        let runtime = runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("logs")
            .build()?;
        let listener = {
            let _inside = runtime.enter();
            listen(config.listen, accept::BACKLOG)?
        };
        let address = listener.local_addr()?;
        let counters = Arc::new(Counters::default());
        let spares = Arc::new(Spares::default());
        let (orders, inbox) = mpsc::channel();
        let (phase, _) = watch::channel(Phase::Open);
        let control = ServerControl {
            phase,
            orders: orders.clone(),
            counters: Arc::clone(&counters),
        };
        let writer = Writer::new(
            config.output,
            config.fsync,
            config.rotation,
            Arc::clone(&counters),
            Arc::clone(&spares),
            Arc::clone(&config.tell),
        );
        let stop = control.clone();
        let writer = thread::Builder::new()
            .name("logs-writer".into())
            .spawn(move || writer.run(&inbox, || stop.stop()))?;
        let shared = Arc::new(Shared {
            room: Room::new(ROOM),
            large: Room::new(config.limits.large()),
            limits: config.limits,
            form: config.form,
            skips: config.skips,
            counters,
            spares,
            tell: config.tell,
            tail: config.tail,
            orders,
            allow: config.allow,
            tls: config.tls,
        });
        runtime.spawn(obey_signals(Arc::clone(&shared)));
        let accepting = runtime.spawn(accept::accept_all(listener, shared, control.phase.clone()));
        Ok(Self {
            address,
            runtime,
            accepting,
            writer,
            control,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What other threads may tell it.
    pub(crate) fn control(&self) -> ServerControl {
        self.control.clone()
    }

    /// Waits for its end, which somebody must have asked for or must ask for.
    pub(crate) fn wait(self) -> Written {
        let Self {
            runtime,
            accepting,
            writer,
            control,
            ..
        } = self;
        // The task ends when the last client has gone, or is cut off; it cannot be cancelled.
        let _ = runtime.block_on(accepting);
        let by = Instant::now() + LAST_WRITES;
        let _ = control.orders.send(Order::End(by));
        // A writer that hangs, because a pipe has no reader for one, is left alone.
        let patience = by + LAST_WRITES;
        while !writer.is_finished() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        runtime.shutdown_background();
        let counts = control.counters.counts();
        let mut written = if writer.is_finished() {
            writer.join().unwrap_or_default()
        } else {
            Written {
                lines: counts.lines,
                ..Written::default()
            }
        };
        // Also what never got to the writer.
        written.unwritten = counts.records.saturating_sub(written.lines);
        written
    }

    /// Asks for the end, and waits for it.
    pub(crate) fn stop(self) -> Written {
        self.control.stop();
        self.wait()
    }
}

/// SIGUSR1 asks for the counters. A file that may not grow any further is an error when it is written, and is to be
/// no more than that: the signal that comes with it would end the process.
async fn obey_signals(shared: Arc<Shared>) {
    let _too_large = unix::signal(SignalKind::from_raw(libc::SIGXFSZ));
    let Ok(mut asked) = unix::signal(SignalKind::user_defined1()) else {
        return;
    };
    while asked.recv().await.is_some() {
        (shared.tell)(Event::Counters(shared.counters.counts()));
    }
}
