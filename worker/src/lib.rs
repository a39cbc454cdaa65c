//! Brigade's worker process: functions registered by task type, and the loop that serves them to a master.
//!
//! A worker of your own is a `main` of a few lines:
//!
//! ```
//! use brigade_protocol::Task;
//! use brigade_worker::Registry;
//!
//! struct Square;
//!
//! impl Task for Square {
//!     const KIND: &'static str = "example.square";
//!     type Input = u64;
//!     type Output = u64;
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let mut registry = Registry::new();
//!     registry.register::<Square, _>(|n, _context| Ok(n * n));
//! #   // Started by hand, as here, it says that this is what a master does, and ends.
//! #   assert_eq!(brigade_worker::main(&registry), std::process::ExitCode::from(2));
//! #   return std::process::ExitCode::SUCCESS;
//!     brigade_worker::main(&registry)
//! }
//! ```

mod birth;
mod conditions;
mod context;
mod descendants;
mod inbox;
pub mod jobs;
mod lifeline;
mod marks;
mod panics;
mod registry;
mod sender;
mod serve;
mod start;

#[doc(hidden)]
pub use birth::{spawn_patiently, take_hold};
pub use brigade_protocol::queue;
pub use context::{Context, ContextError};
#[doc(hidden)]
pub use descendants::kill_descendants;
#[doc(hidden)]
pub use marks::{MARK_VARIABLE, kill_marked, mark, with_own_marks};
pub use registry::{Registry, TaskError};
pub use serve::main;
