//! What tables look like: a line under the header and air between the columns.

use std::time::Duration;

use comfy_table::{Attribute, Cell, CellAlignment, ContentLineStyle, LineStyle, Table, TableStyle};

/// Numbers in rank and file need no cage.
pub(super) const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::new(' ', ' ', ' '))
    .content_lines(ContentLineStyle::new(' ', ' ', ' '))
    .header_separator(LineStyle::new(' ', '─', '─', ' '));

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

/// A name that others have chosen: no control character gets to the terminal, or tears a line.
pub(super) fn printable(text: &str) -> String {
    let clean = |letter: char| if letter.is_control() { '?' } else { letter };
    text.chars().map(clean).collect()
}

/// A cell for a number.
pub(super) fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A wall time to three figures or so.
pub(super) fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
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
    fn times_are_readable() {
        for (millis, expected) in [
            (12, "12.0 ms"),
            (999, "999.0 ms"),
            (1234, "1.23 s"),
            (123_456, "123 s"),
        ] {
            assert_eq!(time(Duration::from_millis(millis)), expected);
        }
    }
}
