//! A picture as text.

use std::fmt::Write;

use super::{Align, CAPITALS, Canvas, Rgb, Stroke, Text, Weight};

/// An SVG while it grows.
#[derive(Debug)]
pub(crate) struct Svg {
    text: String,
}

impl Svg {
    /// A white picture of this size, with a title for those who do not see it.
    pub(crate) fn new(width: f32, height: f32, title: &str) -> Self {
        let title = escaped(title);
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"'DejaVu Sans', Verdana, sans-serif\" role=\"img\">\n<title>{title}</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        Self { text }
    }

    /// The whole file.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.text.push_str("</svg>\n");
        self.text.into_bytes()
    }
}

impl Canvas for Svg {
    fn rectangle(&mut self, x: f32, y: f32, width: f32, height: f32, colour: Rgb) {
        let colour = hex(colour);
        // Writing to a string cannot fail.
        let _ = writeln!(
            self.text,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{colour}"/>"#
        );
    }

    fn line(&mut self, stroke: Stroke) {
        let Stroke {
            from, to, width, ..
        } = stroke;
        let _ = writeln!(
            self.text,
            r#"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="{}" stroke-width="{width}" stroke-linecap="round"/>"#,
            from.0,
            from.1,
            to.0,
            to.1,
            hex(stroke.colour)
        );
    }

    fn disc(&mut self, centre: (f32, f32), radius: f32, colour: Rgb) {
        let ((x, y), colour) = (centre, hex(colour));
        let _ = writeln!(
            self.text,
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{colour}"/>"#
        );
    }

    fn text(&mut self, text: Text<'_>) {
        let anchor = match text.align {
            Align::Left => "start",
            Align::Middle => "middle",
            Align::Right => "end",
        };
        let weight = match text.weight {
            Weight::Normal => "",
            Weight::Bold => r#" font-weight="bold""#,
        };
        let _ = writeln!(
            self.text,
            r#"<text x="{:.1}" y="{:.1}" font-size="{}" text-anchor="{anchor}"{weight} fill="{}">{}</text>"#,
            text.x,
            text.y + CAPITALS / 2.0 * text.size,
            text.size,
            hex(text.colour),
            escaped(text.words)
        );
    }
}

fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// As XML wants it. What XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out() {
        let svg = Svg::new(10.0, 20.0, "</title><script>\u{1b} & so on");
        let text = String::from_utf8(svg.finish()).unwrap();
        assert!(
            text.contains("<title>&lt;/title&gt;&lt;script&gt; &amp; so on</title>"),
            "{text}"
        );
    }
}
