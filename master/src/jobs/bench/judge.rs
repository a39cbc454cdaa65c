//! What the measured times mean: speed-ups, efficiency, the serial share, what to be careful about, what to use.

use super::{
    Advice, Config, Figures, Fit, Verdict, advice::advice, figures::share, sweep::Cell,
    verdict::verdict,
};
use crate::cli::Backend;

/// One configuration, judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) config: Config,
    /// Wall times of whole runs.
    pub(crate) figures: Figures,
    /// What it takes to start and end so many workers.
    pub(crate) start: Figures,
    /// How many times as fast as one worker of the same kind, if that was measured.
    pub(crate) speedup: Option<f64>,
    /// Speed-up by worker.
    pub(crate) efficiency: Option<f64>,
    pub(crate) repeated: u32,
    pub(crate) given_up: u32,
}

/// A kind of workers with its law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Law {
    pub(crate) backend: Backend,
    pub(crate) fit: Fit,
}

/// All there is to say about what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    pub(crate) cores: u32,
    /// In the order of the sweep, without those that have no run.
    pub(crate) rows: Vec<Row>,
    pub(crate) laws: Vec<Law>,
    pub(crate) advice: Vec<Advice>,
    pub(crate) verdict: Option<Verdict>,
}

impl Judged {
    /// Judges what was measured on so many cores.
    pub(super) fn new(cells: &[Cell], cores: u32) -> Self {
        let mut rows: Vec<Row> = cells.iter().filter_map(row).collect();
        let ones: Vec<(Backend, f64)> = rows
            .iter()
            .filter(|row| row.config.workers == 1)
            .map(|row| (row.config.backend, row.figures.median))
            .collect();
        for row in &mut rows {
            let one = ones
                .iter()
                .find(|(backend, _)| *backend == row.config.backend);
            row.speedup = one.map(|(_, one)| share(*one, row.figures.median));
            row.efficiency = row
                .speedup
                .map(|speedup| speedup / f64::from(row.config.workers));
        }
        let given_up = cells.iter().map(|cell| cell.given_up).sum();
        Self {
            cores,
            laws: laws(&rows, cores),
            advice: advice(&rows, cores, given_up),
            verdict: verdict(&rows),
            rows,
        }
    }

    /// The kinds of workers, in the order of the sweep.
    pub(crate) fn backends(&self) -> Vec<Backend> {
        let mut backends: Vec<Backend> = Vec::new();
        for row in &self.rows {
            if !backends.contains(&row.config.backend) {
                backends.push(row.config.backend);
            }
        }
        backends
    }

    /// The law of a kind of workers.
    pub(crate) fn law(&self, backend: Backend) -> Option<Fit> {
        let law = self.laws.iter().find(|law| law.backend == backend);
        law.map(|law| law.fit)
    }

    /// The rows of a kind of workers.
    pub(crate) fn of(&self, backend: Backend) -> impl Iterator<Item = &Row> {
        let rows = self.rows.iter();
        rows.filter(move |row| row.config.backend == backend)
    }

    /// How many runs are behind the figures.
    pub(crate) fn runs(&self) -> usize {
        self.rows.iter().map(|row| row.figures.times.len()).sum()
    }
}

fn row(cell: &Cell) -> Option<Row> {
    Some(Row {
        config: cell.config,
        figures: Figures::of(&cell.times)?,
        start: Figures::of(&cell.starts)?,
        speedup: None,
        efficiency: None,
        repeated: cell.repeated,
        given_up: cell.given_up,
    })
}

/// The law of each kind, from the numbers of workers that have a core each.
fn laws(rows: &[Row], cores: u32) -> Vec<Law> {
    let of = |backend| -> Option<Law> {
        let measured: Vec<(u32, f64)> = rows
            .iter()
            .filter(|row| row.config.backend == backend && row.config.workers <= cores)
            .filter_map(|row| Some((row.config.workers, row.speedup?)))
            .collect();
        let fit = Fit::of(&measured)?;
        Some(Law { backend, fit })
    };
    let backends = [Backend::Processes, Backend::Threads];
    backends.into_iter().filter_map(of).collect()
}

/// Rows for tests: so many workers with these times in milliseconds; starting takes a hundredth of a millisecond.
#[cfg(test)]
pub(crate) fn judged(cells: &[(Backend, u32, &[f64])], cores: u32) -> Judged {
    use std::time::Duration;

    let cell = |&(backend, workers, times): &(Backend, u32, &[f64])| Cell {
        config: Config { backend, workers },
        times: times
            .iter()
            .map(|ms| Duration::from_secs_f64(ms / 1e3))
            .collect(),
        starts: vec![Duration::from_micros(10); times.len()],
        repeated: 0,
        given_up: 0,
    };
    let cells: Vec<Cell> = cells.iter().map(cell).collect();
    Judged::new(&cells, cores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Backend::{Processes, Threads};

    #[test]
    fn each_kind_is_compared_with_one_of_its_own() {
        let judged = judged(
            &[
                (Processes, 1, &[100.0; 5]),
                (Processes, 2, &[50.0; 5]),
                (Threads, 1, &[80.0; 5]),
                (Threads, 2, &[80.0; 5]),
            ],
            2,
        );
        let shown: Vec<String> = judged
            .rows
            .iter()
            .map(|row| {
                let (speedup, efficiency) = (row.speedup.unwrap(), row.efficiency.unwrap());
                format!("{}: {speedup:.2}, {efficiency:.2}", row.config)
            })
            .collect();
        assert_eq!(
            shown,
            [
                "1 process: 1.00, 1.00",
                "2 processes: 2.00, 1.00",
                "1 thread: 1.00, 1.00",
                "2 threads: 1.00, 0.50"
            ]
        );
        let serial: Vec<f64> = judged.laws.iter().map(|law| law.fit.serial).collect();
        assert!(serial[0].abs() < 1e-9 && (serial[1] - 1.0).abs() < 1e-9);
        assert_eq!(judged.runs(), 20);
    }

    #[test]
    fn workers_without_a_core_of_their_own_are_no_matter_of_the_law() {
        let judged = judged(
            &[
                (Processes, 1, &[100.0; 5]),
                (Processes, 2, &[50.0; 5]),
                (Processes, 4, &[50.0; 5]),
            ],
            2,
        );
        let law = judged.law(Processes).unwrap();
        assert!(law.serial.abs() < 1e-9 && law.points == 1, "{law:?}");
        assert_eq!(judged.law(Threads), None);
    }

    #[test]
    fn what_was_not_measured_is_left_out() {
        let nothing = judged(&[(Processes, 1, &[])], 2);
        assert!(nothing.rows.is_empty() && nothing.verdict.is_none());
        let without_one = judged(&[(Processes, 1, &[]), (Processes, 2, &[50.0; 5])], 2);
        assert_eq!(without_one.rows.len(), 1);
        assert_eq!(without_one.rows[0].speedup, None);
        assert!(without_one.laws.is_empty());
    }
}
