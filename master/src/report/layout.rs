//! What tables look like: a line under the header and air between the columns.

use std::time::Duration;

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, ContentLineStyle,
    LineStyle, Table, TableStyle,
};

use crate::unseen::{separates_lines, turns_direction};

/// Numbers in rank and file need no cage.
pub(super) const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::new(' ', ' ', ' '))
    .content_lines(ContentLineStyle::new(' ', ' ', ' '))
    .header_separator(LineStyle::new(' ', '─', '─', ' '));

/// Columns of air that a cell has beside it.
pub(super) const AIR: usize = 3;

/// A table without colours, its columns named, to be filled with rows.
pub(super) fn sheet(names: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).force_no_tty();
    table.set_header(names.iter().map(|name| {
        Cell::new(name)
            .add_attribute(Attribute::Bold)
            .set_alignment(CellAlignment::Right)
    }));
    table
}

/// So many of something: `1 file`, `2 files`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A number with its digits in groups of three.
pub(super) fn in_threes(number: u64, separator: char) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// How many columns the terminal has, if standard output is one.
pub(super) fn terminal_width() -> Option<u16> {
    // What tests expect must not depend on where they run.
    if cfg!(test) {
        return None;
    }
    Table::new().width()
}

/// Breaks the lines of long cells where the table is wider than this.
pub(super) fn wrap(table: &mut Table, width: Option<u16>) {
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
    }
}

/// Hides columns, those named first first, until the table is no wider than this.
pub(super) fn hide(table: &mut Table, width: Option<u16>, dispensable: &[usize]) {
    let Some(width) = width.map(usize::from) else {
        return;
    };
    let widths = widths(table);
    let taken = |column: usize| widths.get(column).copied().unwrap_or(0);
    let mut whole: usize = widths.iter().sum();
    for &column in dispensable {
        if whole <= width {
            return;
        }
        if let Some(shown) = table.column_mut(column) {
            shown.set_constraint(ColumnConstraint::Hidden);
            whole -= taken(column);
        }
    }
}

/// Whether the table is no wider than this.
pub(super) fn fits(table: &Table, width: Option<u16>) -> bool {
    width.is_none_or(|width| widths(table).iter().sum::<usize>() <= usize::from(width))
}

/// What each column takes, with the air beside it.
fn widths(table: &Table) -> Vec<usize> {
    let widths = table.column_max_content_widths();
    widths
        .into_iter()
        .map(|width| usize::from(width) + AIR)
        .collect()
}

/// A name that others have chosen: no control character gets to the terminal, tears a line, or turns its direction.
pub(crate) fn printable(text: &str) -> String {
    let clean = |letter: char| {
        let is_shown = !letter.is_control() && !turns_direction(letter) && !separates_lines(letter);
        if is_shown { letter } else { '?' }
    };
    text.chars().map(clean).collect()
}

/// A cell for a number.
pub(super) fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A wall time to three figures or so.
pub(super) fn time(elapsed: Duration) -> String {
    from_milliseconds_on(elapsed.as_secs_f64())
}

/// The same of a time in seconds that may be very short.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds < 1e-3 {
        format!("{:.0} µs", seconds * 1e6)
    } else {
        from_milliseconds_on(seconds)
    }
}

fn from_milliseconds_on(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        ..100.0 => format!("{seconds:.2} s"),
        _ => format!("{seconds:.0} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let all = [0, 1, 2].map(|count| counted(count, "file"));
        assert_eq!(all, ["0 files", "1 file", "2 files"]);
    }

    #[test]
    fn names_cannot_tear_or_turn_a_line() {
        assert_eq!(
            printable("a\nb\x1b[31m\u{202e}c\u{2066}\u{2028}"),
            "a?b?[31m?c??"
        );
        assert_eq!(printable("schön עברית 🦀"), "schön עברית 🦀");
    }

    #[test]
    fn a_narrow_terminal_sees_fewer_columns() {
        let shown = |width| {
            let mut table = sheet(&["one", "two", "three"]);
            table.add_row(["1", "2", "3"]);
            hide(&mut table, width, &[1, 0]);
            table.trim_fmt()
        };
        let all = shown(None);
        assert_eq!(shown(Some(20)), all);
        assert!(all.lines().all(|line| line.chars().count() <= 20), "{all}");
        let table = sheet(&["one", "two", "three"]);
        assert!(fits(&table, None) && fits(&table, Some(20)) && !fits(&table, Some(19)));
        assert!(shown(Some(19)).contains("one") && !shown(Some(19)).contains("two"));
        assert!(!shown(Some(5)).contains("one") && shown(Some(5)).contains("three"));
    }

    #[test]
    fn times_are_readable() {
        for (millis, expected) in [
            (12_u64, "12.0 ms"),
            (999, "999.0 ms"),
            (1234, "1.23 s"),
            (123_456, "123 s"),
        ] {
            assert_eq!(time(Duration::from_millis(millis)), expected);
            assert_eq!(seconds(millis as f64 / 1e3), expected);
        }
        assert_eq!(time(Duration::from_micros(40)), "0.0 ms");
        assert_eq!(seconds(40e-6), "40 µs");
    }
}
