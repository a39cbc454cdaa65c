//! A picture as pixels.

use ab_glyph::{Font, ScaleFont, point};

use super::{Align, CAPITALS, Canvas, Rgb, Text, font, per_em, width};

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
