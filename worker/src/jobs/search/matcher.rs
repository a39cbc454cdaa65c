//! Finds the lines of a text that match a pattern, as ripgrep finds them.

use std::ops::Range;

use brigade_protocol::jobs::search::Pattern;
use grep_matcher::{LineMatchKind, Matcher as _};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use memchr::{memchr, memmem::Finder, memrchr};
use thiserror::Error;

/// Why a pattern cannot be looked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Lines are what is found; none holds a line end.
    #[error(
        "pattern {0:?} holds a line end, and lines are what is searched: give one pattern for each line"
    )]
    LineEnd(String),
    /// Not a regular expression.
    #[error(
        "pattern `{pattern}` is no regular expression: {why}; leave out --regex to look for this very text"
    )]
    Syntax {
        /// The pattern.
        pattern: String,
        /// Where it fails.
        why: String,
    },
    /// Bytes that are no text can only be looked for as they are.
    #[error(
        "pattern `{0}` is not UTF-8: such bytes can be looked for only without --regex, -i and -w"
    )]
    NoText(String),
}

/// A pattern, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Matcher(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Literal(Box<Finder<'static>>),
    Regex(Box<RegexMatcher>),
}

impl Matcher {
    /// Prepares a pattern.
    ///
    /// ```
    /// use brigade_protocol::jobs::search::Pattern;
    /// use brigade_worker::jobs::search::Matcher;
    ///
    /// let matcher = Matcher::new(&Pattern::literal(b"import"))?;
    /// assert_eq!(matcher.count(b"import a\nx = 1\nfrom b import import_c\n"), 2);
    /// # Ok::<(), brigade_worker::jobs::search::PatternError>(())
    /// ```
    ///
    /// # Errors
    /// [`PatternError`] when it holds a line end, is no regular expression, or no text where it must be.
    pub fn new(pattern: &Pattern) -> Result<Self, PatternError> {
        let shown = || pattern.to_string();
        if memchr(b'\n', &pattern.text).is_some() {
            return Err(PatternError::LineEnd(shown()));
        }
        if !(pattern.is_regex || pattern.ignores_case || pattern.is_word) {
            let finder = Finder::new(&pattern.text[..]).into_owned();
            return Ok(Self(Kind::Literal(Box::new(finder))));
        }
        let text = std::str::from_utf8(&pattern.text).map_err(|_| PatternError::NoText(shown()))?;
        let matcher = RegexMatcherBuilder::new()
            .multi_line(true)
            .fixed_strings(!pattern.is_regex)
            .case_insensitive(pattern.ignores_case)
            .word(pattern.is_word)
            .line_terminator(Some(b'\n'))
            .build(text)
            .map_err(|error| PatternError::Syntax {
                pattern: shown(),
                why: last_line(&error.to_string()),
            })?;
        Ok(Self(Kind::Regex(Box::new(matcher))))
    }

    /// How many lines match.
    #[must_use]
    pub fn count(&self, text: &[u8]) -> u64 {
        let (mut count, mut at) = (0, 0);
        match &self.0 {
            // Where the line begins does not matter here.
            Kind::Literal(finder) => {
                while let Some(found) = finder.find(&text[at..]).map(|found| at + found) {
                    if is_behind(text, found) {
                        break;
                    }
                    count += 1;
                    at = line_end(text, found) + 1;
                    if at > text.len() {
                        break;
                    }
                }
            }
            Kind::Regex(_) => {
                while let Some(line) = self.next_line(text, at) {
                    count += 1;
                    at = line.end + 1;
                }
            }
        }
        count
    }

    /// The first line that matches, from `at` on, which is the beginning of a line; without its line end.
    pub(super) fn next_line(&self, text: &[u8], at: usize) -> Option<Range<usize>> {
        let mut at = at;
        while at < text.len() {
            let rest = &text[at..];
            let (found, is_sure) = match &self.0 {
                Kind::Literal(finder) => (finder.find(rest)?, true),
                Kind::Regex(matcher) => match matcher.find_candidate_line(rest) {
                    Ok(Some(LineMatchKind::Confirmed(found))) => (found, true),
                    Ok(Some(LineMatchKind::Candidate(found))) => (found, false),
                    Ok(None) | Err(_) => return None,
                },
            };
            let found = at + found;
            if is_behind(text, found) {
                return None;
            }
            let line = line_around(text, at, found);
            if is_sure || self.matches(&text[line.clone()]) {
                return Some(line);
            }
            at = line.end + 1;
        }
        None
    }

    /// Whether a line matches.
    fn matches(&self, line: &[u8]) -> bool {
        match &self.0 {
            Kind::Literal(finder) => finder.find(line).is_some(),
            Kind::Regex(matcher) => matcher.is_match(line).unwrap_or(false),
        }
    }

