//! Memory that processes share. All of this crate's `unsafe` lives in this folder.
//!
//! | file | what is shared | between |
//! | --- | --- | --- |
//! | `segment.rs` | any bytes, sealed against change | a pool and all its workers |
//! | `layout.rs`, `shape.rs`, `names.rs`, `builder.rs`, `writer.rs` | how samples lie in a segment | |
//! | `view.rs`, `row.rs`, `split.rs`, `partition.rs` | samples as flyweights, training and testing as views | |
//! | `lane.rs`, `outbox.rs` | claims of tasks and results not yet sent | the master and one worker |
//! | `board.rs`, `board/`, `sweep.rs` | what each worker does right now | a pool and everyone who looks |
//! | `arena.rs`, `address.rs`, `presence.rs`, `gate.rs`, `futex.rs` | words and bytes of queues and locks, where they are, who is alive, how to wait | all ends of a queue, all openings of a lock |
//! | `member.rs`, `lock.rs`, `rows.rs`, `guarded.rs`, `atoms.rs` | what `sync/` is made of: openings, locks that outlive their holders, data behind them, numbers without | all openings of a lock |
//! | `plain.rs` | which data may lie there | |
//! | `available.rs` | how much room there is for it | |
//! | `inherited.rs` | the descriptors a worker is born with | |
//!
//! ```
//! use brigade_protocol::shm::{Samples, SamplesBuilder, Split};
//!
//! let builder = SamplesBuilder::new(2, &["red", "white"], None)?;
//! let segment = builder.segment("wine", 3, |rows| {
//!     rows.push(&[0.5, 1.0], 0)?;
//!     rows.push(&[0.25, 2.0], 1)?;
//!     rows.push(&[0.75, 3.0], 0)
//! })?;
//!
//! let samples = Samples::parse(segment.bytes())?;
//! assert_eq!(samples.sample(1).class(), "white");
//! let partition = Split::every(2).ok_or("two parts at least")?.partition(0, samples.class_ids());
//! assert_eq!(samples.training(&partition).count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod arena;
mod atoms;
mod available;
mod board;
mod builder;
pub mod futex;
pub(crate) mod gate;
pub(crate) mod guarded;
mod inherited;
mod lane;
mod layout;
pub(crate) mod lock;
pub(crate) mod member;
mod names;
mod outbox;
mod partition;
pub(crate) mod plain;
pub(crate) mod presence;

mod row;
pub(crate) mod rows;
mod segment;
mod shape;
mod split;
mod sweep;
mod view;
mod writer;

pub(crate) use address::Address;
pub use arena::{Arena, ArenaError};
pub(crate) use atoms::Atoms;
pub(crate) use atoms::sealed::Sealed as Cell;
pub use atoms::{Atom, Number};
pub use board::{Board, BoardError, BoardLine, BoardView, LineView, WorkerState, boards};
pub use builder::{BuildError, SamplesBuilder};
pub use inherited::take_inherited;
pub use lane::{Lane, LaneError, MAX_IN_FLIGHT, OUTBOX_BYTES};
pub use layout::{HEADER_BYTES, Layout, LayoutError};
pub use names::NameTable;
pub use outbox::Outbox;
pub use partition::Partition;
pub use plain::Plain;
pub use row::{Matrix, Row};
pub use segment::{Segment, SegmentError};
pub use shape::{Element, Shape};
pub use split::{KFold, Split, SplitError};
pub use sweep::{BoardName, sweep_boards, unlink_board};
pub use view::{Sample, Samples, SharedSamples, SharedSamplesError};
pub use writer::RowWriter;
