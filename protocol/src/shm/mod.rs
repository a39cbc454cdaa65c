//! Memory that processes share. All of this crate's `unsafe` lives in this folder.
//!
//! | file | what is shared | between |
//! | --- | --- | --- |
//! | `lane.rs` | claims of tasks and results not yet sent | the master and one worker |
//! | `board.rs` | what each worker does right now | a pool and everyone who looks (`master ps`) |
//! | `inherited.rs` | the descriptors a worker is born with | |

mod board;
mod inherited;
mod lane;
mod sweep;

pub use board::{Board, BoardError, BoardLine, WorkerState};
pub use inherited::take_inherited;
pub use lane::{Lane, LaneError, MAX_IN_FLIGHT, OUTBOX_BYTES, Outbox};
pub use sweep::{BoardName, sweep_boards, unlink_board};
