//! The grid as a heat map: k down, distances across.

mod colours;
mod layout;

use std::{
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use thiserror::Error;

use super::TuneReport;
use crate::{
    report::canvas::{Png, Svg},
    whole,
};
use layout::Layout;

/// A picture has no more rows and columns than anybody can look at.
const MOST_ROWS: usize = 2_000;
const MOST_COLUMNS: usize = 60;

/// A file that a heat map goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlotFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Svg,
    Png,
}

/// A name that does not say what is to be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a file that ends with .svg or .png, found `{name}`")]
pub(crate) struct PlotFileError {
    name: String,
}

impl PlotFile {
    /// Where the picture goes.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl FromStr for PlotFile {
    type Err = PlotFileError;

    fn from_str(name: &str) -> Result<Self, PlotFileError> {
        let path = PathBuf::from(name);
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        let kind = match ending.as_deref().and_then(std::ffi::OsStr::to_str) {
            Some("svg") => Kind::Svg,
            Some("png") => Kind::Png,
            _ => {
                return Err(PlotFileError {
                    name: name.to_owned(),
                });
            }
        };
        Ok(Self { path, kind })
    }
}

/// Why there is no picture.
#[derive(Debug, Error)]
pub(crate) enum PlotError {
    #[error("{path}: cannot be written: {cause}")]
    Unwritable { path: String, cause: io::Error },
    #[error("{path}: cannot be drawn: {cause}")]
    Encoding {
        path: String,
        cause: ::png::EncodingError,
    },
    #[error(
        "{path}: cannot be drawn: {found} {what} are more than the {most} that a picture has room for"
    )]
    TooMany {
        path: String,
        found: usize,
        what: &'static str,
        most: usize,
    },
}

/// Draws the report's grid into the file.
///
/// # Errors
/// [`PlotError`].
pub(crate) fn save(report: &TuneReport, file: &PlotFile) -> Result<(), PlotError> {
    let path = || file.path.display().to_string();
    let layout = Layout::new(report);
    for (found, what, most) in [
        (layout.rows.len(), "ks", MOST_ROWS),
        (layout.distances.len(), "distances", MOST_COLUMNS),
    ] {
        if found > most {
            return Err(PlotError::TooMany {
                path: path(),
                found,
                what,
                most,
            });
        }
    }
    let picture = draw(&layout, file.kind).map_err(|cause| PlotError::Encoding {
        path: path(),
        cause,
    })?;
    write(&file.path, &picture)
}

fn draw(layout: &Layout<'_>, kind: Kind) -> Result<Vec<u8>, ::png::EncodingError> {
    let (width, height) = layout.size();
    match kind {
        Kind::Svg => {
            let mut canvas = Svg::new(width, height, &layout.title);
            layout.draw(&mut canvas);
            Ok(canvas.finish())
        }
        Kind::Png => {
            let mut canvas = Png::new(width, height);
            layout.draw(&mut canvas);
            canvas.finish()
        }
    }
}

fn write(path: &Path, picture: &[u8]) -> Result<(), PlotError> {
    whole::write(path, picture).map_err(|cause| PlotError::Unwritable {
        path: path.display().to_string(),
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_is_drawn() {
        for (name, kind) in [("a.svg", Kind::Svg), ("b/c.d.PNG", Kind::Png)] {
            assert_eq!(name.parse::<PlotFile>().unwrap().kind, kind);
        }
        for name in ["a", "a.gif", "svg", ".png", ""] {
            let error = name.parse::<PlotFile>().unwrap_err().to_string();
            assert!(error.contains(&format!("found `{name}`")), "{error}");
        }
    }

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
            let svg = String::from_utf8(draw(&layout, Kind::Svg).unwrap()).unwrap();
            for name in distances {
                assert!(svg.contains(&format!(">{name}</text>")), "{name}");
            }
            let picture = draw(&layout, Kind::Png).unwrap();
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
