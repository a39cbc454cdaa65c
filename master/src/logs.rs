//! Collects the records of Python programs, as their `logging.handlers.SocketHandler` sends them, in one file.
//!
//! `frame`, `pickle`, `json`, `template` and `intake` are pure: bytes in, lines out. `desk`, `connection` and
//! `server` are the sockets, `writer` is the file. Nothing here prints: what happens is told as an [`Event`].

mod allow;
mod batch;
mod connection;
mod counters;
mod desk;
mod event;
mod frame;
mod intake;
mod json;
mod limits;
mod pickle;
mod room;
mod server;
mod stream;
mod tail;
mod template;
mod tls;
mod writer;

pub(crate) use allow::{Allow, network};
pub(crate) use counters::Counts;
pub(crate) use event::Event;
pub(crate) use frame::LARGEST_LIMIT;
pub(crate) use intake::Form;
pub(crate) use limits::Limits;
pub(crate) use server::{Config, Server, ServerControl, Tell};
pub(crate) use tail::Tail;
pub(crate) use template::Template;
pub(crate) use tls::acceptor;
pub(crate) use writer::{Destination, Fsync, Output, Rotation, Written};
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use {json::JsonWriter, pickle::Machine};
