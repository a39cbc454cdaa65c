//! What `master tune` shows, in each format.

mod classes;
mod csv;
mod json;
mod lines;
pub(crate) mod plot;
mod table;

use std::{io, time::Duration};

use brigade_protocol::{
    jobs::tune::{Distance, Scale, Weights},
    shm::Split,
};

use super::Format;
use crate::jobs::tune::{Metric, Scored};

/// All there is to say about a tuned table.
#[derive(Debug, Clone)]
pub(crate) struct TuneReport {
    /// Where the samples came from.
    pub(crate) data: String,
    /// Where those that tested came from, if from a file of their own.
    pub(crate) test: Option<String>,
    /// Number of samples.
    pub(crate) rows: usize,
    /// Number of features.
    pub(crate) features: usize,
    /// The classes in the order of their ids.
    pub(crate) class_names: Vec<String>,
    /// Which samples tested.
    pub(crate) split: Split,
    /// How features were put on a scale.
    pub(crate) scale: Scale,
    /// How neighbours voted.
    pub(crate) weights: Weights,
    /// What quality is.
    pub(crate) metric: Metric,
    /// How many workers shared the work.
    pub(crate) workers: usize,
    /// Wall time.
    pub(crate) elapsed: Duration,
    /// The cells in grid order, ranked: k outer, distance inner.
    pub(crate) cells: Vec<Scored>,
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
    pub(crate) fn best(&self) -> Vec<&Scored> {
        self.cells.iter().filter(|cell| cell.rank == 1).collect()
    }

    /// The distances of the grid in the order in which they come first.
    fn distances(&self) -> Vec<Distance> {
        let mut distances = Vec::new();
        for cell in &self.cells {
            if !distances.contains(&cell.distance) {
                distances.push(cell.distance);
            }
        }
        distances
    }

    /// The cells of each k, one for each of these distances; where some work is missing, so are cells.
    fn grid<'a>(&'a self, distances: &[Distance]) -> Vec<(u32, Vec<Option<&'a Scored>>)> {
        let rows = self.cells.chunk_by(|one, other| one.k == other.k);
        rows.map(|row| {
            let cells = distances
                .iter()
                .map(|distance| row.iter().find(|cell| cell.distance == *distance));
            (row[0].k, cells.collect())
        })
        .collect()
    }

    /// The least and the greatest quality.
    fn range(&self) -> (f64, f64) {
        self.cells.iter().map(|cell| cell.quality).fold(
            (f64::INFINITY, f64::NEG_INFINITY),
            |(least, most), quality| (least.min(quality), most.max(quality)),
        )
    }

    /// Where a quality lies between the least and the greatest one, from 0 to 1.
    fn place(&self, quality: f64) -> f64 {
        let (least, most) = self.range();
        if most > least {
            (quality - least) / (most - least)
        } else {
            1.0
        }
    }

    /// The name of a class.
    fn class(&self, id: u32) -> &str {
        self.class_names
            .get(id as usize)
            .map_or("?", String::as_str)
    }

    /// What was tested, in words: `split every:5`, and all that is not as it is by default.
    fn choices(&self) -> String {
        let mut words = match &self.test {
            Some(test) => vec![format!("tested on {test}")],
            None => vec![format!("split {}", self.split)],
        };
        if self.scale != Scale::default() {
            words.push(format!("scale {}", self.scale));
        }
        if self.weights != Weights::default() {
            words.push(format!("weights {}", self.weights));
        }
        if self.metric != Metric::default() {
            words.push(self.metric.to_string());
        }
        words.join(", ")
    }

    /// A small report for tests.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self::of_grid(&[5, 17, 119], &["ED", "CD"], &[29, 28, 30, 29, 9, 30])
    }

    /// The same with other cells, each tested on 30 samples, of which so many were right.
    #[cfg(test)]
    pub(crate) fn of_grid(ks: &[u32], distances: &[&str], passed: &[u64]) -> Self {
        use crate::jobs::tune::{Confusion, rank};

        let names = ks
            .iter()
            .flat_map(|&k| distances.iter().map(move |name| (k, name)));
        let cell = |((k, name), &passed): ((u32, &&str), &u64)| {
            let mut confusion = Confusion::default();
            let right: Vec<u32> = (0..30).map(|row| row % 3).collect();
            let said = (0..30_u32).map(|row| {
                if u64::from(row) < passed {
                    row % 3
                } else {
                    (row + 1) % 3
                }
            });
            confusion.count(&right, &said.collect::<Vec<_>>());
            let scores = vec![Some(Metric::Accuracy.of(&confusion))];
            Scored::new(k, name.parse().unwrap(), scores, confusion).unwrap()
        };
        let mut cells: Vec<Scored> = names.zip(passed.iter().cycle()).map(cell).collect();
        rank(&mut cells);
        Self {
            data: "bezdekIris.data".to_owned(),
            test: None,
            rows: 150,
            features: 4,
            class_names: ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
                .map(str::to_owned)
                .to_vec(),
            split: Split::default(),
            scale: Scale::default(),
            weights: Weights::default(),
            metric: Metric::default(),
            workers: 2,
            elapsed: Duration::from_micros(12_345),
            cells,
        }
    }
}

#[cfg(test)]
fn written(report: &TuneReport, format: Format, colour: bool) -> String {
    let mut out = Vec::new();
    report.write(format, colour, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
