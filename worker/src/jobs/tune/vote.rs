//! The vote of the nearest, for all ks at once.
//!
//! The class with most votes wins; among equals, the one met first, nearest first.

use brigade_protocol::jobs::tune::Weights;

use super::nearest::Neighbour;

/// The ballot of one testing sample, reused for the next.
#[derive(Debug)]
pub(super) struct Vote {
    weights: Weights,
    /// The ks in ascending order, each with its place in the input.
    ks: Vec<(usize, usize)>,
    /// Votes of each class and when it was met first, counted from 1; 0 for one not met.
    ballot: Vec<(f64, u32)>,
    /// For each k of the input, the class that won.
    winners: Vec<u32>,
}

impl Vote {
    pub(super) fn new(classes: usize, ks: &[u32], weights: Weights) -> Self {
        let mut ascending: Vec<_> = ks
            .iter()
            .enumerate()
            .map(|(place, &k)| (k as usize, place))
            .collect();
        ascending.sort_unstable();
        Self {
            weights,
            winners: vec![0; ks.len()],
            ks: ascending,
            ballot: vec![(0.0, 0); classes],
        }
    }

    /// The class that wins among the first k neighbours, for each k in the order of the input. `class_ids` are those
    /// at the ranks.
    pub(super) fn winners(&mut self, neighbours: &[Neighbour], class_ids: &[u32]) -> &[u32] {
        match self.weights {
            Weights::Uniform => self.count(neighbours, class_ids),
            Weights::Distance => {
                for at in 0..self.ks.len() {
                    let (k, place) = self.ks[at];
                    self.winners[place] =
                        self.weigh(&neighbours[..k.min(neighbours.len())], class_ids);
                }
            }
        }
        &self.winners
    }

    /// The classes of the neighbours that voted last, in the order of the classes, with their votes. Right for a
    /// single k, of which no more than k neighbours voted.
    pub(super) fn votes(&self) -> impl Iterator<Item = (u32, f64)> {
        let classes = (0..).zip(&self.ballot);
        classes
            .filter(|(_, (votes, first))| *first > 0 && *votes != 0.0)
            .map(|(class_id, &(votes, _))| (class_id, votes))
    }

    /// Neighbours are counted one after another, and the leader is asked for at every k on the way.
    fn count(&mut self, neighbours: &[Neighbour], class_ids: &[u32]) {
        let Self {
            ks,
            ballot,
            winners,
            ..
        } = self;
        ballot.fill((0.0, 0));
        let mut ks = ks.iter().peekable();
        let mut leader = None;
        for (met, neighbour) in (0..).zip(neighbours) {
            let class_id = class_ids[neighbour.rank as usize];
            let (votes, first) = vote(ballot, class_id, met, 1.0);
            // Only the class that just got a vote can take the lead.
            leader = match leader {
                Some((_, most, since)) if most > votes || (most == votes && since < first) => {
                    leader
                }
                _ => Some((class_id, votes, first)),
            };
            while let Some(&(_, place)) = ks.next_if(|(k, _)| *k == met as usize + 1) {
                winners[place] = leader.map_or(0, |(class_id, ..)| class_id);
            }
        }
    }

    /// The winner where each vote has its weight.
    fn weigh(&mut self, neighbours: &[Neighbour], class_ids: &[u32]) -> u32 {
        let ballot = &mut self.ballot;
        ballot.fill((0.0, 0));
        let is_there = neighbours.iter().any(|neighbour| neighbour.distance == 0.0);
        let mut leader = None;
        for (met, neighbour) in (0..).zip(neighbours) {
            let weight = match neighbour.distance {
                distance if is_there => f64::from(u8::from(distance == 0.0)),
                distance => 1.0 / distance,
            };
            let _ = vote(ballot, class_ids[neighbour.rank as usize], met, weight);
        }
        // Weights may be negative where distances are, so the leader is asked for at the end.
        for (met, neighbour) in (0..).zip(neighbours) {
            let class_id = class_ids[neighbour.rank as usize];
            let (votes, first) = ballot[class_id as usize];
            if first == met + 1 && leader.is_none_or(|(_, most)| votes > most) {
                leader = Some((class_id, votes));
            }
        }
        leader.map_or(0, |(class_id, _)| class_id)
    }
}

/// Gives a class a vote; how many it has now, and when it was met first, counted from 1.
fn vote(ballot: &mut [(f64, u32)], class_id: u32, met: u32, weight: f64) -> (f64, u32) {
    let (votes, first) = &mut ballot[class_id as usize];
    if *first == 0 {
        *first = met + 1;
    }
    *votes += weight;
    (*votes, *first)
}
