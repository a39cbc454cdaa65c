//! A process pool that never hangs.
//!
//! A [`Pool`] runs tasks in worker processes, one per core. A task is a type with an input and an output
//! ([`Task`]); its function is registered in the worker executable (crate `brigade-worker`). A worker that
//! panics, exits, crashes or is killed costs the task it was running, and nothing else.
//!
//! ```
//! use brigade::{Pool, Registry, Task, TaskError};
//!
//! /// Squares a number.
//! struct Square;
//!
//! impl Task for Square {
//!     const KIND: &'static str = "example.square";
//!     type Input = u64;
//!     type Output = u64;
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut registry = Registry::new();
//!     registry.register::<Square, _>(|number, _context| {
//!         number.checked_mul(number).ok_or_else(|| "too large".into())
//!     });
//!     // This program is its own worker; it may be another one just as well.
//!     if brigade::worker_role(&registry).is_some() {
//!         return Ok(());
//!     }
//!     let pool = Pool::builder().workers(2).this_executable()?.start()?;
//!
//!     assert_eq!(pool.submit::<Square>(7)?.wait()?, 49);
//!
//!     let squares = pool.map::<Square, _>(0..1_000);
//!     assert_eq!(squares.sum::<Result<u64, TaskError>>()?, 332_833_500);
//!
//!     let error = pool.submit::<Square>(u64::MAX)?.wait();
//!     assert!(error.is_err_and(|error| error.to_string().contains("too large")));
//!     pool.join();
//!     Ok(())
//! }
//! ```

#[cfg(feature = "cluster")]
pub mod cluster;
mod exit;
mod os;
mod pool;
mod role;

pub use brigade_protocol::{
    Task, TaskFailure, jobs, queue,
    queue::{JoinableQueue, Queue, SimpleQueue},
    sync,
};
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

/// Compiles the examples of the library's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/library.md")]
struct LibraryPage;

/// Compiles and runs the examples of the page for those who come from Python.
#[cfg(doctest)]
#[doc = include_str!("../../docs/from-python.md")]
struct FromPythonPage;

/// Compiles the examples of the page about several machines.
#[cfg(all(doctest, feature = "cluster"))]
#[doc = include_str!("../../docs/cluster.md")]
struct ClusterPage;

/// Compiles and runs the examples of the page about locks.
#[cfg(doctest)]
#[doc = include_str!("../../docs/sync.md")]
struct SyncPage;
