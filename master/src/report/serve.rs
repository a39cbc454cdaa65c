//! What `master serve` shows: a page for people, events and numbers for programs.
//!
//! Markup is made by `maud`, which escapes every value; files of `assets/` are part of the program.

mod activity;
mod frame;
mod heat;
mod json;
mod logs;
mod metrics;
mod page;
mod problem;
mod search;
pub(crate) mod search_frame;
mod tune;
mod workers;

pub(crate) use frame::{status_frame, tune_frame};
pub(crate) use json::tune_json;
pub(crate) use metrics::{Meters, metrics};
pub(crate) use page::{View, login_page, page};
pub(crate) use problem::problem_page;

use super::layout::in_threes;

/// The stylesheet.
pub(crate) const STYLE: &str = include_str!("serve/assets/page.css");
/// The script.
pub(crate) const SCRIPT: &str = include_str!("serve/assets/page.js");
/// The icon.
pub(crate) const ICON: &str = include_str!("serve/assets/icon.svg");
/// What programs may ask for.
pub(crate) const OPENAPI: &str = include_str!("serve/assets/openapi.json");

/// A count with its noun: `1 file`, `2 files`.
fn counted(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(count))
}

/// A number as the page shows it.
fn grouped(number: u64) -> String {
    in_threes(number, '\u{202f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(counted(1, "file"), "1 file");
        assert_eq!(counted(0, "line"), "0 lines");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(grouped(999), "999");
    }
}
