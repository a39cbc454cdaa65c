//! Lines and columns. A line ends with `\n`, `\r\n` or `\r`.

use brigade_protocol::jobs::imports::Place;
use memchr::{memchr2, memchr2_iter};

/// Follows the line number through a text, forwards.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The number of the line that the byte at `offset` is on, which is not before the last one that was asked for.
    pub(super) fn line_at(&mut self, offset: usize) -> u32 {
        let end = offset.clamp(self.at, self.text.len());
        for newline in memchr2_iter(b'\n', b'\r', &self.text[self.at..end]) {
            let is_half = self.text[self.at + newline] == b'\r'
                && self.text.get(self.at + newline + 1) == Some(&b'\n');
            self.line += u32::from(!is_half);
        }
        self.at = end;
        self.line
    }
}

/// Where a byte is. Bytes that belong to one character of UTF-8 count as one.
pub(super) fn place(text: &[u8], offset: usize) -> Place {
    let offset = offset.min(text.len());
    let before = &text[..offset];
    let start = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |newline| newline + 1);
    let characters = before[start..].iter().filter(|&&byte| !is_inside(byte));
    Place {
        line: Lines::of(text).line_at(offset),
        column: u32::try_from(characters.count() + 1).unwrap_or(u32::MAX),
    }
}

/// Whether a byte is inside a character, not at its beginning.
fn is_inside(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// The first line without its end, and what follows it.
pub(super) fn first_line(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = memchr2(b'\n', b'\r', text) else {
        return (text, &[]);
    };
    let is_double = text[end..].starts_with(b"\r\n");
    (&text[..end], &text[end + 1 + usize::from(is_double)..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, offset: usize) -> (u32, u32) {
        let Place { line, column } = place(text.as_bytes(), offset);
        (line, column)
    }

    #[test]
    fn every_kind_of_line_end_counts_once() {
        let text = "a\nb\r\nc\rd\n\r\ne";
        let lines: Vec<u32> = "abcde"
            .chars()
            .map(|letter| at(text, text.find(letter).unwrap()).0)
            .collect();
        assert_eq!(lines, [1, 2, 3, 4, 6]);
        let mut forwards = Lines::of(text.as_bytes());
        let again: Vec<u32> = "abcde"
            .chars()
            .map(|letter| forwards.line_at(text.find(letter).unwrap()))
            .collect();
        assert_eq!(again, lines);
    }

    #[test]
    fn columns_are_characters_and_a_place_past_the_end_is_the_end() {
        assert_eq!(at("é = 1", 3), (1, 3));
        assert_eq!(at("x\nab", 99), (2, 3));
        assert_eq!(at("", 0), (1, 1));
    }

    #[test]
    fn the_first_line_of_each_kind() {
        for text in ["ab\ncd", "ab\r\ncd", "ab\rcd"] {
            assert_eq!(first_line(text.as_bytes()), (&b"ab"[..], &b"cd"[..]));
        }
        assert_eq!(first_line(b"ab"), (&b"ab"[..], &b""[..]));
    }
}
