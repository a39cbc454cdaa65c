//! The answer: how many workers to use.

use super::{Config, Row};

/// Medians are told apart when they differ by this many standard errors of their difference, and by this share: what is
/// less, nobody notices.
const CERTAIN: f64 = 2.0;
const NOTICED: f64 = 0.02;
/// From fewer runs nothing is concluded: one does not show how much they differ.
const LEAST_RUNS: usize = 2;
/// Noise that hides more than this share is told with the verdict.
const BLURRED: f64 = 0.1;

/// How something compares with what is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No difference that is more than noise.
    Same,
    Slower,
    Faster,
}

/// Another configuration beside the recommended one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Other {
    pub(crate) config: Config,
    pub(crate) standing: Standing,
    /// How many times as fast as the recommended one.
    pub(crate) ratio: f64,
}

/// What to use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) config: Config,
    /// How many times as fast as one worker of its kind.
    pub(crate) speedup: Option<f64>,
    /// The next larger numbers of the same kind.
    pub(crate) more: Vec<Other>,
    /// The number of the other kind that would be recommended of it.
    pub(crate) other_kind: Option<Other>,
    /// The largest share of its time by which another of its kind that could not be told apart may differ, if that is much.
    pub(crate) hidden: Option<f64>,
}

/// The fewest workers of the kind that was named first than which none is faster by more than the noise. `None` if one worker
/// of that kind was not measured, or anything only once.
pub(super) fn verdict(rows: &[Row]) -> Option<Verdict> {
    let kind = rows.first()?.config.backend;
    let is_known = |row: &Row| row.figures.times.len() >= LEAST_RUNS;
    let (own, others): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.config.backend == kind);
    let has_one = own.iter().any(|row| row.config.workers == 1);
    if !has_one || !own.iter().all(|row| is_known(row)) {
        return None;
    }
    let others: Vec<&Row> = others.into_iter().filter(|row| is_known(row)).collect();
    let chosen = fewest(&own)?;
    let against = |row: &Row| Other {
        config: row.config,
        standing: standing(row, chosen),
        ratio: chosen.figures.median / row.figures.median.max(f64::MIN_POSITIVE),
    };
    let more = own
        .iter()
        .filter(|row| row.config.workers > chosen.config.workers);
    Some(Verdict {
        config: chosen.config,
        speedup: chosen.speedup,
        more: more.map(|row| against(row)).collect(),
        other_kind: fewest(&others).map(against),
        hidden: own
            .iter()
            .filter(|row| row.config != chosen.config)
            .filter(|row| standing(row, chosen) == Standing::Same)
            .map(|row| threshold(row, chosen) / chosen.figures.median.max(f64::MIN_POSITIVE))
            .max_by(f64::total_cmp)
            .filter(|hidden| *hidden > BLURRED),
    })
}

/// The row with the fewest workers that is as fast as the fastest one, within the noise.
fn fewest<'a>(rows: &[&'a Row]) -> Option<&'a Row> {
    let fastest = rows
        .iter()
        .min_by(|one, other| one.figures.median.total_cmp(&other.figures.median))?;
    let equals = rows
        .iter()
        .filter(|row| standing(row, fastest) == Standing::Same);
    equals.min_by_key(|row| row.config.workers).copied()
}

/// How a row compares with another.
fn standing(row: &Row, other: &Row) -> Standing {
    let threshold = threshold(row, other);
    match row.figures.median - other.figures.median {
        difference if difference > threshold => Standing::Slower,
        difference if -difference > threshold => Standing::Faster,
        _ => Standing::Same,
    }
}

/// How far the medians of two rows must be apart to be told apart.
fn threshold(row: &Row, other: &Row) -> f64 {
    let (own, others) = (&row.figures, &other.figures);
    let noise = CERTAIN * own.uncertainty().hypot(others.uncertainty());
    noise.max(NOTICED * others.median)
}

