//! The log server's counters, and its last lines.

use maud::{Markup, html};

use super::grouped;
use crate::jobs::serve::LogView;

/// Lines that a page shows.
const SHOWN: usize = 30;

pub(super) fn log(view: &LogView) -> Markup {
    let counts = &view.counts;
    let first = view.lines.len().saturating_sub(SHOWN);
    let lines = view.lines.get(first..).unwrap_or_default();
    html! {
        p.note { "Listening on " code { (view.address) } ", writing " code { (view.file) } }
        dl.counters {
            @for (name, count) in [
                ("Records", counts.records),
                ("Lines written", counts.lines),
                ("Clients", counts.open),
                ("Connections", counts.connections),
                ("Refused", counts.rejected),
                ("Torn", counts.torn),
            ] {
                div { dt { (name) } dd { (grouped(count)) } }
            }
        }
        @if lines.is_empty() {
            p.empty { "Nothing was logged yet." }
        } @else {
            div.scroll.tail role="region" tabindex="0" aria-label="The last lines" {
                ol { @for line in lines { li { code { (line) } } } }
            }
        }
    }
}
