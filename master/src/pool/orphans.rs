//! What a dead worker's tasks have started and what has left its process group, found by the worker's mark.
//!
//! Looking means to read the environment of every process, so it is done only after a worker has died that had
//! not been told to end, on a thread of its own that ends when there is nothing to look for, and for all that
//! have died in the meantime at once. It takes a tenth of one core at most, however fast workers die, unless one look
//! takes longer than a tenth of a second: rests end after a second.

use std::{
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use brigade_worker::kill_marked;

/// The shortest and the longest rest between two looks.
const REST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A look is followed by a rest of so many times its length.
const REST_FACTOR: u32 = 9;

/// The marks of the dead, of all pools of this process.
static DEAD: Mutex<Dead> = Mutex::new(Dead {
    marks: Vec::new(),
    is_looking: false,
    has_thread: false,
});

/// Tells that a look is over.
static LOOKED: Condvar = Condvar::new();

#[derive(Debug)]
struct Dead {
    marks: Vec<String>,
    is_looking: bool,
    has_thread: bool,
}

fn dead() -> MutexGuard<'static, Dead> {
    DEAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has all processes killed, soon, that carry this mark.
pub(super) fn hunt(mark: String) {
    let mut dead = dead();
    dead.marks.push(mark);
    if !dead.has_thread {
        let thread = thread::Builder::new().name("brigade-orphans".into());
        // If there can be no thread now, the next death tries again.
        dead.has_thread = thread.spawn(look_as_needed).is_ok();
    }
}

/// Waits until nothing is left to look for, for at most `limit`. Does not wait if no worker has died.
pub(super) fn settle(limit: Duration) {
    let dead = dead();
    let is_unsettled =
        |dead: &mut Dead| dead.has_thread && (dead.is_looking || !dead.marks.is_empty());
    drop(LOOKED.wait_timeout_while(dead, limit, is_unsettled));
}

fn look_as_needed() {
    loop {
        let mut open = dead();
        let marks = mem::take(&mut open.marks);
        open.has_thread = !marks.is_empty();
        open.is_looking = !marks.is_empty();
        drop(open);
        if marks.is_empty() {
            return;
        }
        let began = Instant::now();
        kill_marked(&marks);
        dead().is_looking = false;
        LOOKED.notify_all();
        let (shortest, longest) = REST;
        thread::sleep((began.elapsed() * REST_FACTOR).clamp(shortest, longest));
    }
}
