//! What `master classify` shows, in each format.

use std::io::{self, Write};

use brigade_protocol::jobs::{classify::Verdict, tune::Weights};

use super::{
    Format,
    layout::{printable, right, sheet},
};

/// Writes results as they come, and counts for the summary.
#[derive(Debug)]
pub(crate) struct ClassifyReport {
    format: Format,
    weights: Weights,
    classes: Vec<Class>,
    checked: u64,
    right: u64,
}

/// A class as it is written, and how many rows have it.
#[derive(Debug)]
struct Class {
    name: String,
    /// With quotes where CSV needs them.
    csv: String,
    json: String,
    rows: u64,
}

impl ClassifyReport {
    pub(crate) fn new(format: Format, weights: Weights, names: &[String]) -> io::Result<Self> {
        let class = |name: &String| {
            Ok(Class {
                csv: quoted(name)?,
                json: serde_json::to_string(name)?,
                name: name.clone(),
                rows: 0,
            })
        };
        Ok(Self {
            format,
            weights,
            classes: names.iter().map(class).collect::<io::Result<_>>()?,
            checked: 0,
            right: 0,
        })
    }

    /// Writes what stands before the results.
    pub(crate) fn begin(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.format != Format::Csv {
            return Ok(());
        }
        write!(out, "row,class")?;
        for class in &self.classes {
            write!(out, ",{}", quoted(&format!("votes {}", class.name))?)?;
        }
        writeln!(out)
    }

    /// Writes the result of a row, of which `known` is the right class.
    ///
    /// # Errors
    /// What `out` returns, and when the verdict names no class.
    pub(crate) fn write(
        &mut self,
        row: u64,
        known: Option<&str>,
        verdict: &Verdict,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Some(class) = self.classes.get_mut(verdict.class_id as usize) else {
            return Err(io::Error::other(
                "a worker named a class that there is not: rebuild master and worker together",
            ));
        };
        class.rows += 1;
        if let Some(known) = known {
            self.checked += 1;
            self.right += u64::from(class.name == known);
        }
        let class = &self.classes[verdict.class_id as usize];
        match self.format {
            Format::Table => Ok(()),
            Format::Lines => {
                let name = printable(&class.name);
                writeln!(out, "{name}\t{}", self.share(verdict))
            }
            Format::Csv => {
                write!(out, "{row},{}", class.csv)?;
                let mut votes = verdict.votes.iter().peekable();
                for class_id in 0..self.classes.len() {
                    match votes.next_if(|(voted, _)| *voted as usize == class_id) {
                        Some((_, votes)) => write!(out, ",{votes}")?,
                        None => write!(out, ",0")?,
                    }
                }
                writeln!(out)
            }
            Format::Json => self.json(row, class, verdict, out),
        }
    }

