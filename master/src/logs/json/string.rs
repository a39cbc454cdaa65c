//! Text as JSON strings, and as text for people.

use crate::unseen::{separates_lines, turns_direction};

/// How a letter that cannot stand as it is gets written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// Inside a JSON string.
    Json,
    /// In a line of text: no control character, so nothing gets to a terminal and no line looks like another
    /// record's first. A line that follows is indented.
    Text,
}

/// Appends a JSON string, with its quotes. Bytes that are no UTF-8 become backslash escapes, as Python's
/// `backslashreplace` writes them.
#[inline]
pub(crate) fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    if is_plain(text) {
        out.extend_from_slice(text);
    } else {
        push_text(out, text, Escape::Json);
    }
    out.push(b'"');
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// Whether these eight bytes are ASCII without control characters, quotes and backslashes.
#[inline]
fn is_plain_word(word: u64) -> bool {
    // Of ASCII bytes: the high bit appears where a byte is below what is taken away.
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
    (word | control | quote | backslash) & HIGH == 0
}

#[inline]
fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7f) && byte != b'"' && byte != b'\\'
}

/// Whether text can stand in a JSON string as it is.
#[inline]
fn is_plain(text: &[u8]) -> bool {
    let Some(last) = text.last_chunk::<8>() else {
        return text.iter().all(|byte| is_plain_byte(*byte));
    };
    let (words, _) = text.as_chunks::<8>();
    words
        .iter()
        .chain([last])
        .all(|word| is_plain_word(u64::from_ne_bytes(*word)))
}

/// Appends text that may hold anything.
#[cold]
pub(crate) fn push_text(out: &mut Vec<u8>, mut text: &[u8], escape: Escape) {
    loop {
        match str::from_utf8(text) {
            Ok(valid) => return push_valid(out, valid, escape),
            Err(error) => {
                let (valid, rest) = text.split_at(error.valid_up_to());
                // It was just found to be valid.
                push_valid(out, str::from_utf8(valid).unwrap_or_default(), escape);
                text = push_invalid(out, rest, escape);
            }
        }
    }
}

/// Appends what begins with no letter, and returns what follows.
fn push_invalid<'a>(out: &mut Vec<u8>, rest: &'a [u8], escape: Escape) -> &'a [u8] {
    let backslash = match escape {
        Escape::Json => "\\\\",
        Escape::Text => "\\",
    };
    out.extend_from_slice(backslash.as_bytes());
    match *rest {
        [0xed, middle @ 0xa0..=0xbf, low @ 0x80..=0xbf, ..] => {
            let code = 0xd000 | u16::from(middle & 0x3f) << 6 | u16::from(low & 0x3f);
            out.push(b'u');
            push_hex(out, &code.to_be_bytes());
            &rest[3..]
        }
        [byte, ..] => {
            out.push(b'x');
            push_hex(out, &[byte]);
            &rest[1..]
        }
        [] => rest,
    }
}

fn push_valid(out: &mut Vec<u8>, text: &str, escape: Escape) {
    match escape {
        Escape::Json => push_json(out, text.as_bytes()),
        Escape::Text => push_readable(out, text),
    }
}

fn push_json(out: &mut Vec<u8>, text: &[u8]) {
    let mut plain = 0;
    for (at, &byte) in text.iter().enumerate() {
        if byte >= 0x80 || is_plain_byte(byte) {
            continue;
        }
        out.extend_from_slice(&text[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                push_hex(out, &[byte]);
            }
        }
    }
    out.extend_from_slice(&text[plain..]);
}

fn push_readable(out: &mut Vec<u8>, text: &str) {
    for letter in text.chars() {
        match letter {
            '\n' => out.extend_from_slice(b"\n    "),
            '\t' => out.push(b'\t'),
            _ if letter.is_control() => {
                // All control characters are below 0x100.
                out.extend_from_slice(b"\\x");
                push_hex(out, &[u8::try_from(letter).unwrap_or(0)]);
            }
            _ if turns_direction(letter) || separates_lines(letter) => {
                out.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
            }
            _ => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends bytes in hexadecimal digits.
pub(super) fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &[u8]) -> String {
        let mut out = Vec::new();
        push_string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn surrogates_and_stray_bytes_are_escaped_as_python_does() {
        assert_eq!(string(b"a\xed\xb3\xbfb"), r#""a\\udcffb""#);
        assert_eq!(string(b"\xed\xa0\x80"), r#""\\ud800""#);
        assert_eq!(string(b"\xff\xc3"), r#""\\xff\\xc3""#);
        assert_eq!(string("é\u{2028}".as_bytes()), "\"é\u{2028}\"");
    }

    #[test]
    fn text_for_people_keeps_its_line_and_its_direction() {
        let mut out = Vec::new();
        let text = "a\u{2028}b\u{202e}c\u{2066}é\u{5e9}";
        push_text(&mut out, text.as_bytes(), Escape::Text);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "a\\u2028b\\u202ec\\u2066é\u{5e9}");
    }

    #[test]
    fn text_for_people_has_no_control_characters_and_its_lines_are_indented() {
        let mut out = Vec::new();
        push_text(
            &mut out,
            "a\n2026 b\x1b[31m\u{9b}\ttab".as_bytes(),
            Escape::Text,
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "a\n    2026 b\\x1b[31m\\x9b\ttab"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same(text: String) {
            let read: String = serde_json::from_str(&string(text.as_bytes())).unwrap();
            prop_assert_eq!(read, text);
        }

        #[test]
        fn any_bytes_become_valid_json(text in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(serde_json::from_str::<String>(&string(&text)).is_ok());
        }

        #[test]
        fn a_word_is_plain_if_its_bytes_are(word: [u8; 8]) {
            let expected = word.iter().all(|byte| is_plain_byte(*byte));
            prop_assert_eq!(is_plain_word(u64::from_ne_bytes(word)), expected);
        }

        #[test]
        fn words_of_ascii_too(word in prop::array::uniform8(0x18_u8..0x80)) {
            let expected = word.iter().all(|byte| is_plain_byte(*byte));
            prop_assert_eq!(is_plain_word(u64::from_ne_bytes(word)), expected);
        }
    }
}
