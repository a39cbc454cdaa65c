//! One row a cell under a header, the same columns whatever was chosen. No value needs quotes.

use std::io;

use super::TuneReport;

pub(super) fn write(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "k,distance,quality,sd,passed,tested,rank")?;
    for cell in &report.cells {
        writeln!(
            out,
            "{},{},{:.6},{:.6},{},{},{}",
            cell.k,
            cell.distance,
            cell.quality,
            cell.sd,
            cell.passed(),
            cell.tested(),
            cell.rank
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
        k,distance,quality,sd,passed,tested,rank
        5,ED,0.966667,0.000000,29,30,3
        5,CD,0.933333,0.000000,28,30,5
        17,ED,1.000000,0.000000,30,30,1
        17,CD,0.966667,0.000000,29,30,3
        119,ED,0.300000,0.000000,9,30,6
        119,CD,1.000000,0.000000,30,30,1
        ");
    }
}
