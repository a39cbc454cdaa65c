//! The grid of a tune as a heat map: distances down, ks across.

use maud::{Markup, html};

use crate::jobs::{
    serve::{Snapshot, State, Tune},
    tune::Known,
};

/// Shades from the least quality to the greatest; page.css has as many, and page.js counts with them.
const SHADES: usize = 21;

/// A cell's quality, as the command line shows it; empty if nothing is known.
pub(super) fn text(known: &Known) -> String {
    if known.tested == 0 {
        return String::new();
    }
    format!("{:.3}", known.quality)
}

/// The first of the best cells by now. At the end, that which the report ranks first.
pub(super) fn best(now: &Snapshot) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (at, (known, _)) in now.cells.iter().enumerate() {
        let is_candidate = match now.state {
            State::Done => known.is_complete,
            _ => known.tested > 0,
        };
        if is_candidate && best.is_none_or(|(_, quality)| known.quality > quality) {
            best = Some((at, known.quality));
        }
    }
    best.map(|(at, _)| at)
}

/// The least and the greatest quality of what is known.
fn range(now: &Snapshot) -> (f64, f64) {
    let known = now.cells.iter().map(|(known, _)| known);
    known.filter(|known| known.tested > 0).fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), known| (least.min(known.quality), most.max(known.quality)),
    )
}

fn shade(known: &Known, (least, most): (f64, f64)) -> usize {
    let place = if most > least {
        (known.quality - least) / (most - least)
    } else {
        1.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place is from 0 to 1"
    )]
    let shade = (place * (SHADES - 1) as f64).round() as usize;
    shade.min(SHADES - 1)
}

fn class(known: &Known, range: (f64, f64), is_best: bool) -> String {
    if known.tested == 0 {
        return "cell".to_owned();
    }
    let part = if known.is_complete { "" } else { " part" };
    let best = if is_best { " best" } else { "" };
    format!("cell h{}{part}{best}", shade(known, range))
}

/// The map.
pub(super) fn map(tune: &Tune, now: &Snapshot) -> Markup {
    let grid = &tune.asked.grid;
    let columns = grid.distances.len();
    let (range, best) = (range(now), best(now));
    html! {
        div.scroll role="region" tabindex="0" aria-label="Heat map" {
            table #heat.heat {
                caption.hidden { (tune.asked.metric) " of each distance (down) and k (across)" }
                thead {
                    tr {
                        th scope="col" { "k" }
                        @for k in &grid.ks { th scope="col" { (k) } }
                    }
                }
                tbody {
                    @for (column, distance) in grid.distances.iter().enumerate() {
                        tr {
                            th scope="row" { (distance) }
                            @for row in 0..grid.ks.len() {
                                @let at = row * columns + column;
                                @if let Some((known, _)) = now.cells.get(at) {
                                    td class=(class(known, range, best == Some(at))) data-cell=(at) { (text(known)) }
                                }
                            }
                        }
                    }
                }
            }
        }
        (scale(range))
    }
}

/// Which shade is which quality.
fn scale((least, most): (f64, f64)) -> Markup {
    let is_known = least <= most;
    html! {
        p.scale aria-hidden="true" {
            span #least { @if is_known { (format!("{least:.3}")) } }
            @for shade in 0..SHADES { i class={ "h" (shade) } {} }
            span #most { @if is_known { (format!("{most:.3}")) } }
        }
    }
}
