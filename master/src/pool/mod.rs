//! The pool: worker processes, and tasks that each end in exactly one outcome.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `builder.rs` and `builder/` | options, and the start |
//! | `front.rs` and `front/`, `handle.rs`, `map.rs`, `chunks.rs`, `completed.rs` | what the caller holds |
//! | `tempo.rs` | how long tasks take, for windows and chunks |
//! | `engine.rs`, `processes.rs`, `threads.rs` and `threads/` | what is behind that: processes, or threads |
//! | `outcome.rs`, `cell.rs`, `stream.rs`, `ready.rs`, `wakes.rs` | a task's way out, and who is told |
//! | `core.rs` and `core/` | the state machine of a pool of processes, without I/O |
//! | `io.rs` and `io/`, `revoke.rs` | the state machine's actions become system calls |
//! | `listen.rs`, `settle.rs`, `bury.rs`, `watch.rs`, `worker.rs` | what the kernel and the workers say becomes its events |
//! | `wheel.rs`, `wheel/steward.rs` | which thread drives the loop |
//! | `error.rs`, `start_error.rs`, `ended.rs`, `event.rs` | what callers are told: of tasks, of workers |
//! | `spawn.rs`, `inherit.rs`, `log.rs`, `reap.rs`, `memory.rs` | birth and death of processes |
//! | `dropped.rs`, `orphans.rs` | what is left when a pool goes: tasks that nobody will have done, processes that workers have started |

mod builder;
mod bury;
mod cell;
mod chunks;
mod completed;
mod core;
mod dropped;
mod ended;
mod engine;
mod error;
mod event;
mod front;
mod handle;
mod inherit;
mod io;
mod listen;
mod log;
mod map;
mod memory;
mod orphans;
mod outcome;
mod processes;
mod ready;
mod reap;
mod revoke;
mod settle;
mod spawn;
mod start_error;
mod stream;
mod tempo;
mod threads;
mod wakes;
mod watch;
mod wheel;
mod worker;

pub use builder::PoolBuilder;
pub use chunks::Chunks;
pub use completed::{AsCompleted, Until, Waited, as_completed, wait};
pub use dropped::dropped_tasks;
pub use ended::Ended;
pub use engine::Stats;
pub use error::{SubmitError, TaskError};
pub use event::Event;
pub use front::{Control, Pool};
pub use handle::Handle;
pub use map::{Map, MapHandle, MapUnordered};
pub use start_error::StartError;

/// What another engine is made of.
#[cfg(feature = "cluster")]
pub(crate) mod internals {
    pub(crate) use super::{
        core::{TaskRef, Terms},
        engine::{End, Engine, park_until},
        event::Event,
        outcome::{Awaited, Chunk, Input, KindIndex, Output, Payload, Sink, Ticket, lock},
        ready::Ready,
        stream::Stream,
        wakes::{Wakes, queue},
        wheel::Observer,
    };
}
