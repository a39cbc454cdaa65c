//! The vote of the nearest, for all ks at once: neighbours are counted one after another, and the leader is
//! asked for at every k on the way.

use super::nearest::Neighbour;

/// The ballot of one testing sample, reused for the next.
#[derive(Debug)]
pub(super) struct Vote {
    /// The ks in ascending order, each with its place in the input.
    ks: Vec<(usize, usize)>,
    /// Votes of each class and when it was met first.
    ballot: Vec<(u32, u32)>,
    /// For each k of the input, whether the right class won.
    wins: Vec<bool>,
}

impl Vote {
    pub(super) fn new(classes: usize, ks: &[u32]) -> Self {
        let mut ascending: Vec<_> = ks
            .iter()
            .enumerate()
            .map(|(place, &k)| (k as usize, place))
            .collect();
        ascending.sort_unstable();
        Self {
            wins: vec![false; ks.len()],
            ks: ascending,
            ballot: vec![(0, 0); classes],
        }
    }

    /// Whether `right` wins among the first k neighbours, for each k in the order of the input. A class wins
    /// with most votes; among equals, the one met first.
    pub(super) fn wins(
        &mut self,
        neighbours: &[Neighbour],
        class_ids: &[u32],
        right: u32,
    ) -> &[bool] {
        let Self { ks, ballot, wins } = self;
        ballot.fill((0, 0));
        wins.fill(false);
        let mut ks = ks.iter().peekable();
        let mut leader = None;
        for (met, neighbour) in (0..).zip(neighbours) {
            let class_id = class_ids[neighbour.rank as usize];
            let (votes, first) = &mut ballot[class_id as usize];
            if *votes == 0 {
                *first = met;
            }
            *votes += 1;
            let (votes, first) = (*votes, *first);
            // Only the class that just got a vote can take the lead.
            leader = match leader {
                Some((_, most, since)) if most > votes || (most == votes && since < first) => {
                    leader
                }
                _ => Some((class_id, votes, first)),
            };
            while let Some(&(_, place)) = ks.next_if(|(k, _)| *k == met as usize + 1) {
                wins[place] = leader.is_some_and(|(class_id, ..)| class_id == right);
            }
        }
        wins
    }
}
