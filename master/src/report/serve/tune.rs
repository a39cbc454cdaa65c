//! The form of a tune, and how one stands.

use maud::{Markup, html};

use super::{counted, heat, page::View};
use crate::{
    jobs::serve::{Snapshot, State, Tune},
    report::{layout::time, tune::TuneReport},
};

/// Classes that are listed.
const MOST_CLASSES: usize = 40;

pub(super) fn section(view: &View) -> Markup {
    html! {
        section #tune aria-labelledby="tune-title" {
            h2 #tune-title { "Tune a classifier" }
            p.lead { "Which k, and which distance, classify best? Every sample of the testing set is classified by its nearest neighbours, for each cell of the grid." }
            @if let Some(tune) = &view.tune { (panel(tune)) }
            details open[view.tune.is_none() && view.query.q.is_empty()] {
                summary { @if view.tune.is_some() { "Tune another table" } @else { "Table and grid" } }
                (form())
            }
            (others(view))
        }
    }
}

fn form() -> Markup {
    html! {
        form.grid method="post" action="/tunes" enctype="multipart/form-data" {
            div.field.wide {
                label for="table" { "Table" }
                input #table name="table" type="file" aria-describedby="table-hint";
                p.hint #table-hint { "One sample a line: numbers, and its class in the last column. Without a file, the shipped Iris samples." }
            }
            (text("k", "k", "1:41:2", "1:41:2", "A list, or START:STOP:STEP"))
            (text("distance", "Distances", "ED,MD,CD,SD", "ED,MD,CD,SD", "Also COS, CAN, HAM, minkowski:3"))
            (text("split", "Split", "every:5", "every:5", "Or kfold:5, kfold:5x3, holdout:100"))
            (select("scale", "Scale", &["none", "standard", "minmax"]))
            (select("weights", "Votes", &["uniform", "distance"]))
            (select("metric", "Metric", &["accuracy", "balanced-accuracy", "f1-macro"]))
            (text("label", "Class column", "", "-1", "By name or number; -1 is the last"))
            (select("header", "First row is names", &["auto", "yes", "no"]))
            (text("features", "Features", "", "all", "By name or number, such as 1,3-5"))
            div.field.submit { button type="submit" { "Tune" } }
        }
    }
}

fn text(name: &str, label: &str, value: &str, placeholder: &str, hint: &str) -> Markup {
    let (id, hint_id) = (format!("f-{name}"), format!("f-{name}-hint"));
    html! {
        div.field {
            label for=(id) { (label) }
            input id=(id) name=(name) type="text" value=(value) placeholder=(placeholder) maxlength="500" autocomplete="off" spellcheck="false" aria-describedby=(hint_id);
            p.hint id=(hint_id) { (hint) }
        }
    }
}

fn select(name: &str, label: &str, values: &[&str]) -> Markup {
    let id = format!("f-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for value in values { option value=(value) { (value) } }
            }
        }
    }
}

/// The tune that is looked at.
fn panel(tune: &Tune) -> Markup {
    let now = tune.snapshot();
    let asked = &tune.asked;
    html! {
        div.panel {
            h3 { "Tune " (tune.id) ": " (asked.data) }
            p.note {
                (counted(asked.rows as u64, "row")) ", " (counted(asked.features as u64, "feature")) ", "
                (asked.classes) " classes · split " (asked.split) " · scale " (asked.scale)
                " · votes " (asked.weights) " · " (asked.metric)
            }
            div.status-line {
                div #tune-status { (status(tune, &now)) }
                // Not a part of what is made anew: a button that is replaced under the hand cannot be pressed.
                @if now.state == State::Running {
                    form #cancel-form method="post" action={ "/tunes/" (tune.id) "/cancel" } {
                        button.quiet #cancel type="submit" { "Cancel" }
                    }
                }
            }
            (heat::map(tune, &now))
            div #tune-result { (result(&now)) }
        }
    }
}

