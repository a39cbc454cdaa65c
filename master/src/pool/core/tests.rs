//! The state machine against a world of one's imagination.

mod anything;
mod endings;
mod fake;
mod tasks;
mod workers;
