//! The search box, and what was found.

use maud::{Markup, html};

use super::{counted, page::View};
use crate::jobs::{
    search::Hit,
    serve::{Answer, SearchQuery},
};

pub(super) fn section(view: &View) -> Markup {
    let Some(roots) = &view.roots else {
        return html! {};
    };
    html! {
        section #search aria-labelledby="search-title" {
            h2 #search-title { "Search" }
            p.note { "Held in the memory of workers: " code { (roots) } }
            (form(&view.query))
            p #found-counts.counts role="status" {
                @if let Some(answer) = &view.found { (summary(answer)) }
            }
            div #found {
                @if let Some(answer) = &view.found { (hits(answer)) }
            }
        }
    }
}

fn form(query: &SearchQuery) -> Markup {
    html! {
        form #search-form.searchbox method="get" action="/search#search" role="search" {
            label.hidden for="q" { "What to look for" }
            input #q name="q" type="search" value=(query.q) placeholder="What to look for" required maxlength="1000" autocomplete="off" spellcheck="false";
            button type="submit" { "Search" }
            button #search-stop.quiet type="button" hidden { "Stop" }
            fieldset.flags {
                legend.hidden { "How to look" }
                (flag("regex", "Regular expression", query.regex.is_some()))
                (flag("ignore_case", "Ignore case", query.ignore_case.is_some()))
                (flag("word", "Whole words", query.word.is_some()))
            }
        }
    }
}

fn flag(name: &str, label: &str, is_set: bool) -> Markup {
    html! {
        label { input type="checkbox" name=(name) value="yes" checked[is_set]; " " (label) }
    }
}

/// How much was found.
fn summary(answer: &Answer) -> Markup {
    html! {
        strong { (counted(answer.lines, "line")) } " in " strong { (counted(answer.files, "file")) }
        " · " (format!("{:.1} ms", answer.seconds * 1e3))
        @if answer.lines > answer.hits.len() as u64 {
            " · the first " (answer.hits.len()) " are shown"
        }
    }
}

/// Lines, grouped by file.
fn hits(answer: &Answer) -> Markup {
    html! {
        @for file in answer.hits.chunk_by(|one, other| one.path == other.path) {
            @if let Some(first) = file.first() {
                h3.path { (first.path) }
                ol.hits { @for hit in file { (line(hit)) } }
            }
        }
    }
}

fn line(hit: &Hit) -> Markup {
    html! {
        li {
            span.number { (hit.line) }
            code {
                @for (text, is_match) in pieces(hit) {
                    @if is_match { mark { (text) } } @else { (text) }
                }
            }
        }
    }
}

/// A line cut where matches begin and end.
pub(super) fn pieces(hit: &Hit) -> Vec<(&str, bool)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for &(from, to) in &hit.matches {
        let (Some(before), Some(matching)) = (hit.text.get(at..from), hit.text.get(from..to))
        else {
            continue;
        };
        pieces.push((before, false));
        pieces.push((matching, true));
        at = to;
    }
    pieces.push((hit.text.get(at..).unwrap_or_default(), false));
    pieces.retain(|(text, _)| !text.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_their_matches() {
        let hit = |matches: &[(usize, usize)]| Hit {
            path: "a".to_owned(),
            line: 1,
            text: "aäb<b>".to_owned(),
            matches: matches.to_vec(),
        };
        assert_eq!(pieces(&hit(&[])), [("aäb<b>", false)]);
        assert_eq!(
            pieces(&hit(&[(0, 1), (3, 4)])),
            [("a", true), ("ä", false), ("b", true), ("<b>", false)]
        );
        // Not at a letter's beginning, behind the end, backwards.
        assert_eq!(
            pieces(&hit(&[(2, 3), (5, 99), (4, 3)])),
            [("aäb<b>", false)]
        );
        let shown = line(&hit(&[(4, 7)])).into_string();
        assert!(shown.contains("<mark>&lt;b&gt;</mark>"), "{shown}");
    }
}
