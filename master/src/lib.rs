//! A process pool that never hangs.
//!
//! A [`Pool`] runs tasks in worker processes, one per core. A task is a type with an input and an output
//! ([`Task`]); its function is registered in the worker executable (crate `brigade-worker`). A worker that
//! panics, exits, crashes or is killed costs the task it was running, and nothing else.
//!
//! ```no_run
//! use brigade::{Pool, jobs::echo::Echo};
//!
//! let pool = Pool::builder().workers(2).start()?;
//! let handle = pool.submit::<Echo>(7)?;
//! assert_eq!(handle.wait()?, 7);
//! for number in pool.map::<Echo, _>(0..1_000_000) {
//!     println!("{}", number?);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod exit;
mod os;
mod pool;
mod role;

pub use brigade_protocol::{Task, TaskFailure, jobs};
pub use brigade_worker::{Context, Registry};
pub use exit::Exit;
pub use pool::{
    AsCompleted, Chunks, Control, Ended, Event, Handle, Map, MapHandle, MapUnordered, Pool,
    PoolBuilder, StartError, Stats, SubmitError, TaskError, Until, Waited, as_completed,
    dropped_tasks, wait,
};
pub use role::worker_role;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
