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
        insta::assert_snapshot!(written(&BenchReport::sample(), Format::Csv), @r"
        backend,workers,runs,median_seconds,spread_seconds,mean_seconds,deviation_seconds,least_seconds,most_seconds,start_seconds,speedup,efficiency,repeated
        processes,1,5,0.100000000,0.001482600,0.100400000,0.001140175,0.099000000,0.102000000,0.000010000,1.0000,1.0000,0
        processes,2,5,0.052000000,0.000741300,0.051800000,0.000570088,0.051000000,0.052500000,0.000010000,1.9231,0.9615,0
        processes,4,5,0.052000000,0.000741300,0.052100000,0.001140175,0.051000000,0.054000000,0.000010000,1.9231,0.4808,0
        threads,1,5,0.099000000,0.000741300,0.099100000,0.000741620,0.098000000,0.100000000,0.000010000,1.0000,1.0000,0
        threads,2,5,0.050000000,0.000741300,0.050200000,0.000570088,0.049500000,0.051000000,0.000010000,1.9800,0.9900,0
        threads,4,5,0.060500000,0.000741300,0.060700000,0.000836660,0.060000000,0.062000000,0.000010000,1.6364,0.4091,0
        ");
    }
}
