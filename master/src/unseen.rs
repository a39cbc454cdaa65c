//! Characters that are not seen themselves, and change how the text around them looks; and text of strangers, fit to be shown.

use std::io;

/// Marks, embeddings, overrides and isolates of bidirectional text (UAX #9).
pub(crate) fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Separators of lines and paragraphs that are no control characters.
pub(crate) fn separates_lines(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// What to say of a file that cannot be read: the same everywhere.
pub(crate) fn unreadable(path: &str, cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => format!("{path}: no such file; check the path"),
        io::ErrorKind::IsADirectory => format!("{path}: is a directory; expected a file"),
        io::ErrorKind::PermissionDenied => format!("{path}: may not be read by this user"),
        _ => format!("{path}: cannot be read: {cause}"),
    }
}

/// The beginning of a text, so many characters of it, with what is not seen as escapes.
pub(crate) fn shown(text: &str, most: usize) -> String {
    let mut letters = text.chars();
    let mut shown: String = letters
        .by_ref()
        .take(most)
        .flat_map(char::escape_debug)
        .collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_after_characters_and_what_is_not_seen_is_escaped() {
        assert_eq!(shown("äöü", 3), "äöü");
        assert_eq!(shown("äöüß", 3), "äöü…");
        assert_eq!(shown("a\n\u{202e}b\u{1b}", 9), "a\\n\\u{202e}b\\u{1b}");
    }
}
