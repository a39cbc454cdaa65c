//! An HTTP server that is safe by default: who may connect, ask and change something, and for how long.
//!
//! ```text
//! socket ─► place ─► patience ─► HTTP ─► host ─► site ─► token ─► time limit ─► routes
//!            │          │                  └──────────── guard ─────────┘
//!            └─ accept ─┘
//! ```
//!
//! It knows no job and shows nothing by itself: routes and the look of errors are given to it.

mod accept;
mod guard;
mod hosts;
mod limits;
mod patience;
mod problem;
mod server;
mod token;

pub(crate) use guard::{Guard, guarded};
pub(crate) use hosts::Hosts;
pub(crate) use limits::Limits;
pub(crate) use problem::Problem;
pub(crate) use server::{Server, ServerControl, Traffic};
pub(crate) use token::Token;
