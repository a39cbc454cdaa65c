//! Philosophers: each a process, at a round table with a fork between each two.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Task,
    queue::ProducerTicket,
    sync::{Array, BoundedSemaphore, Event, Mutex, Ticket},
};

/// Eats and thinks until all servings are eaten, or the dinner is over.
#[derive(Debug)]
pub struct Dine;

impl Task for Dine {
    const KIND: &'static str = "demo.philosophers";
    type Input = Place;
    /// How many meals this process has eaten.
    type Output = u64;
}

/// One philosopher's place at the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    /// Who sits here, from 0.
    pub philosopher: u32,
    /// The fork of the same number, and the next one around the table.
    pub forks: [Ticket<Mutex<()>>; 2],
    /// Whom to ask for a seat, if anybody: there is one seat less than philosophers.
    pub footman: Option<Ticket<BoundedSemaphore>>,
    /// What everybody may know of everybody: a [`Row`] each.
    pub board: Ticket<Array<u64>>,
    /// When all are there.
    pub start: Ticket<Event>,
    /// When the dinner is over before all is eaten.
    pub end: Ticket<Event>,
    /// Where to say what one does.
    pub news: ProducerTicket<News>,
    /// How to eat.
    pub manners: Manners,
}

/// How philosophers eat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manners {
    /// How many meals each has; without, they eat until the dinner is over, say nothing, and neither take time to eat
    /// nor think.
    pub servings: Option<u32>,
    /// The shortest time to eat, and to think.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// How long a hand is held out between the first fork and the second.
    pub reach: Duration,
    /// What chance begins with.
    pub seed: u64,
}

impl Manners {
    /// How long a philosopher eats and then thinks at one of its meals: the same in every process that is asked, so
    /// that a successor goes on where the one before ended.
    ///
    /// ```
    /// use std::time::Duration;
    /// use brigade_protocol::jobs::philosophers::Manners;
    ///
    /// let manners = Manners {
    ///     servings: Some(5),
    ///     min: Duration::from_secs(1),
    ///     max: Duration::from_secs(2),
    ///     reach: Duration::ZERO,
    ///     seed: 42,
    /// };
    /// let [eat, think] = manners.times(3, 0);
    /// assert!((1.0..=2.0).contains(&eat.as_secs_f64()) && eat != think);
    /// assert_eq!(manners.times(3, 0), [eat, think]);
    /// assert_ne!(manners.times(3, 1), [eat, think]);
    /// ```
    #[must_use]
    pub fn times(&self, philosopher: u32, meal: u64) -> [Duration; 2] {
        let place = u64::from(philosopher) << 32 ^ meal;
        let mut random =
            fastrand::Rng::with_seed(self.seed ^ place.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        [(); 2].map(|()| self.min + self.max.saturating_sub(self.min).mul_f64(random.f64()))
    }
}

/// What a philosopher says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum News {
    /// This one has come, and has so many meals behind it, eaten by those who sat here before.
    Here {
        /// Who.
        philosopher: u32,
        /// Its process.
        pid: u32,
        /// How many.
        meals: u64,
    },
    /// It has both forks and eats.
    Eating(u32),
    /// It has put the forks down and thinks.
    Philosophizing(u32),
    /// It has got up from its meal of this number.
    Served(u32, u64),
}

/// A word of a philosopher's row on the board. Each row has a line of memory to itself, and one writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// How many meals have been eaten at this place.
    Meals,
    /// Which fork it waits for: one more than its number, or 0.
    Wants,
    /// The number of its opening of the fork with its own number.
    OwnFork,
    /// The number of its opening of the next fork.
    NextFork,
    /// Not 0 once it has come.
    IsHere,
}

impl Row {
    /// Words in a row.
    pub const WORDS: usize = 8;

    /// Where the word is on the board.
    #[must_use]
    pub const fn of(self, philosopher: u32) -> usize {
        philosopher as usize * Self::WORDS + self as usize
    }
}

/// The philosophers of whom each waits for the next, and the last for the first, if there are such: `waits[i]` is
/// for whom i waits. The one with the smallest number comes first.
///
/// ```
/// use brigade_protocol::jobs::philosophers::cycle;
///
/// assert_eq!(cycle(&[Some(1), Some(2), None]), None);
/// assert_eq!(cycle(&[Some(1), Some(3), Some(1), Some(1)]), Some(vec![1, 3]));
/// ```
#[must_use]
pub fn cycle(waits: &[Option<u32>]) -> Option<Vec<u32>> {
    let next = |at: u32| waits.get(at as usize).copied().flatten();
    (0..u32::try_from(waits.len()).ok()?).find_map(|first| {
        let mut around = vec![first];
        let mut at = next(first)?;
        while at != first {
            // Into a circle that does not come back here: it is found from its own smallest.
            if around.contains(&at) {
                return None;
            }
            around.push(at);
            at = next(at)?;
        }
        Some(around)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_of_any_length_are_found_and_lines_are_none() {
        assert_eq!(cycle(&[]), None);
        assert_eq!(cycle(&[None; 4]), None);
        assert_eq!(cycle(&[Some(0)]), Some(vec![0]));
        let all: Vec<_> = (0..5).map(|i| Some((i + 1) % 5)).collect();
        assert_eq!(cycle(&all), Some(vec![0, 1, 2, 3, 4]));
        assert_eq!(
            cycle(&[Some(2), Some(9), Some(3), Some(2)]),
            Some(vec![2, 3])
        );
    }

    #[test]
    fn rows_do_not_overlap() {
        assert_eq!(Row::of(Row::Meals, 0), 0);
        assert!(Row::of(Row::IsHere, 0) < Row::of(Row::Meals, 1));
    }
}
