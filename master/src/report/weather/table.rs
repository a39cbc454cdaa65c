//! For people: a row a zone, as wide as the terminal.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};

use super::{NO_ADVISORY, Style};
use crate::{
    jobs::weather::{Outcome, Zone},
    report::layout::{STYLE, printable},
};

/// Longer advisories are cut: a table is to be looked over.
const LONGEST: usize = 400;

/// Rows, until all are there and the widths of the columns are known.
#[derive(Debug, Default)]
pub(super) struct Rows(Vec<Vec<Cell>>);

impl Rows {
    /// A row for each of the texts, or one that says that there is none.
    pub(super) fn add(&mut self, zone: &Zone, outcome: &Outcome, texts: &[String], style: Style) {
        let mut row = |cell: Cell| {
            let name = printable(&zone.name);
            self.0
                .push(vec![Cell::new(&zone.code), Cell::new(name), cell]);
        };
        let coloured = |cell: Cell, colour| {
            if style.is_coloured {
                cell.fg(colour)
            } else {
                cell
            }
        };
        match outcome {
            Err(_) => row(coloured(Cell::new("failed"), Color::Red)),
            Ok(_) if texts.is_empty() => row(coloured(Cell::new(NO_ADVISORY), Color::DarkGrey)),
            Ok(_) => {
                for text in texts {
                    row(coloured(Cell::new(cut(text)), Color::Yellow));
                }
            }
        }
    }

    pub(super) fn write(&self, style: Style, out: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(STYLE);
        if io::stdout().is_terminal() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        let head = |name: &str| {
            let cell = Cell::new(name);
            if style.is_coloured {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        };
        if style.is_coloured {
            table.enforce_styling();
        }
        table.set_header(["zone", "name", "advisory"].map(head));
        table.add_rows(self.0.iter().cloned());
        writeln!(out, "{}", table.trim_fmt())
    }
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    let more = text.chars().count().saturating_sub(LONGEST);
    if more > 0 {
        // Writing to a string cannot fail.
        let _ = write!(short, "… [{more} more letters]");
    }
    short
}