    fn json(
        &self,
        row: u64,
        class: &Class,
        verdict: &Verdict,
        out: &mut impl Write,
    ) -> io::Result<()> {
        write!(out, r#"{{"row":{row},"class":{},"votes":{{"#, class.json)?;
        let named = verdict
            .votes
            .iter()
            .filter_map(|(voted, votes)| Some((self.classes.get(*voted as usize)?, *votes)));
        for (position, (class, votes)) in named.enumerate() {
            let comma = if position == 0 { "" } else { "," };
            write!(out, "{comma}{}:{}", class.json, number(votes))?;
        }
        writeln!(
            out,
            r#"}},"distance_of_nearest":{}}}"#,
            number(verdict.nearest)
        )
    }

    /// The winner's votes of all votes: as they were counted, or as a share where they have weights.
    fn share(&self, verdict: &Verdict) -> String {
        let votes = verdict.votes.iter();
        let all: f64 = votes.clone().map(|(_, votes)| votes).sum();
        let won = votes
            .filter(|(class_id, _)| *class_id == verdict.class_id)
            .map(|(_, votes)| votes)
            .sum::<f64>();
        match self.weights {
            Weights::Uniform => format!("{won}/{all}"),
            Weights::Distance => format!("{:.3}", if won < all { won / all } else { 1.0 }),
        }
    }

    /// Writes what stands after the results.
    pub(crate) fn finish(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.format != Format::Table {
            return Ok(());
        }
        let all: u64 = self.classes.iter().map(|class| class.rows).sum();
        let mut table = sheet(&["class", "rows", "share"]);
        for Class { name, rows, .. } in &self.classes {
            let share = 100.0 * *rows as f64 / all.max(1) as f64;
            table.add_row([printable(name), rows.to_string(), format!("{share:.1} %")].map(right));
        }
        writeln!(out, "{}\n\nrows: {all}", table.trim_fmt())
    }

    /// How many rows were classified rightly.
    pub(crate) fn accuracy(&self) -> String {
        let Self { checked, right, .. } = self;
        if *checked == 0 {
            return "accuracy: no row was classified".to_owned();
        }
        let accuracy = *right as f64 / *checked as f64;
        format!("accuracy: {accuracy:.3} ({right} of {checked} right)")
    }
}

/// A field of CSV.
fn quoted(field: &str) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // A second field, because a record of one empty field would have quotes.
    writer.write_record([field, "x"])?;
    let bytes = writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text
        .trim_end()
        .strip_suffix(",x")
        .unwrap_or(&text)
        .to_owned())
}

/// A number of JSON, which knows no infinity.
fn number(number: f64) -> String {
    if number.is_finite() {
        number.to_string()
    } else {
        "null".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, weights: Weights) -> (String, String) {
        let names = ["plain".to_owned(), "with, \"comma\"".to_owned()];
        let mut report = ClassifyReport::new(format, weights, &names).unwrap();
        let mut out = Vec::new();
        report.begin(&mut out).unwrap();
        let verdict = |class_id, nearest, votes: &[(u32, f64)]| Verdict {
            class_id,
            nearest,
            votes: votes.to_vec(),
        };
        let clear = verdict(0, 0.5, &[(0, 5.0)]);
        report.write(1, Some("plain"), &clear, &mut out).unwrap();
        let close = verdict(1, f64::INFINITY, &[(0, 2.0), (1, 3.0)]);
        report.write(3, Some("plain"), &close, &mut out).unwrap();
        report.finish(&mut out).unwrap();
        let unknown = verdict(2, 0.0, &[]);
        assert!(report.write(4, None, &unknown, &mut out).is_err());
        (String::from_utf8(out).unwrap(), report.accuracy())
    }

    #[test]
    fn a_row_a_line_in_every_format() {
        let (lines, accuracy) = written(Format::Lines, Weights::Uniform);
        assert_eq!(lines, "plain\t5/5\nwith, \"comma\"\t3/5\n");
        assert_eq!(accuracy, "accuracy: 0.500 (1 of 2 right)");
        let (lines, _) = written(Format::Lines, Weights::Distance);
        assert_eq!(lines, "plain\t1.000\nwith, \"comma\"\t0.600\n");
        insta::assert_snapshot!(written(Format::Csv, Weights::Uniform).0, @r#"
        row,class,votes plain,"votes with, ""comma"""
        1,plain,5,0
        3,"with, ""comma""",2,3
        "#);
        insta::assert_snapshot!(written(Format::Json, Weights::Uniform).0, @r#"
        {"row":1,"class":"plain","votes":{"plain":5},"distance_of_nearest":0.5}
        {"row":3,"class":"with, \"comma\"","votes":{"plain":2,"with, \"comma\"":3},"distance_of_nearest":null}
        "#);
    }

    #[test]
    fn the_table_is_a_summary() {
        insta::assert_snapshot!(written(Format::Table, Weights::Uniform).0, @r#"
                  class   rows    share
         ───────────────────────────────
                  plain      1   50.0 %
          with, "comma"      1   50.0 %

        rows: 2
        "#);
    }
}
