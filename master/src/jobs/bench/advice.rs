//! What to be careful about in the figures, and what to do about it.

use std::fmt;

use super::{
    Config, Row,
    figures::{median, share},
};

/// Above this share of the median, a spread is noise that hides small differences.
const NOISY: f64 = 0.05;

/// Fewer runs say little about their spread.
const FEW_RUNS: usize = 5;

/// Later runs are slower if they take this much more time than earlier ones, and so it is in this share of
/// configurations, which are that many at least or have that many runs.
const SLOWING: f64 = 0.05;
const AGREEING: f64 = 0.75;
const RUNS_FOR_A_TREND: usize = 6;

/// Above this share of a run, starting and ending workers is a good part of what was measured.
const START_DOMINATES: f64 = 0.25;

/// Something to be careful about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Advice {
    /// There is little to tell the spread from.
    FewRuns { runs: usize },
    /// Runs of one configuration differ much: the worst, as a share of its median.
    Noisy { config: Config, noise: f64 },
    /// Runs far away from all others.
    Outliers { runs: usize, of: usize },
    /// Later runs take longer, by this share.
    Slowing { by: f64 },
    /// Much of a run is the start and end of its workers.
    StartDominates { config: Config, share: f64 },
    /// There are more workers than cores, in these numbers.
    Oversubscribed { counts: Vec<u32>, cores: u32 },
    /// Runs were done again, because a worker died or a task failed.
    Repeated { runs: u32 },
    /// Runs are missing, because that happened again and again.
    GivenUp { runs: u32 },
}

impl Advice {
    /// Its name for programs.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::FewRuns { .. } => "few-runs",
            Self::Noisy { .. } => "noise",
            Self::Outliers { .. } => "outliers",
            Self::Slowing { .. } => "slowing",
            Self::StartDominates { .. } => "start-dominates",
            Self::Oversubscribed { .. } => "oversubscribed",
            Self::Repeated { .. } => "repeated",
            Self::GivenUp { .. } => "given-up",
        }
    }

    /// Whether it is in the nature of what was asked for, and nothing is wrong.
    pub(crate) fn is_note(&self) -> bool {
        matches!(self, Self::Oversubscribed { .. })
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FewRuns { runs: 1 } => {
                write!(
                    f,
                    "one run each says nothing about the spread, so nothing is recommended: give --runs {FEW_RUNS} or more"
                )
            }
            Self::FewRuns { runs } => write!(
                f,
                "{runs} runs each say little about the spread: give --runs {FEW_RUNS} or more"
            ),
            Self::Noisy { config, noise } => write!(
                f,
                "runs with {config} differ by ± {:.0} %: close other programs, or give the job more to do or more --runs",
                noise * 100.0
            ),
            Self::Outliers { runs: 1, of } => write!(
                f,
                "one of {of} runs is far from all others: close other programs; medians hardly notice it"
            ),
            Self::Outliers { runs, of } => write!(
                f,
                "{runs} of {of} runs are far from all others: close other programs; medians hardly notice them"
            ),
            Self::Slowing { by } => write!(
                f,
                "later runs take {:.0} % longer than earlier ones: the processor is throttled, or other programs have become busy; \
                 let it cool down, fix its frequency, and measure again",
                by * 100.0
            ),
            Self::StartDominates { config, share } if *share >= 1.0 => write!(
                f,
                "a run with {config} takes no longer than its start and end alone: give the job more to do, or nothing is said about the work itself"
            ),
            Self::StartDominates { config, share } => write!(
                f,
                "{:.0} % of a run with {config} is their start and end: give the job more to do to see how the work itself scales",
                share * 100.0
            ),
            Self::Oversubscribed { counts, cores } => {
                let counts: Vec<String> = counts.iter().map(u32::to_string).collect();
                let (are, them) = match cores {
                    1 => ("is 1 core".to_owned(), "it"),
                    _ => (format!("are {cores} cores"), "them"),
                };
                write!(
                    f,
                    "there {are}, so {} workers take turns on {them}: what they gain is not of more cores",
                    counts.join(" and ")
                )
            }
            Self::Repeated { runs: 1 } => write!(
                f,
                "one run was done again, because a worker died or a task failed in it: its time is not counted"
            ),
            Self::Repeated { runs } => write!(
                f,
                "{runs} runs were done again, because a worker died or a task failed in them: their times are not counted"
            ),
            Self::GivenUp { runs: 1 } => write!(
                f,
                "one run is missing, because workers died or tasks failed in every try: see the messages above"
            ),
            Self::GivenUp { runs } => write!(
                f,
                "{runs} runs are missing, because workers died or tasks failed in every try: see the messages above"
            ),
        }
    }
}

/// All that there is to be careful about.
pub(super) fn advice(rows: &[Row], cores: u32, given_up: u32) -> Vec<Advice> {
    let repeated = rows.iter().map(|row| row.repeated).sum();
    let found = [
        (given_up > 0).then_some(Advice::GivenUp { runs: given_up }),
        (repeated > 0).then_some(Advice::Repeated { runs: repeated }),
        few_runs(rows),
        noisy(rows),
        outliers(rows),
        slowing(rows),
        start_dominates(rows),
        oversubscribed(rows, cores),
    ];
    found.into_iter().flatten().collect()
}