/// How far it is, and what is best.
pub(super) fn status(tune: &Tune, now: &Snapshot) -> Markup {
    let percent = format!("{:.0}", now.fraction * 100.0);
    let is_running = now.state == State::Running;
    html! {
        div.status data-state=(word(now.state)) {
            p.best-cell {
                span.badge { (word(now.state)) }
                @if let Some(best) = best_name(tune, now) {
                    @if is_running { " best so far: " } @else { " best: " }
                    strong { (best) }
                }
            }
            @if is_running {
                progress max="100" value=(percent) aria-label="Progress" { (percent) " %" }
            } @else {
                p.note { (percent) " % of the work in " (time(now.elapsed)) }
            }
        }
        @if let Some(why) = &now.why { p.problem role="alert" { (why) } }
        @for lost in now.lost.iter().take(5) { p.problem { (lost) } }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Done => "done",
        State::Cancelled => "cancelled",
        State::Failed => "failed",
    }
}

/// The best cell as the command line names it.
fn best_name(tune: &Tune, now: &Snapshot) -> Option<String> {
    if let Some(report) = &now.report {
        let best = report.best();
        let first = best.first()?;
        let right = format!("{} of {} right", first.passed(), first.tested());
        return Some(format!(
            "k {}, {}, {:.3} ({right})",
            first.k, first.distance, first.quality
        ));
    }
    let at = heat::best(now)?;
    let grid = &tune.asked.grid;
    let columns = grid.distances.len().max(1);
    let (k, distance) = (
        grid.ks.get(at / columns)?,
        grid.distances.get(at % columns)?,
    );
    let (known, _) = now.cells.get(at)?;
    Some(format!("k {k}, {distance}, {:.3}", known.quality))
}

/// What the best cell recognises; nothing before the end.
pub(super) fn result(now: &Snapshot) -> Markup {
    let Some(report) = &now.report else {
        return html! {};
    };
    let best = report.best();
    let Some(first) = best.first() else {
        return html! { p.empty { "No cell is complete." } };
    };
    let classes = first.confusion.classes();
    html! {
        @if best.len() > 1 {
            p.note { (best.len()) " cells tie; the first in the order of k, then of distances, is named" }
        }
        div.scroll role="region" tabindex="0" aria-label="Classes" {
            table.classes {
                caption { "How the best cell recognises each class" }
                thead {
                    tr {
                        th.text scope="col" { "Class" } th scope="col" { "Precision" } th scope="col" { "Recall" }
                        th scope="col" { "F1" } th scope="col" { "Samples" }
                    }
                }
                tbody {
                    @for (id, counts) in classes.iter().take(MOST_CLASSES) {
                        tr {
                            th.text scope="row" { (class_name(report, *id)) }
                            td { (format!("{:.3}", counts.precision())) }
                            td { (format!("{:.3}", counts.recall())) }
                            td { (format!("{:.3}", counts.f1())) }
                            td { (counts.support) }
                        }
                    }
                }
            }
        }
        @if classes.len() > MOST_CLASSES { p.note { (classes.len() - MOST_CLASSES) " more classes" } }
    }
}

fn class_name(report: &TuneReport, id: u32) -> &str {
    report
        .class_names
        .get(id as usize)
        .map_or("?", String::as_str)
}

/// Tunes of before.
fn others(view: &View) -> Markup {
    let shown = view.tune.as_ref().map(|tune| tune.id);
    let others: Vec<_> = view
        .tunes
        .iter()
        .filter(|tune| Some(tune.id) != shown)
        .take(6)
        .collect();
    html! {
        @if !others.is_empty() {
            nav.others aria-label="Other tunes" {
                @for tune in others {
                    a href={ "/tunes/" (tune.id) "#tune" } {
                        "Tune " (tune.id) " " span.note { (tune.asked.data) " · " (word(tune.snapshot().state)) }
                    }
                }
            }
        }
    }
}
