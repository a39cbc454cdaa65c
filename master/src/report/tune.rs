//! What `master tune` shows, in each format.

mod csv;
mod json;
mod lines;
mod table;

use std::{io, time::Duration};

use brigade_protocol::{
    jobs::tune::{Distance, Hyperparameter},
    shm::Split,
};

use super::Format;

/// All there is to say about a tuned table.
#[derive(Debug, Clone)]
pub(crate) struct TuneReport {
    /// Where the samples came from.
    pub(crate) data: String,
    /// Number of samples.
    pub(crate) rows: usize,
    /// Number of features.
    pub(crate) features: usize,
    /// Number of classes.
    pub(crate) classes: usize,
    /// Which samples tested.
    pub(crate) split: Split,
    /// How many workers shared the work.
    pub(crate) workers: usize,
    /// Wall time.
    pub(crate) elapsed: Duration,
    /// The cells in grid order: k outer, distance inner.
    pub(crate) cells: Vec<Hyperparameter>,
}

impl TuneReport {
    /// Writes the report; `colour` matters for [`Format::Table`] alone.
    ///
    /// # Errors
    /// What `out` returns.
    pub(crate) fn write(
        &self,
        format: Format,
        colour: bool,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match format {
            Format::Table => table::write(self, colour, out),
            Format::Lines => lines::write(self, out),
            Format::Json => json::write(self, out),
            Format::Csv => csv::write(self, out),
        }
    }

    /// The cells of the greatest quality, in grid order: the first is the best hyperparameter.
    pub(crate) fn best(&self) -> Vec<&Hyperparameter> {
        let most = self
            .cells
            .iter()
            .map(Hyperparameter::quality)
            .fold(0.0, f64::max);
        // Equal counts give equal quotients, so comparing them exactly is right.
        self.cells
            .iter()
            .filter(|cell| cell.quality() >= most)
            .collect()
    }

    /// The distances of the grid in the order given.
    fn distances(&self) -> Vec<Distance> {
        let first_k = self.cells.first().map(|cell| cell.k);
        self.cells
            .iter()
            .take_while(|cell| Some(cell.k) == first_k)
            .map(|cell| cell.distance)
            .collect()
    }

    /// A small report for tests.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        let cell = |k, distance, passed| Hyperparameter {
            k,
            distance,
            passed,
            tested: 30,
        };
        Self {
            data: "bezdekIris.data".to_owned(),
            rows: 150,
            features: 4,
            classes: 3,
            split: Split::default(),
            workers: 2,
            elapsed: Duration::from_micros(12_345),
            cells: vec![
                cell(5, Distance::Euclidean, 29),
                cell(5, Distance::Chebyshev, 28),
                cell(17, Distance::Euclidean, 30),
                cell(17, Distance::Chebyshev, 29),
                cell(119, Distance::Euclidean, 9),
                cell(119, Distance::Chebyshev, 30),
            ],
        }
    }
}

#[cfg(test)]
fn written(report: &TuneReport, format: Format, colour: bool) -> String {
    let mut out = Vec::new();
    report.write(format, colour, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