#[cfg(test)]
mod tests {
    use super::super::judge::judged;
    use super::*;
    use crate::cli::Backend::{self, Processes, Threads};

    fn said(cells: &[(Backend, u32, &[f64])]) -> String {
        let verdict = judged(cells, 2).verdict.unwrap();
        let tell =
            |other: &Other| format!("{} {:?} {:.2}", other.config, other.standing, other.ratio);
        let mut words = vec![verdict.config.to_string()];
        words.extend(verdict.more.iter().map(tell));
        words.extend(verdict.other_kind.iter().map(tell));
        words.join("; ")
    }

    #[test]
    fn the_fewest_workers_win_than_which_none_is_faster() {
        assert_eq!(
            said(&[
                (Processes, 1, &[100.0, 101.0, 99.0, 100.0, 100.0]),
                (Processes, 2, &[51.0, 52.0, 51.0, 50.0, 52.0]),
                (Processes, 4, &[50.5, 52.0, 51.0, 49.0, 52.0]),
            ]),
            "2 processes; 4 processes Same 1.00"
        );
    }

    #[test]
    fn one_is_enough_where_more_only_cost() {
        assert_eq!(
            said(&[
                (Threads, 1, &[10.0, 10.1, 9.9, 10.0, 10.0]),
                (Threads, 2, &[20.0, 20.1, 19.9, 20.0, 20.0]),
            ]),
            "1 thread; 2 threads Slower 0.50"
        );
    }

    #[test]
    fn noise_is_no_reason_to_use_more() {
        assert_eq!(
            said(&[
                (Processes, 1, &[100.0, 140.0, 90.0, 120.0, 85.0]),
                (Processes, 2, &[95.0, 130.0, 88.0, 118.0, 84.0]),
            ]),
            "1 process; 2 processes Same 1.05"
        );
    }

    #[test]
    fn what_noise_hides_is_known() {
        let hidden = |two: &[f64]| {
            let cells = [(Processes, 1, &[100.0; 5][..]), (Processes, 2, two)];
            judged(&cells, 2).verdict.unwrap().hidden
        };
        assert_eq!(hidden(&[99.0, 100.0, 101.0, 100.0, 100.0]), None);
        assert!(hidden(&[60.0, 140.0, 95.0, 70.0, 130.0]).unwrap() > 0.2);
    }

    #[test]
    fn noise_that_hides_nothing_is_not_told() {
        let hidden = |cells: &[(Backend, u32, &[f64])]| judged(cells, 2).verdict.unwrap().hidden;
        let wild = [60.0, 140.0, 95.0, 70.0, 130.0];
        assert_eq!(hidden(&[(Processes, 1, &wild)]), None, "nothing to compare");
        let slow = wild.map(|ms| 20.0 * ms);
        assert_eq!(
            hidden(&[(Processes, 1, &wild), (Processes, 2, &slow)]),
            None
        );
    }

    #[test]
    fn nothing_is_concluded_from_one_run_or_without_one_worker() {
        let verdict = |cells: &[(Backend, u32, &[f64])]| judged(cells, 2).verdict;
        assert_eq!(
            verdict(&[(Processes, 1, &[9.0]), (Processes, 2, &[5.0])]),
            None
        );
        assert_eq!(
            verdict(&[(Processes, 2, &[5.0; 5]), (Processes, 4, &[5.0; 5])]),
            None
        );
        let without = verdict(&[(Processes, 1, &[9.0; 5]), (Threads, 1, &[5.0])]).unwrap();
        assert_eq!(without.other_kind, None);
    }

    #[test]
    fn the_best_of_the_other_kind_is_told_beside_it() {
        assert_eq!(
            said(&[
                (Processes, 1, &[100.0; 5]),
                (Processes, 2, &[50.0; 5]),
                (Threads, 1, &[80.0; 5]),
                (Threads, 2, &[40.0; 5]),
            ]),
            "2 processes; 2 threads Faster 1.25"
        );
    }
}
