//! Which encoding a file declares: PEP 263, as CPython reads it.

use super::place::first_line;

/// A declared encoding.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cookie<'a> {
    /// As it stands there.
    pub(super) name: &'a str,
    /// Where it begins in the file.
    pub(super) offset: usize,
}

/// The declaration in one of the first two lines: a comment with `coding:` or `coding=` and a name. In the second line it
/// counts only when the first holds nothing but blanks or a comment.
pub(super) fn cookie(bytes: &[u8]) -> Option<Cookie<'_>> {
    let (first, rest) = first_line(bytes);
    let (second, _) = first_line(rest);
    for line in [first, second] {
        let blanks = line
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0c));
        let text = &line[blanks.count()..];
        if text.first() == Some(&b'#') {
            if let Some(name) = declared(text) {
                let offset = name.as_ptr().addr() - bytes.as_ptr().addr();
                return Some(Cookie { name, offset });
            }
        } else if !text.is_empty() {
            return None;
        }
    }
    None
}

/// The name in a comment.
fn declared(comment: &[u8]) -> Option<&str> {
    memchr::memmem::find_iter(comment, b"coding").find_map(|at| {
        let (mark, after) = comment[at + b"coding".len()..].split_first()?;
        let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        let after = &after[blanks.count()..];
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let name = &after[..after.iter().take_while(is_name).count()];
        let is_declared = matches!(mark, b':' | b'=') && !name.is_empty();
        str::from_utf8(name).ok().filter(|_| is_declared)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<&str> {
        cookie(text.as_bytes()).map(|cookie| {
            assert!(text[cookie.offset..].starts_with(cookie.name));
            cookie.name
        })
    }

    #[test]
    fn a_declaration_counts_in_the_first_two_lines_and_in_comments() {
        assert_eq!(name("# -*- coding: latin-1 -*-\n"), Some("latin-1"));
        assert_eq!(
            name("#!/bin/python\n \t# vim:fileencoding=cp1252 :"),
            Some("cp1252")
        );
        assert_eq!(name("\r\n# coding:\tutf8"), Some("utf8"));
        assert_eq!(name("\x0c\r# encoding=a\n"), Some("a"));
        assert_eq!(name("# coding, coding: b"), Some("b"));
        for none in [
            "",
            "x # coding: a",
            "x = 1\n# coding: a",
            "#\n#\n# coding: a",
            "# coding : a",
            "# coding: ",
            "'# coding: a'",
        ] {
            assert_eq!(name(none), None, "{none:?}");
        }
    }
}
