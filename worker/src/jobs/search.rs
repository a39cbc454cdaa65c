//! `search`: a shard of a tree's files held in memory, and asked again and again.
//!
//! | file | what |
//! | --- | --- |
//! | `task.rs` | the task: takes orders from its queue, puts answers into the one that all shards share |
//! | `arena.rs` | the files of a shard |
//! | `block.rs` | memory for them |
//! | `encoding.rs` | byte order marks |
//! | `matcher.rs` | finds the lines that match |
//! | `pages.rs` | what is answered |

mod arena;
mod block;
mod encoding;
mod matcher;
mod pages;
mod task;

pub(super) use arena::open;
pub use matcher::{Matcher, PatternError};
pub(super) use task::register;
