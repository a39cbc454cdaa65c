//! What separates the columns, and whether the first row names them.

use clap::ValueEnum;

/// Whether the first row names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Header {
    /// It does when none of its features is a number while one of the second row's is.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It is a sample.
    No,
}

/// Lines that the separator is guessed from.
const PROBED: usize = 20;

/// The separator of a text: the one that stands equally often in each of the first lines; then the one that
/// stands more often; then tab before semicolon before comma, because numbers and names hold commas.
pub(super) fn separator(text: &str) -> u8 {
    let lines = || {
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .take(PROBED)
    };
    let rate = |separator: &u8| {
        let mut counts = lines().map(|line| occurrences(line, *separator));
        let first = counts.next().unwrap_or(0);
        (first > 0 && counts.all(|count| count == first), first)
    };
    // The last of the greatest wins.
    *[b',', b';', b'\t']
        .iter()
        .max_by_key(|separator| rate(separator))
        .unwrap_or(&b',')
}

/// How often a separator stands in a line outside quotes.
fn occurrences(line: &str, separator: u8) -> usize {
    let mut quoted = false;
    let outside = line.bytes().filter(|&byte| {
        quoted ^= byte == b'"';
        !quoted && byte == separator
    });
    outside.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_told_apart() {
        for (text, expected) in [
            ("1,2,a\n3,4,b\n", b','),
            ("1\t2\ta\n3\t4\tb\n", b'\t'),
            ("1;2;a\n3;4;b\n", b';'),
            ("1,5;2,5;a\n3,5;4,5;b\n", b';'),
            ("\"x;y\",1,\"a;b;c\"\n2,3,\"d;e;f\"\n", b','),
            ("1;Smith, John\n2;Miller\n", b';'),
            ("\n\n1\t2\ta, b\n", b'\t'),
            ("single\n", b'\t'),
        ] {
            assert_eq!(char::from(separator(text)), char::from(expected), "{text}");
        }
    }
}
