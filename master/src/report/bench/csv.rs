//! One row for each that was compared.

use std::io;

use super::{BenchReport, name};

pub(super) fn write(report: &BenchReport, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(
        out,
        "backend,workers,runs,median_seconds,spread_seconds,mean_seconds,deviation_seconds,least_seconds,most_seconds,\
         start_seconds,speedup,efficiency,repeated"
    )?;
    let optional = |value: Option<f64>| value.map_or_else(String::new, |it| format!("{it:.4}"));
    for row in &report.judged.rows {
        let figures = &row.figures;
        writeln!(
            out,
            "{},{},{},{:.9},{:.9},{:.9},{:.9},{:.9},{:.9},{:.9},{},{},{}",
            name(row.config.backend),
            row.config.workers,
            figures.times.len(),
            figures.median,
            figures.spread(),
            figures.mean,
            figures.deviation,
            figures.least,
            figures.most,
            row.start.median,
            optional(row.speedup),
            optional(row.efficiency),
            row.repeated
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{BenchReport, Format, written};

    #[test]
    fn a_row_each() {
        insta::assert_snapshot!(written(&BenchReport::sample(), Format::Csv), @"");
    }
}
