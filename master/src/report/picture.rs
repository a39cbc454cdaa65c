//! A picture into a file: which kind, how it is drawn, why there is none.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use thiserror::Error;

use super::canvas::{Canvas, Png, Svg};
use crate::whole;

/// A file that a picture goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlotFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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

    /// Looks whether it can be written, before long work is done for it.
    ///
    /// # Errors
    /// [`PlotError::Unwritable`].
    pub(crate) fn check(&self) -> Result<(), PlotError> {
        whole::check(&self.path).map_err(|cause| PlotError::Unwritable {
            path: self.path.display().to_string(),
            cause,
        })
    }
}

impl fmt::Display for PlotFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
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

/// What can be drawn.
pub(super) trait Picture {
    /// Width and height.
    fn size(&self) -> (f32, f32);

    /// What it shows, in words.
    fn title(&self) -> &str;

    /// Draws it.
    fn draw(&self, canvas: &mut impl Canvas);
}

/// Draws a picture into a file.
///
/// # Errors
/// [`PlotError`].
pub(super) fn save(picture: &impl Picture, file: &PlotFile) -> Result<(), PlotError> {
    let path = || file.path.display().to_string();
    let content = drawn(picture, file.kind).map_err(|cause| PlotError::Encoding {
        path: path(),
        cause,
    })?;
    whole::write(&file.path, &content).map_err(|cause| PlotError::Unwritable {
        path: path(),
        cause,
    })
}

/// A picture as a file of this kind.
pub(super) fn drawn(picture: &impl Picture, kind: Kind) -> Result<Vec<u8>, ::png::EncodingError> {
    let (width, height) = picture.size();
    match kind {
        Kind::Svg => {
            let mut canvas = Svg::new(width, height, picture.title());
            picture.draw(&mut canvas);
            Ok(canvas.finish())
        }
        Kind::Png => {
            let mut canvas = Png::new(width, height);
            picture.draw(&mut canvas);
            canvas.finish()
        }
    }
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
}