    /// Where in a line the matches are, empty ones left out, for as long as `each` wants more.
    pub(super) fn spans(&self, line: &[u8], mut each: impl FnMut(Range<usize>) -> bool) {
        match &self.0 {
            Kind::Literal(finder) => {
                let width = finder.needle().len();
                if width > 0 {
                    let _ = finder
                        .find_iter(line)
                        .all(|found| each(found..found + width));
                }
            }
            Kind::Regex(matcher) => {
                // The matcher's own error type is empty: nothing can go wrong.
                let _ = matcher.find_iter(line, |found| {
                    found.is_empty() || each(found.start()..found.end())
                });
            }
        }
    }
}

/// Whether this is behind the last line end, where no line is.
fn is_behind(text: &[u8], at: usize) -> bool {
    at == text.len() && text.last().is_none_or(|last| *last == b'\n')
}

/// The line of a byte, which lies behind `floor`, where a line begins.
fn line_around(text: &[u8], floor: usize, at: usize) -> Range<usize> {
    let start = memrchr(b'\n', &text[floor..at]).map_or(floor, |end| floor + end + 1);
    start..line_end(text, at)
}

/// Where the line of a byte ends.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end)
}

/// The parser draws the place into several lines; the last says what is wrong.
fn last_line(text: &str) -> String {
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    let last = last.unwrap_or(text);
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_bytes::ByteBuf;

    use super::*;

    fn regex(text: &str) -> Pattern {
        Pattern {
            is_regex: true,
            ..Pattern::literal(text.as_bytes())
        }
    }

    fn lines(matcher: &Matcher, text: &[u8]) -> Vec<Vec<u8>> {
        let (mut all, mut at) = (Vec::new(), 0);
        while let Some(line) = matcher.next_line(text, at) {
            at = line.end + 1;
            all.push(text[line].to_vec());
        }
        all
    }

    #[test]
    fn lines_are_found_whatever_their_ends() {
        let text = b"one two\r\n\ntwo\xff\nthree two";
        for pattern in [Pattern::literal(b"two"), regex("t[w]o"), regex(r"\btwo")] {
            let matcher = Matcher::new(&pattern).unwrap();
            assert_eq!(
                lines(&matcher, text),
                [&b"one two\r"[..], b"two\xff", b"three two"],
                "{pattern}"
            );
            assert_eq!(matcher.count(text), 3);
        }
    }

    #[test]
    fn empty_matches_are_those_of_lines_that_exist() {
        for (text, expected) in [
            (&b""[..], 0),
            (b"\n", 1),
            (b"a", 1),
            (b"a\n", 1),
            (b"a\n\n", 2),
            (b"\n\nb", 3),
        ] {
            for pattern in [Pattern::literal(b""), regex("x*"), regex("^"), regex("$")] {
                let matcher = Matcher::new(&pattern).unwrap();
                assert_eq!(matcher.count(text), expected, "`{pattern}` in {text:?}");
                assert_eq!(
                    lines(&matcher, text).len() as u64,
                    expected,
                    "`{pattern}` in {text:?}"
                );
            }
        }
    }

    #[test]
    fn words_and_cases_are_those_of_the_whole_alphabet() {
        let pattern = |ignores_case, is_word| Pattern {
            ignores_case,
            is_word,
            ..Pattern::literal("größe".as_bytes())
        };
        let text = "GRÖSSE\nGrÖße\ngrößer\nx größe.\n".as_bytes();
        for (ignores_case, is_word, expected) in
            [(false, false, 2), (true, false, 3), (true, true, 2)]
        {
            let matcher = Matcher::new(&pattern(ignores_case, is_word)).unwrap();
            assert_eq!(matcher.count(text), expected);
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_says_why() {
        let not_text = Pattern {
            ignores_case: true,
            ..Pattern::literal(b"\xff")
        };
        for (pattern, what) in [
            (Pattern::literal(b"a\nb"), "one pattern for each line"),
            (regex("a(b"), "unclosed group"),
            (regex(r"a\nb"), "not allowed"),
            (not_text, "not UTF-8"),
        ] {
            let error = Matcher::new(&pattern).unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn all_matches_of_a_line_are_shown() {
        for pattern in [Pattern::literal(b"ab"), regex("ab|x*")] {
            let mut spans = Vec::new();
            Matcher::new(&pattern).unwrap().spans(b"abcabab", |span| {
                spans.push(span);
                true
            });
            assert_eq!(spans, [0..2, 3..5, 5..7]);
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_a_plain_loop(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b'b'), any::<u8>()], 0..200),
            needle in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b')], 0..3),
        ) {
            let body = text.strip_suffix(b"\n").unwrap_or(&text);
            let plain: Vec<Vec<u8>> = if text.is_empty() { Vec::new() } else {
                body.split(|byte| *byte == b'\n')
                    .filter(|line| needle.is_empty() || line.windows(needle.len()).any(|part| part == needle))
                    .map(<[u8]>::to_vec)
                    .collect()
            };
            for is_regex in [false, true] {
                let pattern = Pattern { is_regex, text: ByteBuf::from(needle.clone()), ..Pattern::literal(b"") };
                let matcher = Matcher::new(&pattern).unwrap();
                prop_assert_eq!(&lines(&matcher, &text), &plain);
                prop_assert_eq!(matcher.count(&text), plain.len() as u64);
            }
        }
    }
}
