//! One line for each that was compared, and what to use.

use std::io;

use super::{BenchReport, words};
use crate::report::layout::seconds;

pub(super) fn write(report: &BenchReport, out: &mut dyn io::Write) -> io::Result<()> {
    for row in &report.judged.rows {
        let figures = &row.figures;
        write!(
            out,
            "{}: {} ± {}",
            row.config,
            seconds(figures.median),
            seconds(figures.spread())
        )?;
        if let (Some(speedup), Some(efficiency)) = (row.speedup, row.efficiency) {
            write!(out, ", {speedup:.2} x, {:.0} %", efficiency * 100.0)?;
        }
        writeln!(out)?;
    }
    match &report.judged.verdict {
        Some(verdict) => writeln!(out, "{}", words::verdict(verdict)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BenchReport, Format, written};

    #[test]
    fn a_line_each_and_the_verdict() {
        insta::assert_snapshot!(written(&BenchReport::sample(), Format::Lines), @"");
    }
}
