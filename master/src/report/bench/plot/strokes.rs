//! What the picture is drawn with: lines, dashes, whiskers, small letters.

use crate::report::canvas::{Align, Canvas, Rgb, Stroke, Text, Weight};

/// The size of small letters, in pixels.
pub(super) const SMALL: f32 = 11.0;

/// How something is drawn.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    Points,
    Dashes,
}

/// A piece of a line for the legend.
pub(super) fn sample(canvas: &mut impl Canvas, x: f32, y: f32, colour: Rgb, kind: Sample) {
    let (from, to) = ((x, y), (x + 26.0, y));
    match kind {
        Sample::Points => {
            line(canvas, from, to, 2.5, colour);
            canvas.disc((x + 13.0, y), 4.5, colour);
        }
        Sample::Dashes => dashed(canvas, from, to, 1.5, colour),
    }
}

pub(super) fn line(
    canvas: &mut impl Canvas,
    from: (f32, f32),
    to: (f32, f32),
    width: f32,
    colour: Rgb,
) {
    canvas.line(Stroke {
        from,
        to,
        width,
        colour,
    });
}

/// A line upright, with a short one across at each end.
pub(super) fn whisker(canvas: &mut impl Canvas, x: f32, ends: (f32, f32), colour: Rgb) {
    const HALF: f32 = 4.0;
    line(canvas, (x, ends.0), (x, ends.1), 1.5, colour);
    for y in [ends.0, ends.1] {
        line(canvas, (x - HALF, y), (x + HALF, y), 1.5, colour);
    }
}

/// A line of dashes.
pub(super) fn dashed(
    canvas: &mut impl Canvas,
    from: (f32, f32),
    to: (f32, f32),
    width: f32,
    colour: Rgb,
) {
    const DASH: f32 = 6.0;
    const GAP: f32 = 5.0;
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    let at = |along: f32| {
        let share = (along / length).min(1.0);
        (from.0 + dx * share, from.1 + dy * share)
    };
    let mut along = 0.0;
    while along < length {
        line(canvas, at(along), at(along + DASH), width, colour);
        along += DASH + GAP;
    }
}

/// A few words in small letters.
pub(super) fn small(
    canvas: &mut impl Canvas,
    at: (f32, f32),
    align: Align,
    colour: Rgb,
    words: &str,
) {
    canvas.text(Text {
        x: at.0,
        y: at.1,
        size: SMALL,
        weight: Weight::Normal,
        align,
        colour,
        words,
    });
}
