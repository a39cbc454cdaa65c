//! How many threads of the master are worth having for what is done once to a whole table.

use std::{num::NonZero, thread};

/// Bytes that one thread copies in some 0.3 ms, ten times what it takes to start it.
const SHARE_BYTES: usize = 4 << 20;

/// As many as there are cores, and no more than have something to do.
pub(super) fn threads(bytes: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(bytes / SHARE_BYTES).max(1)
}
