//! Memory that processes share. All of this crate's `unsafe` lives in this folder.
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
//! assert_eq!(samples.training(Split::every(2).ok_or("two parts at least")?).count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod available;
mod builder;
mod layout;
mod names;
mod segment;
mod shape;
mod split;
mod view;

pub use builder::{BuildError, RowWriter, SamplesBuilder};
pub use layout::{HEADER_BYTES, Layout, LayoutError};
pub use names::NameTable;
pub use segment::{Segment, SegmentError};
pub use shape::{Element, Shape};
pub use split::{Split, SplitError};
pub use view::{Sample, Samples};
