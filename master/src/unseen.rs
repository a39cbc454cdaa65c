//! Characters that are not seen themselves, and change how the text around them looks.

/// Marks, embeddings, overrides and isolates of bidirectional text (UAX #9).
pub(crate) fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Separators of lines and paragraphs that are no control characters.
pub(crate) fn separates_lines(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}
