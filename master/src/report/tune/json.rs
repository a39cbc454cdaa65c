//! One object with everything, for programs; what scikit-learn's `GridSearchCV` has too is under its names.

use std::{collections::BTreeMap, io};

use brigade_protocol::jobs::tune::Distance;
use serde::Serialize;
use serde_json::{Value, json};

use super::TuneReport;
use crate::jobs::tune::Scored;

#[derive(Serialize)]
struct Report<'a> {
    data: &'a str,
    test: Option<&'a str>,
    rows: usize,
    features: usize,
    classes: usize,
    split: String,
    scale: String,
    weights: String,
    metric: String,
    workers: usize,
    seconds: f64,
    /// The first of the best cells in grid order.
    best: Option<Cell>,
    /// How many cells are as good as the best, itself included.
    best_cells: usize,
    cells: Vec<Cell>,
    best_index_: Option<usize>,
    best_score_: Option<f64>,
    best_params_: Option<Value>,
    cv_results_: BTreeMap<String, Value>,
    /// Of the best cell: right classes down, predicted ones across.
    confusion: Option<Confusion<'a>>,
    /// Of the best cell.
    #[serde(rename = "class_report")]
    recognition: Vec<Class<'a>>,
}

#[derive(Serialize)]
struct Cell {
    k: u32,
    distance: String,
    quality: f64,
    sd: f64,
    passed: u64,
    tested: u64,
    rank: u32,
}

#[derive(Serialize)]
struct Confusion<'a> {
    labels: Vec<&'a str>,
    matrix: Vec<Vec<u64>>,
}

#[derive(Serialize)]
struct Class<'a> {
    #[serde(rename = "class")]
    name: &'a str,
    precision: f64,
    recall: f64,
    f1: f64,
    support: u64,
}

impl From<&Scored> for Cell {
    fn from(cell: &Scored) -> Self {
        Self {
            k: cell.k,
            distance: cell.distance.to_string(),
            quality: cell.quality,
            sd: cell.sd,
            passed: cell.passed(),
            tested: cell.tested(),
            rank: cell.rank,
        }
    }
}

pub(super) fn write(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    let best = report.best();
    let first = best.first().copied();
    let whole = Report {
        data: &report.data,
        test: report.test.as_deref(),
        rows: report.rows,
        features: report.features,
        classes: report.class_names.len(),
        split: report.split.to_string(),
        scale: report.scale.to_string(),
        weights: report.weights.to_string(),
        metric: report.metric.to_string(),
        workers: report.workers,
        seconds: report.elapsed.as_secs_f64(),
        best: first.map(Cell::from),
        best_cells: best.len(),
        cells: report.cells.iter().map(Cell::from).collect(),
        best_index_: report.cells.iter().position(|cell| cell.rank == 1),
        best_score_: first.map(|cell| cell.quality),
        best_params_: first.map(|cell| params(report, cell)),
        cv_results_: cv_results(report),
        confusion: first.map(|cell| confusion(report, cell)),
        recognition: first.map_or_else(Vec::new, |cell| classes(report, cell)),
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

/// The arguments of scikit-learn's `KNeighborsClassifier`.
fn params(report: &TuneReport, cell: &Scored) -> Value {
    let mut params = json!({
        "metric": metric(cell.distance),
        "n_neighbors": cell.k,
        "weights": report.weights.to_string(),
    });
    if let (Distance::Minkowski(exponent), Some(params)) = (cell.distance, params.as_object_mut()) {
        params.insert("p".to_owned(), json!(exponent.get()));
    }
    params
}

/// A distance's name in scikit-learn.
fn metric(distance: Distance) -> &'static str {
    match distance {
        Distance::Euclidean => "euclidean",
        Distance::Manhattan => "manhattan",
        Distance::Chebyshev => "chebyshev",
        Distance::Sorensen => "braycurtis",
        Distance::Cosine => "cosine",
        Distance::Canberra => "canberra",
        Distance::Hamming => "hamming",
        Distance::Minkowski(_) => "minkowski",
    }
}

/// Columns as in `GridSearchCV.cv_results_`: a list a key, one value a cell.
fn cv_results(report: &TuneReport) -> BTreeMap<String, Value> {
    let column = |value: &dyn Fn(&Scored) -> Value| report.cells.iter().map(value).collect();
    let mut columns: Vec<(String, Value)> = vec![
        (
            "param_metric".into(),
            column(&|cell| metric(cell.distance).into()),
        ),
        ("param_n_neighbors".into(), column(&|cell| cell.k.into())),
        (
            "param_weights".into(),
            column(&|_| report.weights.to_string().into()),
        ),
        ("params".into(), column(&|cell| params(report, cell))),
    ];
    for split in 0..report.split.partitions() as usize {
        let score = |cell: &Scored| json!(cell.scores.get(split).copied().flatten());
        columns.push((format!("split{split}_test_score"), column(&score)));
    }
    columns.extend([
        (
            "mean_test_score".into(),
            column(&|cell| cell.quality.into()),
        ),
        ("std_test_score".into(), column(&|cell| cell.sd.into())),
        ("rank_test_score".into(), column(&|cell| cell.rank.into())),
    ]);
    columns.into_iter().collect()
}

fn confusion<'a>(report: &'a TuneReport, cell: &Scored) -> Confusion<'a> {
    let classes: Vec<u32> = cell.confusion.classes().into_keys().collect();
    let mut matrix = vec![vec![0; classes.len()]; classes.len()];
    for (right, predicted, count) in cell.confusion.pairs() {
        if let (Ok(row), Ok(column)) = (
            classes.binary_search(&right),
            classes.binary_search(&predicted),
        ) {
            matrix[row][column] = count;
        }
    }
    Confusion {
        labels: classes.iter().map(|&class| report.class(class)).collect(),
        matrix,
    }
}

fn classes<'a>(report: &'a TuneReport, cell: &Scored) -> Vec<Class<'a>> {
    let classes = cell.confusion.classes().into_iter();
    classes
        .map(|(id, counts)| Class {
            name: report.class(id),
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
            support: counts.support,
        })
        .collect()
}

#[cfg(test)]
mod tests;
