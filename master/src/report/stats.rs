//! What `master stats` shows, in each format.

mod json;
mod table;

use std::io;

use super::{Format, layout::printable};
use crate::{jobs::stats::Measures, table::Table};

/// The class explains so much of a feature's variance, at least, that the feature is said to carry the class.
const CARRIES: f64 = 0.8;

/// As many features are named in a hint.
const NAMED: usize = 5;

/// What there is to say about a table.
#[derive(Debug, Clone)]
pub(crate) struct StatsReport {
    data: String,
    rows: usize,
    /// The classes in the order in which they appear, with their rows.
    classes: Vec<(String, usize)>,
    features: Vec<Feature>,
    /// The features in the order of eta squared, the greatest first; those without one are left out.
    ranking: Vec<usize>,
    /// Whether the table shows every feature.
    is_whole: bool,
}

/// One feature.
#[derive(Debug, Clone)]
struct Feature {
    name: String,
    measures: Measures,
    /// Its place in the ranking, from 1.
    rank: Option<usize>,
}

impl StatsReport {
    /// A report on `table`, of whose features these are the names and measures.
    pub(crate) fn new(
        table: Table,
        names: Vec<String>,
        measures: Vec<Measures>,
        is_whole: bool,
    ) -> Self {
        let mut counts = vec![0; table.class_names.len()];
        for &class_id in &table.class_ids {
            counts[class_id as usize] += 1;
        }
        let eta = |feature: usize| measures[feature].eta_squared;
        let mut ranking: Vec<usize> = (0..measures.len())
            .filter(|feature| eta(*feature).is_some())
            .collect();
        ranking.sort_by(|one, other| {
            let key = |feature: &usize| eta(*feature).unwrap_or(0.0);
            key(other).total_cmp(&key(one))
        });
        let mut ranks = vec![None; measures.len()];
        for (rank, &feature) in (1..).zip(&ranking) {
            ranks[feature] = Some(rank);
        }
        let features = names.into_iter().zip(measures).zip(ranks);
        Self {
            data: table.source,
            rows: table.class_ids.len(),
            classes: table.class_names.into_iter().zip(counts).collect(),
            features: features
                .map(|((name, measures), rank)| Feature {
                    name,
                    measures,
                    rank,
                })
                .collect(),
            ranking,
            is_whole,
        }
    }

    /// Writes the report.
    ///
    /// # Errors
    /// What `out` returns.
    pub(crate) fn write(&self, format: Format, out: &mut dyn io::Write) -> io::Result<()> {
        match format {
            Format::Table => table::write(self, out),
            Format::Lines => self.lines(out),
            Format::Json => json::write(self, out),
            Format::Csv => self.csv(out),
        }
    }

    /// As the summary of `iris.names`, with eta squared at the end.
    fn lines(&self, out: &mut dyn io::Write) -> io::Result<()> {
        for Feature { name, measures, .. } in &self.features {
            writeln!(
                out,
                "{}: {}  {}  {}  {}  {}  {}",
                printable(name),
                short(measures.min),
                short(measures.max),
                figure(measures.mean),
                measures.sd.map_or_else(nothing, figure),
                measures.correlation.map_or_else(nothing, four),
                measures.eta_squared.map_or_else(nothing, four),
            )?;
        }
        Ok(())
    }

    /// One row a feature, with all digits.
    fn csv(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        rows.write_record([
            "feature",
            "min",
            "max",
            "mean",
            "sd",
            "class_correlation",
            "eta_squared",
            "rank",
        ])?;
        let cell = |number: Option<f64>| number.map_or_else(String::new, whole);
        for Feature {
            name,
            measures,
            rank,
        } in &self.features
        {
            rows.write_record([
                name.clone(),
                whole(measures.min),
                whole(measures.max),
                whole(measures.mean),
                cell(measures.sd),
                cell(measures.correlation),
                cell(measures.eta_squared),
                rank.map_or_else(String::new, |rank| rank.to_string()),
            ])?;
        }
        rows.flush()
    }

    /// The names of the features that are the same in all rows.
    fn constant(&self) -> Vec<&str> {
        let constant = self
            .features
            .iter()
            .filter(|feature| feature.measures.is_constant());
        constant.map(|feature| &*feature.name).collect()
    }

