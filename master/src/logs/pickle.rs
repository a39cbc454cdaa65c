//! Reads a pickle as data, and only as data: numbers, text, bytes, and containers of these.
//!
//! A pickle is a program for a small stack machine, and Python's own `pickle.loads` lets that program import and
//! call whatever it names. This reader knows the opcodes of protocols 0 to 5 that build data. The others it
//! refuses by name: nothing is looked up, nothing is called, whatever a peer sends.
//!
//! Values go into an arena that is used again for the next record, so a record of the usual size costs no
//! allocation. Text and bytes stay where they are in the record; values are 16 bytes with no destructor, so no
//! depth of nesting can exhaust this program's stack. What a record may cost is bounded by [`MOST_VALUES`], by the
//! record's own length, and by what writes it out (see `json`).

mod containers;
mod cursor;
mod error;
mod lines;
mod long;
mod machine;
mod memo;
mod names;
mod opcode;
mod scalars;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use error::PickleError;
pub(crate) use machine::Machine;
pub(crate) use tree::{Kind, Known, Node, Record};

/// The most values of one record: stack, containers and memo together take up to 64 bytes for each.
pub(crate) const MOST_VALUES: usize = 1 << 20;

/// The most lists, tuples, sets and dicts inside one another. Other JSON readers give up at 128.
pub(crate) const MOST_DEEP: usize = 100;
