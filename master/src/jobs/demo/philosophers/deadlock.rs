//! Notices that philosophers wait for each other in a circle.
//!
//! Looking at one after another sees each at another moment, so a circle seen once may never have been. Seen twice,
//! with nobody in it having eaten or wanted another fork in between, it has been: each has held one fork and waited
//! for the next from the first look to the second, at the latest between the two for all of them at once. And
//! who waits in a circle of living holders without a time limit does so for ever.

use brigade_protocol::jobs::philosophers::cycle;

use super::table::{Seen, Table};
use crate::report::philosophers::Stuck;

/// Looks again and again.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The circle that was seen last, and each one's state.
    before: Option<Vec<(u32, Seen)>>,
}

impl Watch {
    /// Looks at all, and says who is stuck, in the order of the circle.
    pub(super) fn look(&mut self, table: &Table) -> Option<Vec<Stuck>> {
        let all: Vec<Seen> = (0..table.faculty())
            .map(|philosopher| table.look_at(philosopher))
            .collect();
        let waits: Vec<_> = all.iter().map(|seen| seen.waits_for).collect();
        let now: Option<Vec<_>> = cycle(&waits).map(|circle| {
            let seen = |philosopher: u32| (philosopher, all[philosopher as usize]);
            circle.into_iter().map(seen).collect()
        });
        let is_certain = now.is_some() && now == self.before;
        self.before = now;
        is_certain.then(|| self.stuck(table))
    }

    fn stuck(&self, table: &Table) -> Vec<Stuck> {
        let circle = self.before.iter().flatten();
        circle
            .filter_map(|(philosopher, seen)| {
                let holds = (0..table.faculty())
                    .find(|fork| table.holder_of(*fork) == Some(*philosopher))?;
                Some(Stuck {
                    philosopher: *philosopher,
                    holds,
                    waits_for: seen.wants?,
                    held_by: seen.waits_for?,
                })
            })
            .collect()
    }
}
