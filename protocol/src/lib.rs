//! What Brigade's master and workers agree on: task types, frames and messages, and the memory they share.
//!
//! Nothing here decides when to read, write, spawn or kill: that is the master's pool and the worker's
//! serve loop. See `ARCHITECTURE.md` for the picture of a task's way.

pub mod clock;
pub mod codec;
pub mod frame;
mod hello;
pub mod jobs;
mod message;
pub mod process;
pub mod queue;
pub mod shm;
mod side_by_side;
pub mod sync;
mod task;

pub use hello::{BUILD_ID, CRATE_VERSION, Hello, Mismatch, PROTOCOL_VERSION};
pub use message::{
    FromWorker, PART_BYTES, Start, TaskFailure, TaskHeader, ToWorker, fd, split_item,
};
pub use side_by_side::side_by_side;
pub use task::Task;
