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
        insta::assert_snapshot!(written(&BenchReport::sample(), Format::Lines), @r"
        1 process: 100.0 ms ± 1.5 ms, 1.00 x, 100 %
        2 processes: 52.0 ms ± 741 µs, 1.92 x, 96 %
        4 processes: 52.0 ms ± 741 µs, 1.92 x, 48 %
        1 thread: 99.0 ms ± 741 µs, 1.00 x, 100 %
        2 threads: 50.0 ms ± 741 µs, 1.98 x, 99 %
        4 threads: 60.5 ms ± 741 µs, 1.64 x, 41 %
        use 2 processes: 1.92 x as fast as one; 4 bring no more (within the noise); 2 threads are 1.04 x as fast as that, but a crash in one ends all
        ");
    }
}
