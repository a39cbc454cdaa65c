//! Which of the modules imports which, where that goes in circles, and which of them nobody imports.

use std::collections::{BTreeMap, BTreeSet};

use brigade_protocol::jobs::imports::When;

use super::{Modules, Scanned};

/// When one module imports another one: the soonest of all its imports counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// As soon as it is imported itself.
    Now,
    /// In a function, so later.
    Deferred,
    /// For type checkers only.
    Typing,
}

impl From<When> for Kind {
    fn from(when: When) -> Self {
        match (when.is_typing, when.is_deferred) {
            (true, _) => Self::Typing,
            (false, true) => Self::Deferred,
            (false, false) => Self::Now,
        }
    }
}

/// One module imports another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: Kind,
}

/// The modules as a graph, by the numbers of their files.
#[derive(Debug)]
pub(crate) struct Graph {
    edges: Vec<Edge>,
    /// Of each file.
    cycle_of: Vec<Option<usize>>,
    cycles: Vec<Vec<usize>>,
}

impl Graph {
    pub(crate) fn of(files: &[Scanned], modules: &Modules) -> Self {
        let mut kinds: BTreeMap<(usize, usize), Kind> = BTreeMap::new();
        for (from, file) in files.iter().enumerate() {
            for import in &file.scan.imports {
                let meant = modules.meant(from, import);
                for to in meant
                    .iter()
                    .filter_map(|meant| meant.file)
                    .filter(|&to| to != from)
                {
                    let kind = Kind::from(import.when);
                    let known = kinds.entry((from, to)).or_insert(kind);
                    *known = kind.min(*known);
                }
            }
        }
        let edges = kinds
            .into_iter()
            .map(|((from, to), kind)| Edge { from, to, kind });
        Self::new(files.len(), edges.collect())
    }

    fn new(files: usize, edges: Vec<Edge>) -> Self {
        let mut next = vec![Vec::new(); files];
        for edge in edges.iter().filter(|edge| edge.kind == Kind::Now) {
            next[edge.from].push(edge.to);
        }
        let cycles = cycles(&next);
        let mut cycle_of = vec![None; files];
        for (number, cycle) in cycles.iter().enumerate() {
            for &file in cycle {
                cycle_of[file] = Some(number);
            }
        }
        Self {
            edges,
            cycle_of,
            cycles,
        }
    }

    /// By the modules they come from, then by those they go to.
    pub(crate) fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Sets of modules each of which imports all others of its set, if not directly, as soon as it is imported.
    pub(crate) fn cycles(&self) -> &[Vec<usize>] {
        &self.cycles
    }

    /// Whether a module is in a cycle.
    pub(crate) fn is_in_cycle(&self, file: usize) -> bool {
        self.cycle_of[file].is_some()
    }

    /// Whether an edge is part of a cycle.
    pub(crate) fn is_cyclic(&self, edge: &Edge) -> bool {
        edge.kind == Kind::Now
            && self.is_in_cycle(edge.from)
            && self.cycle_of[edge.from] == self.cycle_of[edge.to]
    }

    /// The modules that no other one imports. Who imports a module from outside of its packages imports these too.
    pub(crate) fn unused(&self, modules: &Modules) -> Vec<usize> {
        let mut used = BTreeSet::new();
        for edge in &self.edges {
            used.insert(edge.to);
            let own: BTreeSet<usize> = modules.around(edge.from).chain([edge.from]).collect();
            used.extend(
                modules
                    .around(edge.to)
                    .filter(|package| !own.contains(package)),
            );
        }
        (0..self.cycle_of.len())
            .filter(|file| !used.contains(file))
            .collect()
    }
}

/// The strongly connected components of more than one node, each sorted, in order of their first: Tarjan's algorithm
/// (1972), with a stack of its own.
fn cycles(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; next.len()];
    let mut low = vec![0; next.len()];
    let mut is_open = vec![false; next.len()];
    let (mut open, mut count, mut cycles) = (Vec::new(), 0, Vec::new());
    for start in 0..next.len() {
        if order[start] != NEW {
            continue;
        }
        let mut way = vec![(start, 0)];
        while let Some(&mut (node, ref mut tried)) = way.last_mut() {
            if *tried == 0 {
                (order[node], low[node], is_open[node]) = (count, count, true);
                open.push(node);
                count += 1;
            }
            if let Some(&to) = next[node].get(*tried) {
                *tried += 1;
                if order[to] == NEW {
                    way.push((to, 0));
                } else if is_open[to] {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            way.pop();
            if let Some(&(from, _)) = way.last() {
                low[from] = low[from].min(low[node]);
            }
            if low[node] == order[node] {
                let first = open
                    .iter()
                    .rposition(|&other| other == node)
                    .unwrap_or_default();
                let mut cycle = open.split_off(first);
                for &member in &cycle {
                    is_open[member] = false;
                }
                cycle.sort_unstable();
                cycles.extend(Some(cycle).filter(|cycle| cycle.len() > 1));
            }
        }
    }
    cycles.sort();
    cycles
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_chain_that_ends_where_it_began_is_one_cycle() {
        let length = 200_000;
        let next: Vec<Vec<usize>> = (0..length).map(|node| vec![(node + 1) % length]).collect();
        assert_eq!(cycles(&next).len(), 1);
        let open: Vec<Vec<usize>> = (0..length)
            .map(|node| (node + 1..length).take(1).collect())
            .collect();
        assert_eq!(cycles(&open), [[0; 0]; 0]);
    }

    #[test]
    fn only_imports_that_run_at_once_make_a_cycle() {
        let edge = |from, to, kind| Edge { from, to, kind };
        let graph = Graph::new(
            4,
            vec![
                edge(0, 1, Kind::Now),
                edge(1, 0, Kind::Now),
                edge(1, 2, Kind::Now),
                edge(2, 3, Kind::Now),
                edge(3, 2, Kind::Deferred),
                edge(2, 0, Kind::Typing),
            ],
        );
        assert_eq!(graph.cycles(), [[0, 1]]);
        let red: Vec<bool> = graph
            .edges()
            .iter()
            .map(|edge| graph.is_cyclic(edge))
            .collect();
        assert_eq!(red, [true, true, false, false, false, false]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Two nodes are in one cycle exactly when each can be reached from the other.
        #[test]
        fn cycles_are_what_reaches_itself(edges in prop::collection::vec((0..9_usize, 0..9_usize), 0..30)) {
            let mut next = vec![Vec::new(); 9];
            let mut reaches = [[false; 9]; 9];
            for &(from, to) in edges.iter().filter(|(from, to)| from != to) {
                next[from].push(to);
                reaches[from][to] = true;
            }
            for via in 0..9 {
                for from in 0..9 {
                    for to in 0..9 {
                        reaches[from][to] |= reaches[from][via] && reaches[via][to];
                    }
                }
            }
            let found = cycles(&next);
            let pairs = (0..9).flat_map(|one| (0..9).map(move |other| (one, other)));
            for (one, other) in pairs.filter(|(one, other)| one != other) {
                {
                    let together = found.iter().any(|cycle| cycle.contains(&one) && cycle.contains(&other));
                    prop_assert_eq!(together, reaches[one][other] && reaches[other][one]);
                }
            }
        }
    }
}