    /// Which features carry the class.
    fn hint(&self) -> String {
        let eta = |feature: usize| self.features[feature].measures.eta_squared.unwrap_or(0.0);
        let name = |feature: usize| printable(&self.features[feature].name);
        let Some(&first) = self.ranking.first() else {
            return if self.classes.len() < 2 {
                "there is only one class; choose its column with --label".to_owned()
            } else {
                "no feature varies, so none says anything about the class".to_owned()
            };
        };
        let carriers = self.ranking.iter().copied();
        let carriers: Vec<usize> = carriers.take_while(|at| eta(*at) >= CARRIES).collect();
        if carriers.is_empty() {
            return format!(
                "no feature alone carries the class; {} says most about it (eta² {:.2})",
                name(first),
                eta(first)
            );
        }
        let shown = &carriers[..carriers.len().min(NAMED)];
        let names: Vec<String> = shown.iter().map(|at| name(*at)).collect();
        let etas: Vec<String> = shown.iter().map(|at| format!("{:.2}", eta(*at))).collect();
        let (subject, verb) = match (&names[..], carriers.len() - shown.len()) {
            ([one], _) => (one.clone(), "carries"),
            ([many @ .., last], 0) => (format!("{} and {last}", many.join(", ")), "carry"),
            (many, more) => (format!("{} and {more} more", many.join(", ")), "carry"),
        };
        format!("{subject} {verb} the class (eta² {})", etas.join(", "))
    }
}

/// What stands where there is no number.
fn nothing() -> String {
    "-".to_owned()
}

fn four(number: f64) -> String {
    format!("{number:.4}")
}

/// A number as it is, if that is not long.
fn short(number: f64) -> String {
    const LONG: usize = 8;
    let whole = number.to_string();
    if whole.len() > LONG {
        figure(number)
    } else {
        whole
    }
}

/// A number with all its digits, but not with three hundred zeros.
fn whole(number: f64) -> String {
    const LONG: usize = 24;
    let digits = number.to_string();
    if digits.len() > LONG {
        format!("{number:e}")
    } else {
        digits
    }
}

/// A number to four figures.
fn figure(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    match magnitude {
        1e-3..1.0 => format!("{number:.4}"),
        1.0..10.0 => format!("{number:.3}"),
        10.0..100.0 => format!("{number:.2}"),
        100.0..1000.0 => format!("{number:.1}"),
        1000.0..1e7 => format!("{number:.0}"),
        _ => format!("{number:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        jobs::stats::measure,
        table::{Reading, iris},
    };

    pub(super) fn written(report: &StatsReport, format: Format) -> String {
        let mut out = Vec::new();
        report.write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    pub(super) fn of(text: &[u8], names: &[&str], is_whole: bool) -> StatsReport {
        let table = Table::parse("t.csv", text, &Reading::default()).unwrap();
        let measures = measure(&table);
        let names = names.iter().map(|&name| name.to_owned()).collect();
        StatsReport::new(table, names, measures, is_whole)
    }

    #[test]
    fn lines_and_rows_for_programs() {
        let report = of(iris::BYTES, &iris::FEATURES, false);
        insta::assert_snapshot!(written(&report, Format::Lines), @r"
        sepal length: 4.3  7.9  5.843  0.8281  0.7826  0.6187
        sepal width: 2  4.4  3.057  0.4359  -0.4267  0.4008
        petal length: 1  6.9  3.758  1.765  0.9490  0.9414
        petal width: 0.1  2.5  1.199  0.7622  0.9565  0.9289
        ");
        let report = of(b"1,5,a\n2,5,a\n6,5,b\n7,5,b\n", &["x, y", "five"], false);
        insta::assert_snapshot!(written(&report, Format::Csv), @r#"
        feature,min,max,mean,sd,class_correlation,eta_squared,rank
        "x, y",1,7,4,2.943920288775949,0.9805806756909202,0.9615384615384616,1
        five,5,5,5,0,,,
        "#);
    }

    #[test]
    fn hints_say_which_features_carry_the_class() {
        let hint = |text: &[u8], names: &[&str]| of(text, names, false).hint();
        assert_eq!(
            hint(iris::BYTES, &iris::FEATURES),
            "petal length and petal width carry the class (eta² 0.94, 0.93)"
        );
        assert_eq!(
            hint(b"1,a\n2,b\n", &["x"]),
            "x carries the class (eta² 1.00)"
        );
        assert_eq!(
            hint(b"1,a\n2,a\n1,b\n3,b\n", &["x"]),
            "no feature alone carries the class; x says most about it (eta² 0.09)"
        );
        assert!(hint(b"1,a\n2,a\n", &["x"]).starts_with("there is only one class"));
        assert!(hint(b"1,a\n1,b\n", &["x"]).starts_with("no feature varies"));
        let same = "1,1,1,1,1,1,1,a\n2,2,2,2,2,2,2,b\n";
        assert_eq!(
            hint(same.as_bytes(), &["a", "b", "c", "d", "e", "f", "g"]),
            "a, b, c, d, e and 2 more carry the class (eta² 1.00, 1.00, 1.00, 1.00, 1.00)"
        );
    }

    #[test]
    fn figures_fit_their_magnitude() {
        for (number, expected) in [
            (0.0, "0"),
            (5.843_33, "5.843"),
            (-0.012_345, "-0.0123"),
            (255.0, "255.0"),
            (12_345.6, "12346"),
            (1.7e308, "1.700e308"),
            (-3e-9, "-3.000e-9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(figure(number), expected);
        }
    }
}
