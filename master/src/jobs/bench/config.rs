//! What is compared: so many workers of a kind.

use std::fmt;

use crate::cli::Backend;

/// So many workers of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) backend: Backend,
    pub(crate) workers: u32,
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workers = self.workers;
        match (self.backend, workers) {
            (Backend::Processes, 1) => write!(f, "1 process"),
            (Backend::Processes, _) => write!(f, "{workers} processes"),
            (Backend::Threads, 1) => write!(f, "1 thread"),
            (Backend::Threads, _) => write!(f, "{workers} threads"),
        }
    }
}

/// The numbers of workers to try where none were given: 1, 2, 4 and so on, up to twice the cores, and the cores.
pub(super) fn usual_counts(cores: u32) -> Vec<u32> {
    let most = cores.saturating_mul(2);
    let doubled = std::iter::successors(Some(1_u32), |count| count.checked_mul(2));
    let mut counts: Vec<u32> = doubled.take_while(|count| *count <= most).collect();
    counts.extend([cores, most]);
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// Every kind with every number, in their order and none twice. One worker is among the numbers in any case, because
/// all others are compared with it.
pub(super) fn all(backends: &[Backend], counts: &[u32]) -> Vec<Config> {
    let mut counts = counts.to_vec();
    counts.push(1);
    counts.sort_unstable();
    counts.dedup();
    let mut configs = Vec::new();
    for &backend in backends {
        for &workers in &counts {
            let config = Config { backend, workers };
            if !configs.contains(&config) {
                configs.push(config);
            }
        }
    }
    configs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_double_up_to_twice_the_cores() {
        assert_eq!(usual_counts(1), [1, 2]);
        assert_eq!(usual_counts(2), [1, 2, 4]);
        assert_eq!(usual_counts(6), [1, 2, 4, 6, 8, 12]);
        assert_eq!(usual_counts(8), [1, 2, 4, 8, 16]);
    }

    #[test]
    fn one_worker_is_always_among_them_and_none_comes_twice() {
        use Backend::{Processes, Threads};
        let shown = |backends: &[Backend], counts: &[u32]| -> Vec<String> {
            let configs = all(backends, counts);
            configs.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            shown(&[Processes, Threads, Processes], &[4, 2, 4]),
            [
                "1 process",
                "2 processes",
                "4 processes",
                "1 thread",
                "2 threads",
                "4 threads"
            ]
        );
        assert_eq!(shown(&[Threads], &[1]), ["1 thread"]);
    }
}
