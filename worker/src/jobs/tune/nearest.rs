//! Keeps the nearest rows of a stream of distances without sorting them all.

/// A training row as seen from one testing sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbour {
    pub(super) distance: f64,
    /// The row's rank by features and class name: smaller comes first at equal distance.
    pub(super) rank: u32,
}

impl Neighbour {
    fn compare(&self, other: &Self) -> std::cmp::Ordering {
        // Distances hold neither NaN nor -0.0, so this is the order of the numbers.
        self.distance
            .total_cmp(&other.distance)
            .then(self.rank.cmp(&other.rank))
    }
}

/// The `most` nearest rows offered so far. Room for twice as many is filled before it is cut back by
/// selection, so an offer costs a comparison, and rarely more.
#[derive(Debug)]
pub(super) struct Nearest {
    most: usize,
    kept: Vec<Neighbour>,
    /// The last of the `most` nearest at the last cut: whoever is not before it cannot be among them.
    last: Neighbour,
}

const FARTHEST: Neighbour = Neighbour {
    distance: f64::INFINITY,
    rank: u32::MAX,
};

impl Nearest {
    /// `most` is at least 1.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Vec::with_capacity(2 * most),
            last: FARTHEST,
        }
    }

    /// Takes a row in if it may be among the nearest.
    #[inline]
    pub(super) fn offer(&mut self, distance: f64, rank: u32) {
        if distance < self.last.distance
            || (distance <= self.last.distance && rank < self.last.rank)
        {
            self.keep(Neighbour { distance, rank });
        }
    }

    fn keep(&mut self, neighbour: Neighbour) {
        self.kept.push(neighbour);
        if self.kept.len() == 2 * self.most {
            let (_, last, _) = self
                .kept
                .select_nth_unstable_by(self.most - 1, Neighbour::compare);
            self.last = *last;
            self.kept.truncate(self.most);
        }
    }

    /// The nearest rows, nearest first; fewer than `most` only if fewer were offered.
    pub(super) fn ordered(&mut self) -> &[Neighbour] {
        self.kept.sort_unstable_by(Neighbour::compare);
        self.kept.truncate(self.most);
        &self.kept
    }

    /// The same, with each distance replaced by what is made of it, in the same order.
    pub(super) fn ordered_by(&mut self, make: impl Fn(f64) -> f64) -> &[Neighbour] {
        self.ordered();
        for neighbour in &mut self.kept {
            neighbour.distance = make(neighbour.distance);
        }
        &self.kept
    }

    /// How far the last of the nearest is at most; infinite until there are enough.
    #[inline]
    pub(super) fn last_distance(&self) -> f64 {
        self.last.distance
    }

    /// Forgets all rows and keeps the room.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
        self.last = FARTHEST;
    }
}
