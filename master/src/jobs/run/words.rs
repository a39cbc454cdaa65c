//! Cuts a command that was given as one string into words, by the plain rules of a shell's quotes.

/// Why a string is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WordsError {
    #[error("the command has a {0} quote that is not closed")]
    OpenQuote(&'static str),
    #[error("the command ends with a backslash, which stands for nothing")]
    Backslash,
    #[error(
        "the command has a `{0}`, which is a shell's: add --shell so that a shell runs it, or put it in quotes"
    )]
    ForShell(char),
}

/// Cuts `text` at blanks. `'…'` is taken as it is; in `"…"` a backslash before `"`, `\`, `$` and a backquote takes
/// away their meaning; outside of quotes it does so before everything. What only a shell could carry out is an error,
/// lest `|` becomes an argument.
pub(super) fn split(text: &[u8]) -> Result<Vec<Vec<u8>>, WordsError> {
    let mut splitter = Splitter::default();
    let mut rest = text.iter().copied().enumerate();
    while let Some((at, byte)) = rest.next() {
        match (splitter.quote, byte) {
            (Quote::Single, b'\'') | (Quote::Double, b'"') => splitter.quote = Quote::None,
            (Quote::Single, byte) => splitter.push(byte),
            (Quote::None, b'\'') => splitter.open(Quote::Single),
            (Quote::None, b'"') => splitter.open(Quote::Double),
            (quote, b'\\') => {
                let (_, next) = rest.next().ok_or(WordsError::Backslash)?;
                if quote == Quote::Double && !b"\"\\$`\n".contains(&next) {
                    splitter.push(b'\\');
                }
                if next != b'\n' {
                    splitter.push(next);
                }
            }
            (Quote::None, b' ' | b'\t' | b'\n') => splitter.end_word(),
            (quote, byte) => {
                let is_first = splitter.word.is_none();
                if is_for_shell(byte, text.get(at + 1).copied(), quote, is_first) {
                    return Err(WordsError::ForShell(char::from(byte)));
                }
                splitter.push(byte);
            }
        }
    }
    match splitter.quote {
        Quote::None => splitter.end_word(),
        Quote::Single => return Err(WordsError::OpenQuote("single")),
        Quote::Double => return Err(WordsError::OpenQuote("double")),
    }
    Ok(splitter.words)
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Quote {
    #[default]
    None,
    Single,
    Double,
}

#[derive(Default)]
struct Splitter {
    words: Vec<Vec<u8>>,
    word: Option<Vec<u8>>,
    quote: Quote,
}

impl Splitter {
    fn push(&mut self, byte: u8) {
        self.word.get_or_insert_default().push(byte);
    }

    /// A word begins with the quote, even if nothing is in it.
    fn open(&mut self, quote: Quote) {
        self.quote = quote;
        self.word.get_or_insert_default();
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }
}

/// Whether a shell would do something about this byte.
fn is_for_shell(byte: u8, next: Option<u8>, quote: Quote, is_first: bool) -> bool {
    match byte {
        b'$' => {
            next.is_some_and(|next| next.is_ascii_alphanumeric() || b"_{(@*#?$!-".contains(&next))
        }
        b'`' => true,
        b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')' | b'*' | b'?' => quote == Quote::None,
        b'#' | b'~' => quote == Quote::None && is_first,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::jobs::run::quote::joined;

    fn words(text: &str) -> Result<Vec<String>, WordsError> {
        let words = split(text.as_bytes())?;
        Ok(words
            .into_iter()
            .map(|word| String::from_utf8(word).unwrap())
            .collect())
    }

    #[test]
    fn quotes_hold_words_together() {
        for (text, expected) in [
            (
                "python -m doctest {}",
                vec!["python", "-m", "doctest", "{}"],
            ),
            ("  a\t b \n", vec!["a", "b"]),
            ("", vec![]),
            ("''", vec![""]),
            (r#"a"b c"'d e'f"#, vec!["ab cd ef"]),
            (
                r#"'a\b' "a\b" "\"\\\$" a\ b\'"#,
                vec![r"a\b", r"a\b", r#""\$"#, "a b'"],
            ),
            (
                r#"awk '{print $1}' "100$" a#b c=~d"#,
                vec!["awk", "{print $1}", "100$", "a#b", "c=~d"],
            ),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_only_a_shell_understands_is_told_with_the_remedy() {
        for (text, sign) in [
            ("cat {} | wc", '|'),
            ("a > b", '>'),
            ("a; b", ';'),
            ("echo $HOME", '$'),
            (r#"echo "$HOME""#, '$'),
            ("ls *.py", '*'),
            ("ls ~/x", '~'),
            ("a `b`", '`'),
            ("a #b", '#'),
        ] {
            let error = words(text).unwrap_err();
            assert_eq!(error, WordsError::ForShell(sign), "{text}");
            assert!(error.to_string().contains("--shell"));
        }
        assert_eq!(words("echo 'a"), Err(WordsError::OpenQuote("single")));
        assert_eq!(words("echo \"a"), Err(WordsError::OpenQuote("double")));
        assert_eq!(words("echo \\"), Err(WordsError::Backslash));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn words_that_were_quoted_come_back(given in prop::collection::vec("[ -~é]{0,12}", 0..6)) {
            let line = joined(&given);
            let back = split(&line).unwrap();
            prop_assert_eq!(back, given.iter().map(|word| word.clone().into_bytes()).collect::<Vec<_>>());
        }

        #[test]
        fn words_are_those_of_another_splitter(text in r#"[ab '"\\{}.=/-]{0,24}"#) {
            match (split(text.as_bytes()), shlex::bytes::split(text.as_bytes())) {
                (Ok(ours), theirs) => prop_assert_eq!(Some(ours), theirs),
                (Err(_), theirs) => prop_assert_eq!(theirs, None),
            }
        }
    }
}
