//! Several machines: a third engine behind a pool, whose workers are those of all hosts that have joined a NATS server.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `broker.rs`, `link.rs`, `names.rs`, `error.rs` | how the server is reached and asked, what things are called there, what can go wrong |
//! | `wire.rs`, `failure.rs`, `publish.rs` | the messages, and how a task's error travels in one |
//! | `data.rs` | shared segments in the object store, and once on each host |
//! | `master.rs` and `master/` | the engine: tasks become chunks, results become outcomes |
//! | `agent.rs` and `agent/` | a host: chunks become tasks of a local pool |
//! | `survey.rs` | what hosts and jobs there are, for `master cluster` |
//!
//! Each side has one connection and one thread for it. What comes from the server is data from a stranger: it is
//! decoded within limits, what does not decode is dropped, and nothing of it is run but tasks of registered kinds.

mod agent;
mod broker;
mod data;
mod error;
mod failure;
mod link;
mod master;
mod names;
mod publish;
mod survey;
mod wire;

pub use agent::{Agent, AgentControl, Told};
pub use broker::Broker;
pub use error::ClusterError;
pub use master::Cluster;
pub use names::{JobName, JobNameError};
pub use survey::{Cleaned, HostSeen, JobSeen, Survey, cancel, clean, survey};
#[doc(hidden)]
pub use wire::read_any_message;

pub(crate) use master::{Job, start};
