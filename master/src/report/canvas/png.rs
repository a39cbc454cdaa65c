//! A picture as pixels.

use std::ops::Range;

use ab_glyph::{Font, ScaleFont, point};

use super::{Align, CAPITALS, Canvas, Rgb, Stroke, Text, font, per_em, width};

/// Pixels of the file for each pixel of the picture, a side: letters are sharp on any screen.
const DENSITY: u32 = 2;

/// A PNG while it is drawn.
#[derive(Debug)]
pub(crate) struct Png {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Png {
    /// A white picture of this size.
    pub(crate) fn new(width: f32, height: f32) -> Self {
        let (width, height) = (place(width, u32::MAX), place(height, u32::MAX));
        Self {
            width,
            height,
            pixels: vec![255; width as usize * height as usize * 3],
        }
    }

    /// The whole file.
    ///
    /// # Errors
    /// What the encoder returns.
    pub(crate) fn finish(self) -> Result<Vec<u8>, png::EncodingError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(file)
    }

    /// Lets a colour shine through by its share.
    fn blend(&mut self, x: i64, y: i64, colour: Rgb, share: f32) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if x >= self.width || y >= self.height {
            return;
        }
        let first = (y as usize * self.width as usize + x as usize) * 3;
        for (old, new) in self.pixels[first..first + 3].iter_mut().zip(colour) {
            let (from, to) = (f32::from(*old), f32::from(new));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two bytes"
            )]
            let mixed = (from + (to - from) * share.clamp(0.0, 1.0)).round() as u8;
            *old = mixed;
        }
    }
}

/// The pixel at a length, at most this one.
fn place(length: f32, most: u32) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a float stops at the ends of the range"
    )]
    let pixel = (length * DENSITY as f32).round() as u32;
    pixel.min(most)
}

/// The pixels that something between two places touches, of as many as there are.
fn pixels(from: f32, to: f32, all: u32) -> Range<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float stops at the ends of the range"
    )]
    let (first, last) = (from.floor() as i64, to.ceil() as i64);
    first.max(0)..last.saturating_add(1).min(all.into())
}

/// How far a point is from the nearest point of a straight line between two others.
fn distance(point: (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length_squared = dx * dx + dy * dy;
    let along = if length_squared > 0.0 {
        let along = (point.0 - from.0) * dx + (point.1 - from.1) * dy;
        (along / length_squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
}

impl Canvas for Png {
    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Rgb) {
        let (left, right) = (place(x, self.width), place(x + width, self.width));
        let (top, bottom) = (place(y, self.height), place(y + height, self.height));
        for y in top..bottom {
            for x in left..right {
                let first = (y as usize * self.width as usize + x as usize) * 3;
                self.pixels[first..first + 3].copy_from_slice(&colour);
            }
        }
    }

    fn line(&mut self, stroke: Stroke) {
        let density = DENSITY as f32;
        let scaled = |(x, y): (f32, f32)| (x * density, y * density);
        let (from, to) = (scaled(stroke.from), scaled(stroke.to));
        let reach = stroke.width * density / 2.0;
        let across = pixels(
            from.0.min(to.0) - reach,
            from.0.max(to.0) + reach,
            self.width,
        );
        for y in pixels(
            from.1.min(to.1) - reach,
            from.1.max(to.1) + reach,
            self.height,
        ) {
            for x in across.clone() {
                // How far the line reaches over the middle of the pixel is how much of it is covered, nearly.
                let covered = reach + 0.5 - distance((x as f32 + 0.5, y as f32 + 0.5), from, to);
                if covered > 0.0 {
                    self.blend(x, y, stroke.colour, covered);
                }
            }
        }
    }

    fn disc(&mut self, centre: (f32, f32), radius: f32, colour: Rgb) {
        self.line(Stroke {
            from: centre,
            to: centre,
            width: 2.0 * radius,
            colour,
        });
    }

    fn text(&mut self, text: Text<'_>) {
        let Some(font) = font(text.weight) else {
            return;
        };
        let density = DENSITY as f32;
        let scale = per_em(font, text.size * density);
        let scaled = font.as_scaled(scale);
        let wide = width(text.words, text.size, text.weight);
        let mut x = match text.align {
            Align::Left => text.x,
            Align::Middle => text.x - wide / 2.0,
            Align::Right => text.x - wide,
        } * density;
        let base = (text.y + CAPITALS / 2.0 * text.size) * density;
        for letter in text.words.chars() {
            let id = font.glyph_id(letter);
            let glyph = id.with_scale_and_position(scale, point(x, base.round()));
            if let Some(outline) = font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "whole pixels of the picture"
                )]
                let (left, top) = (corner.x as i64, corner.y as i64);
                outline.draw(|dx, dy, share| {
                    self.blend(
                        left + i64::from(dx),
                        top + i64::from(dy),
                        text.colour,
                        share,
                    );
                });
            }
            x += scaled.h_advance(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The colour at a pixel of the file.
    fn colour(png: &Png, x: usize, y: usize) -> [u8; 3] {
        let first = (y * png.width as usize + x) * 3;
        png.pixels[first..first + 3].try_into().unwrap()
    }

    #[test]
    fn lines_and_discs_cover_what_they_touch_and_nothing_else() {
        let mut png = Png::new(20.0, 10.0);
        let stroke = |from, to| Stroke {
            from,
            to,
            width: 2.0,
            colour: [0, 0, 0],
        };
        png.line(stroke((2.0, 5.0), (12.0, 5.0)));
        assert_eq!(colour(&png, 14, 10), [0; 3]);
        assert_eq!(colour(&png, 14, 6), [255; 3], "above it");
        assert_eq!(colour(&png, 30, 10), [255; 3], "beyond its end");
        png.disc((16.0, 5.0), 2.0, [255, 0, 0]);
        assert_eq!(colour(&png, 32, 10), [255, 0, 0]);
        // Beyond the edges there is nothing to draw on.
        png.line(stroke((-1e9, -5.0), (-3.0, 400.0)));
        png.disc((1e30, f32::NAN), 2.0, [0; 3]);
    }

    #[test]
    fn the_nearest_point_of_a_line_may_be_its_end() {
        let from_to = |point| distance(point, (0.0, 0.0), (10.0, 0.0));
        for (point, expected) in [((5.0, 3.0), 3.0), ((13.0, 4.0), 5.0), ((-1.0, 0.0), 1.0)] {
            assert!((from_to(point) - expected).abs() < 1e-6, "{point:?}");
        }
        assert!((distance((3.0, 4.0), (0.0, 0.0), (0.0, 0.0)) - 5.0).abs() < 1e-6);
    }
}
