//! One row a cell under a header. No value needs quotes.

use std::io;

use super::TuneReport;

pub(super) fn write(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "k,distance,quality,passed,tested")?;
    for cell in &report.cells {
        writeln!(
            out,
            "{},{},{:.3},{},{}",
            cell.k,
            cell.distance,
            cell.quality(),
            cell.passed,
            cell.tested
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Format, TuneReport, written};

    #[test]
    fn a_row_a_cell() {
        insta::assert_snapshot!(written(&TuneReport::sample(), Format::Csv, true), @r"
        k,distance,quality,passed,tested
        5,ED,0.967,29,30
        5,CD,0.933,28,30
        17,ED,1.000,30,30
        17,CD,0.967,29,30
        119,ED,0.300,9,30
        119,CD,1.000,30,30
        ");
    }
}
