//! Work that its pool was dropped with, or that a pool still has.

use std::sync::{
    Arc, Mutex, Weak,
    atomic::{AtomicU64, Ordering},
};

use super::{engine::Engine, outcome::lock};

/// Tasks that pools were dropped with.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The pools that there are.
static POOLS: Mutex<Vec<Weak<dyn Engine>>> = Mutex::new(Vec::new());

/// How many tasks of this process have been submitted whose pool was dropped before they were done, or which are
/// not done yet. See [`Exit`](crate::Exit) for what does not count.
///
/// For programs that end by [`std::process::exit`]; others return an [`Exit`](crate::Exit).
#[must_use]
pub fn dropped_tasks() -> u64 {
    let pools: Vec<_> = lock(&POOLS).iter().filter_map(Weak::upgrade).collect();
    let open: u64 = pools.iter().map(|pool| pool.unfinished()).sum();
    open + DROPPED.load(Ordering::Relaxed)
}

/// A pool begins.
pub(super) fn enter(pool: &Arc<dyn Engine>) {
    let mut pools = lock(&POOLS);
    pools.retain(|pool| pool.strong_count() > 0);
    pools.push(Arc::downgrade(pool));
}

/// A pool has been dropped with so many tasks.
pub(super) fn add(tasks: u64) {
    DROPPED.fetch_add(tasks, Ordering::Relaxed);
}
