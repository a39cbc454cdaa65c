//! The pool: worker processes, and tasks that each end in exactly one outcome.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `builder.rs` | options, and the start |
//! | `core.rs`, `slot.rs`, `pace.rs` | the state machine, without I/O |
//! | `io.rs` | the state machine's actions become system calls |
//! | `listen.rs`, `watch.rs`, `worker.rs` | what the kernel and the workers say becomes its events |
//! | `wheel.rs` | which thread drives the loop |
//! | `spawn.rs`, `inherit.rs`, `reap.rs` | birth and death of processes |
//! | `handle.rs`, `map.rs`, `completed.rs` | what the caller holds |

mod builder;
mod completed;
mod core;
mod error;
mod handle;
mod inherit;
mod io;
mod listen;
mod map;
mod outcome;
mod pace;
mod reap;
mod slot;
mod spawn;
mod watch;
mod wheel;
mod worker;

pub use builder::{Pool, PoolBuilder};
pub use completed::{AsCompleted, as_completed};
pub use error::{Ended, StartError, SubmitError, TaskError};
pub use handle::Handle;
pub use io::Event;
pub use map::{Map, MapUnordered};
