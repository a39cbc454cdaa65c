//! One object with everything, for programs.

use std::io;

use serde::Serialize;

use super::{Feature, StatsReport};

#[derive(Serialize)]
struct Report<'a> {
    data: &'a str,
    rows: usize,
    classes: Vec<Class<'a>>,
    features: Vec<Row<'a>>,
    /// Names, the one that says most about the class first.
    ranking: Vec<&'a str>,
    constant: Vec<&'a str>,
    hint: String,
}

#[derive(Serialize)]
struct Class<'a> {
    name: &'a str,
    rows: usize,
}

/// What is no finite number becomes null.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    min: f64,
    max: f64,
    mean: f64,
    sd: Option<f64>,
    class_correlation: Option<f64>,
    eta_squared: Option<f64>,
    rank: Option<usize>,
}

impl<'a> From<&'a Feature> for Row<'a> {
    fn from(feature: &'a Feature) -> Self {
        let measures = &feature.measures;
        Self {
            name: &feature.name,
            min: measures.min,
            max: measures.max,
            mean: measures.mean,
            sd: measures.sd,
            class_correlation: measures.correlation,
            eta_squared: measures.eta_squared,
            rank: feature.rank,
        }
    }
}

pub(super) fn write(report: &StatsReport, out: &mut dyn io::Write) -> io::Result<()> {
    let classes = report.classes.iter();
    let ranked = report.ranking.iter().map(|at| &report.features[*at]);
    let whole = Report {
        data: &report.data,
        rows: report.rows,
        classes: classes
            .map(|(name, rows)| Class { name, rows: *rows })
            .collect(),
        features: report.features.iter().map(Row::from).collect(),
        ranking: ranked.map(|feature| &*feature.name).collect(),
        constant: report.constant(),
        hint: report.hint(),
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::super::{
        Format,
        tests::{of, written},
    };

    #[test]
    fn everything_in_one_object() {
        let report = of(b"1,5,a\n2,5,a\n6,5,b\n7,5,b\n", &["x", "five"], false);
        insta::assert_snapshot!(written(&report, Format::Json), @r#"
        {
          "data": "t.csv",
          "rows": 4,
          "classes": [
            {
              "name": "a",
              "rows": 2
            },
            {
              "name": "b",
              "rows": 2
            }
          ],
          "features": [
            {
              "name": "x",
              "min": 1.0,
              "max": 7.0,
              "mean": 4.0,
              "sd": 2.943920288775949,
              "class_correlation": 0.9805806756909202,
              "eta_squared": 0.9615384615384616,
              "rank": 1
            },
            {
              "name": "five",
              "min": 5.0,
              "max": 5.0,
              "mean": 5.0,
              "sd": 0.0,
              "class_correlation": null,
              "eta_squared": null,
              "rank": null
            }
          ],
          "ranking": [
            "x"
          ],
          "constant": [
            "five"
          ],
          "hint": "x carries the class (eta² 0.96)"
        }
        "#);
    }
}