fn few_runs(rows: &[Row]) -> Option<Advice> {
    let runs = rows.iter().map(|row| row.figures.times.len()).min()?;
    (runs < FEW_RUNS).then_some(Advice::FewRuns { runs })
}

fn noisy(rows: &[Row]) -> Option<Advice> {
    let (config, noise) = worst(rows, |row| row.figures.noise())?;
    (noise > NOISY).then_some(Advice::Noisy { config, noise })
}

fn outliers(rows: &[Row]) -> Option<Advice> {
    let runs = rows.iter().map(|row| row.figures.outliers()).sum();
    let of = rows.iter().map(|row| row.figures.times.len()).sum();
    (runs > 0).then_some(Advice::Outliers { runs, of })
}

/// Compares the first half of the runs with the second one.
fn slowing(rows: &[Row]) -> Option<Advice> {
    let growths: Vec<f64> = rows
        .iter()
        .filter(|row| row.figures.times.len() >= RUNS_FOR_A_TREND)
        .filter_map(|row| {
            let (first, second) = row.figures.times.split_at(row.figures.times.len() / 2);
            Some(median(second)? / median(first)?.max(f64::MIN_POSITIVE) - 1.0)
        })
        .collect();
    let by = median(&growths)?;
    let agreeing = growths
        .iter()
        .filter(|growth| **growth > SLOWING / 2.0)
        .count();
    let is_common = agreeing as f64 >= AGREEING * growths.len() as f64;
    (by > SLOWING && is_common).then_some(Advice::Slowing { by })
}

fn start_dominates(rows: &[Row]) -> Option<Advice> {
    let (config, share) = worst(rows, |row| share(row.start.median, row.figures.median))?;
    (share > START_DOMINATES).then_some(Advice::StartDominates { config, share })
}

fn oversubscribed(rows: &[Row], cores: u32) -> Option<Advice> {
    let workers = rows.iter().map(|row| row.config.workers);
    let mut counts: Vec<u32> = workers.filter(|workers| *workers > cores).collect();
    counts.sort_unstable();
    counts.dedup();
    (!counts.is_empty()).then_some(Advice::Oversubscribed { counts, cores })
}

/// The row of which a measure is greatest.
fn worst(rows: &[Row], measure: impl Fn(&Row) -> f64) -> Option<(Config, f64)> {
    let measured = rows.iter().map(|row| (row.config, measure(row)));
    measured.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests {
    use super::super::judge::judged;
    use super::*;
    use crate::cli::Backend::Processes;

    /// The kinds of advice about one and two processes on two cores.
    fn kinds(one: &[f64], two: &[f64]) -> Vec<&'static str> {
        let judged = judged(&[(Processes, 1, one), (Processes, 2, two)], 2);
        judged.advice.iter().map(Advice::kind).collect()
    }

    const STEADY: [f64; 6] = [100.0, 101.0, 99.0, 100.0, 100.5, 99.5];

    #[test]
    fn quiet_runs_need_no_advice() {
        assert!(kinds(&STEADY, &STEADY).is_empty());
    }

    #[test]
    fn few_noisy_and_odd_runs_are_told() {
        assert_eq!(kinds(&STEADY[..3], &STEADY), ["few-runs"]);
        assert_eq!(
            kinds(&STEADY, &[80.0, 100.0, 120.0, 90.0, 110.0, 100.0]),
            ["noise"]
        );
        assert_eq!(
            kinds(&STEADY, &[100.0, 101.0, 99.0, 250.0, 100.5, 99.5]),
            ["outliers"]
        );
    }

    #[test]
    fn a_machine_that_becomes_slower_is_told_and_one_that_wavers_is_not() {
        let slower: Vec<f64> = STEADY
            .iter()
            .zip(0..)
            .map(|(ms, run)| ms * (1.0 + 0.04 * f64::from(run)))
            .collect();
        assert!(kinds(&slower, &slower).contains(&"slowing"));
        assert!(
            !kinds(&slower, &STEADY).contains(&"slowing"),
            "half of them are not"
        );
        let faster: Vec<f64> = slower.iter().rev().copied().collect();
        assert!(!kinds(&faster, &faster).contains(&"slowing"));
    }

    #[test]
    fn runs_of_the_length_of_a_start_are_told() {
        // The start takes a hundredth of a millisecond.
        assert_eq!(kinds(&[0.02; 6], &[0.5; 6]), ["start-dominates"]);
    }

    #[test]
    fn more_workers_than_cores_are_told_as_a_note() {
        let judged = judged(
            &[
                (Processes, 1, &STEADY),
                (Processes, 3, &STEADY),
                (Processes, 4, &STEADY),
            ],
            2,
        );
        let [advice] = &judged.advice[..] else {
            panic!("{:?}", judged.advice);
        };
        assert!(advice.is_note());
        assert_eq!(
            advice.to_string(),
            "there are 2 cores, so 3 and 4 workers take turns on them: what they gain is not of more cores"
        );
    }
}
