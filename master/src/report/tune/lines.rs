//! One line a cell, as the chapter's program prints it: `f"{k:2d} {name:2s} {quality:.3f}"`.

use std::io;

use super::TuneReport;

pub(super) fn write(report: &TuneReport, out: &mut dyn io::Write) -> io::Result<()> {
    for cell in &report.cells {
        writeln!(out, "{:2} {:2} {:.3}", cell.k, cell.distance, cell.quality)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Format, TuneReport, written};

    #[test]
    fn as_the_chapter_prints() {
        insta::assert_snapshot!(written(&TuneReport::sample(), Format::Lines, true), @r"
         5 ED 0.967
         5 CD 0.933
        17 ED 1.000
        17 CD 0.967
        119 ED 0.300
        119 CD 1.000
        ");
    }
}
