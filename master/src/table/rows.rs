//! The rows of a text: fields between separators, in quotes or not, with their line numbers.
//!
//! The `csv` crate does not tell which fields were quoted, which decides whether blanks around them count, and
//! takes a quote that is never closed for one that ends with the file.

use std::borrow::Cow;

use super::{TableError, dialect::separator};

/// Takes the fields of a text row by row, without blank lines. Lines end with LF, CRLF or CR.
pub(super) struct Rows<'a> {
    source: &'a str,
    text: &'a str,
    separator: u8,
    at: usize,
    line: u64,
}

impl<'a> Rows<'a> {
    pub(super) fn new(source: &'a str, text: &'a str) -> Self {
        Self {
            source,
            text,
            separator: separator(text),
            at: 0,
            line: 1,
        }
    }

    /// Reads the next row, and returns the number of its first line; `None` and no field after the last.
    pub(super) fn next(&mut self, row: &mut Vec<Cow<'a, str>>) -> Result<Option<u64>, TableError> {
        row.clear();
        while self.at < self.text.len() {
            let first = self.line;
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = rest
                .bytes()
                .position(|byte| matches!(byte, b'\n' | b'\r'))
                .unwrap_or(rest.len());
            let content = rest.get(..end).unwrap_or_default();
            if content.contains('"') {
                self.quoted(row)?;
                return Ok(Some(first));
            }
            self.at += end;
            self.end_line();
            if !content.trim().is_empty() {
                self.split(content, row);
                return Ok(Some(first));
            }
        }
        Ok(None)
    }

    /// Takes a line without quotes apart.
    fn split(&self, line: &'a str, row: &mut Vec<Cow<'a, str>>) {
        let mut start = 0;
        for (at, byte) in line.bytes().enumerate() {
            if byte == self.separator {
                row.push(Cow::Borrowed(trim(line.get(start..at).unwrap_or_default())));
                start = at + 1;
            }
        }
        row.push(Cow::Borrowed(trim(line.get(start..).unwrap_or_default())));
    }

    /// Reads a row that has a quote in its first line.
    fn quoted(&mut self, row: &mut Vec<Cow<'a, str>>) -> Result<(), TableError> {
        loop {
            self.skip_blanks();
            let field = if self.peek() == Some(b'"') {
                self.inside()?
            } else {
                Cow::Borrowed(self.take(|_| true).trim())
            };
            row.push(field);
            match self.peek() {
                Some(byte) if byte == self.separator => self.at += 1,
                _ => {
                    self.end_line();
                    return Ok(());
                }
            }
        }
    }

    /// Reads a field from its opening quote up to what follows the closing one and the blanks after it.
    fn inside(&mut self) -> Result<Cow<'a, str>, TableError> {
        let opened = self.line;
        let mut field = Cow::Borrowed("");
        loop {
            self.at += 1;
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(end) = rest.find('"') else {
                return Err(TableError::OpenQuote {
                    source_name: self.source.to_owned(),
                    line: opened,
                });
            };
            let part = rest.get(..end).unwrap_or_default();
            self.line += newlines(part);
            self.at += end + 1;
            if field.is_empty() {
                field = Cow::Borrowed(part);
            } else {
                field.to_mut().push_str(part);
            }
            if self.peek() != Some(b'"') {
                break;
            }
            field.to_mut().push('"');
        }
        let line = self.line;
        let after = self.take(|_| true).trim();
        if after.is_empty() {
            return Ok(field);
        }
        Err(TableError::AfterQuote {
            source_name: self.source.to_owned(),
            line,
            found: after.to_owned(),
        })
    }

    /// Goes on to the next separator or the end of the line, or to the first byte that is not wanted.
    fn take(&mut self, is_wanted: impl Fn(u8) -> bool) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.bytes().position(|byte| {
            byte == self.separator || matches!(byte, b'\n' | b'\r') || !is_wanted(byte)
        });
        let taken = end.map_or(rest, |end| rest.get(..end).unwrap_or_default());
        self.at += taken.len();
        taken
    }

    fn skip_blanks(&mut self) {
        self.take(|byte| matches!(byte, b' ' | b'\t'));
    }

    /// Goes past one end of a line.
    fn end_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += match rest.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        self.line += 1;
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// A field without the blanks around it, and quickly so where there are none.
fn trim(field: &str) -> &str {
    match field.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => field,
        _ => field.trim(),
    }
}

/// How many lines end in a text.
fn newlines(text: &str) -> u64 {
    let crlf = text.matches("\r\n").count();
    let ends = text.bytes().filter(|byte| matches!(byte, b'\n' | b'\r'));
    (ends.count() - crlf) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<(u64, Vec<String>)>, TableError> {
        let mut rows = Rows::new("t.csv", text);
        let (mut row, mut all) = (Vec::new(), Vec::new());
        while let Some(line) = rows.next(&mut row)? {
            all.push((line, row.iter().map(ToString::to_string).collect()));
        }
        Ok(all)
    }

    #[track_caller]
    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|(line, row)| (*line, row.iter().map(|&field| field.to_owned()).collect()))
            .collect();
        assert_eq!(rows(text).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn blanks_count_inside_quotes_only() {
        check(
            "1,\" a\" , b \n2, \"a\",\n",
            &[(1, &["1", " a", "b"]), (2, &["2", "a", ""])],
        );
        check("1\t\"a\tb\"\t\n", &[(1, &["1", "a\tb", ""])]);
    }

    #[test]
    fn quotes_hold_separators_lines_and_quotes() {
        check(
            "1,\"a,\r\n\"\"b\"\"\n\"\r\n\r\n2,5\" pipe\n",
            &[(1, &["1", "a,\r\n\"b\"\n"]), (5, &["2", "5\" pipe"])],
        );
        check("\"\"\"\",\"\"\n", &[(1, &["\"", ""])]);
    }

    #[test]
    fn any_end_of_line_is_one() {
        for text in ["1,a\n\n2,b", "1,a\r\n\r\n2,b\r\n", "1,a\r\r2,b\r"] {
            check(text, &[(1, &["1", "a"]), (3, &["2", "b"])]);
        }
    }

    #[test]
    fn quotes_that_do_not_pair_are_named() {
        for (text, expected) in [
            ("1,a\n2,\"b\n3,c\n", "t.csv, line 2: the quote"),
            ("1,a\n2,\"b", "t.csv, line 2: the quote"),
            ("1,\"\"\"", "t.csv, line 1: the quote"),
            (
                "1,\"a\nb\"c,d\n",
                "t.csv, line 2: expected a separator after the closing quote, found `c`",
            ),
        ] {
            let error = rows(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
