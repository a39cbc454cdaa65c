//! The grid as a heat map: k down, distances across.

mod colours;
mod layout;

use super::TuneReport;
use crate::report::picture::{self, PlotError, PlotFile};
use layout::Layout;

/// A picture has no more rows and columns than anybody can look at.
const MOST_ROWS: usize = 2_000;
const MOST_COLUMNS: usize = 60;

/// Draws the report's grid into the file.
///
/// # Errors
/// [`PlotError`].
pub(crate) fn save(report: &TuneReport, file: &PlotFile) -> Result<(), PlotError> {
    let layout = Layout::new(report);
    for (found, what, most) in [
        (layout.rows.len(), "ks", MOST_ROWS),
        (layout.distances.len(), "distances", MOST_COLUMNS),
    ] {
        if found > most {
            return Err(PlotError::TooMany {
                path: file.path().display().to_string(),
                found,
                what,
                most,
            });
        }
    }
    picture::save(&layout, file)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::report::picture::{Kind, Picture, drawn};

    #[test]
    fn grids_of_any_shape_are_drawn() {
        let many: Vec<u32> = (1..=800).collect();
        for (ks, distances) in [
            (&[5][..], &["ED"][..]),
            (&many[..20], &["ED"]),
            (
                &many[..39],
                &["ED", "MD", "CD", "SD", "COS", "CAN", "HAM", "L3"],
            ),
            (&many, &["ED", "MD"]),
        ] {
            let report = TuneReport::of_grid(ks, distances, &[29, 30, 12, 27, 28]);
            let layout = Layout::new(&report);
            let svg = String::from_utf8(drawn(&layout, Kind::Svg).unwrap()).unwrap();
            for name in distances {
                assert!(svg.contains(&format!(">{name}</text>")), "{name}");
            }
            let picture = drawn(&layout, Kind::Png).unwrap();
            let decoder = ::png::Decoder::new(io::Cursor::new(picture));
            let info = decoder.read_info().unwrap().info().clone();
            let (width, height) = layout.size();
            assert_eq!(
                (info.width as f32, info.height as f32),
                (2.0 * width, 2.0 * height)
            );
        }
    }

    #[test]
    fn nothing_and_too_much_are_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| -> PlotFile {
            folder
                .path()
                .join(name)
                .display()
                .to_string()
                .parse()
                .unwrap()
        };
        let mut report = TuneReport::sample();
        report.cells.clear();
        save(&report, &file("a.png")).unwrap();
        save(&report, &file("a.svg")).unwrap();
        let ks: Vec<u32> = (1..=2001).collect();
        let error = save(&TuneReport::of_grid(&ks, &["ED"], &[3]), &file("b.svg")).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("2001 ks are more than the 2000 that a picture has room for")
        );
        let error = save(&TuneReport::sample(), &file("none/a.svg")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("cannot be written: No such file")
        );
    }
}
