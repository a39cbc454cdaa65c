//! Something to draw rectangles, lines and text on: an SVG or a PNG, the same to the pixel but for the letters' edges.
//!
//! Text is measured and, in a PNG, drawn with fonts that are part of the program: a machine may have none.

mod png;
mod svg;

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, ScaleFont};

pub(super) use self::png::Png;
pub(super) use self::svg::Svg;

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

/// A letter's weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Normal,
    Bold,
}

/// Which part of a text is where it is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// A line of text around a point, which is in the middle of its height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) align: Align,
    pub(super) colour: Rgb,
    pub(super) words: &'a str,
}

/// A straight line with round ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub(super) from: (f32, f32),
    pub(super) to: (f32, f32),
    pub(super) width: f32,
    pub(super) colour: Rgb,
}

/// What a picture is drawn on. Lengths are in pixels, from the upper left.
pub(super) trait Canvas {
    /// Fills a rectangle.
    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Rgb);

    /// Draws a line.
    fn line(&mut self, stroke: Stroke);

    /// Fills a circle.
    fn disc(&mut self, centre: (f32, f32), radius: f32, colour: Rgb);

    /// Writes a line of text.
    fn text(&mut self, text: Text<'_>);
}

/// The height of capitals and digits of both fonts, as a share of the size.
const CAPITALS: f32 = 0.729;

type Loaded = Option<FontRef<'static>>;

static FONTS: LazyLock<(Loaded, Loaded)> = LazyLock::new(|| {
    let load = |bytes| FontRef::try_from_slice(bytes).ok();
    (
        load(include_bytes!("../../fonts/DejaVuSans.ttf")),
        load(include_bytes!("../../fonts/DejaVuSans-Bold.ttf")),
    )
});

fn font(weight: Weight) -> Option<&'static FontRef<'static>> {
    match weight {
        Weight::Normal => FONTS.0.as_ref(),
        Weight::Bold => FONTS.1.as_ref(),
    }
}

/// How wide a line is.
pub(super) fn width(text: &str, size: f32, weight: Weight) -> f32 {
    font(weight).map_or(0.0, |font| {
        let scaled = font.as_scaled(per_em(font, size));
        text.chars()
            .map(|letter| scaled.h_advance(font.glyph_id(letter)))
            .sum()
    })
}

/// The scale at which an em is so many pixels.
fn per_em(font: &FontRef<'_>, size: f32) -> f32 {
    let em = font.units_per_em().unwrap_or(1000.0);
    size * font.height_unscaled() / em
}

/// A text that is no wider than this, with an ellipsis in its middle if it was.
pub(super) fn fitted(text: &str, size: f32, weight: Weight, most: f32) -> String {
    if width(text, size, weight) <= most {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let shortened = |kept: usize| -> String {
        let (front, back) = (kept.div_ceil(2), kept / 2);
        let back = &letters[letters.len() - back..];
        letters[..front].iter().chain(&['…']).chain(back).collect()
    };
    (0..letters.len())
        .rev()
        .map(shortened)
        .find(|text| width(text, size, weight) <= most)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_and_shortened() {
        let normal = width("0.967", 12.0, Weight::Normal);
        assert!((30.0..36.0).contains(&normal), "{normal}");
        assert!(width("0.967", 12.0, Weight::Bold) > normal);
        let name = "a/very/long/path/to/some/data/set.csv";
        let short = fitted(name, 12.0, Weight::Normal, 120.0);
        assert!(
            short.starts_with("a/very") && short.ends_with("set.csv") && short.contains('…'),
            "{short}"
        );
        assert_eq!(fitted("short", 12.0, Weight::Normal, 120.0), "short");
        assert_eq!(fitted("short", 12.0, Weight::Normal, 0.0), "");
    }
}
