//! Looking a little longer before going to sleep.
//!
//! To wake a sleeper costs both sides far more than an item does: 45 µs in a virtual machine whose processors
//! idle. So a consumer looks for a while first, but only if its latest waits were short: one that waits for
//! seconds sleeps at once, and nobody looks for longer than a tenth of a millisecond.

use std::{
    hint, thread,
    time::{Duration, Instant},
};

use crate::shm::gate::HAS_COMPANY;

const LONGEST: Duration = Duration::from_micros(100);
const SHORTEST: Duration = Duration::from_micros(2);
/// A wait up to so long would have been spared its sleep, or its end came late only because of a sleep.
const SHORT_WAIT: Duration = Duration::from_micros(150);
/// From here on others may need the processor more.
const YIELD_AFTER: Duration = Duration::from_micros(10);

/// How long one end looks before it sleeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spin {
    limit: Duration,
}

impl Spin {
    pub(super) const fn new() -> Self {
        Self { limit: LONGEST }
    }

    /// Looks until `there_is` something or it has been long enough; whether there is.
    pub(super) fn look(&mut self, began: Instant, there_is: impl Fn() -> bool) -> bool {
        if !*HAS_COMPANY {
            return there_is();
        }
        loop {
            for _ in 0..40 {
                if there_is() {
                    self.limit = LONGEST;
                    return true;
                }
                hint::spin_loop();
            }
            let elapsed = began.elapsed();
            if elapsed >= self.limit {
                return false;
            }
            if elapsed >= YIELD_AFTER {
                thread::yield_now();
            }
        }
    }

    /// Learns from a wait that looking did not spare.
    pub(super) fn learn(&mut self, waited: Duration) {
        self.limit = if waited <= SHORT_WAIT {
            LONGEST
        } else {
            (self.limit / 2).max(SHORTEST)
        };
    }
}
