//! Throughput and queue of the last minutes, as two small curves.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::grouped;
use crate::jobs::serve::{Activity, Sample};

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 44.0;

/// Seconds from the left edge to the right one.
const SPAN: usize = 120;

/// Both curves, with the numbers of now.
pub(super) fn chart(activity: &Activity) -> Markup {
    let last = activity.samples.back().copied().unwrap_or_default();
    html! {
        div.curves {
            (curve(activity, "Throughput", "tasks a second", "rate", |sample| sample.rate))
            (curve(activity, "Queue", "tasks not done", "queue", |sample| sample.queued as f64))
            div.figure {
                p.figure-name { "Workers" }
                p.figure-value { (last.busy) span.note { " of " (last.workers) " busy" } }
                (bar(last))
            }
        }
    }
}

fn bar(last: Sample) -> Markup {
    let share = match last.workers {
        0 => 0.0,
        all => WIDTH * last.busy as f64 / all as f64,
    };
    html! {
        svg viewBox="0 0 240 44" preserveAspectRatio="none" role="img" aria-label={ (last.busy) " of " (last.workers) " workers are busy" } {
            rect.track x="0" y="18" width="240" height="8" rx="4" {}
            rect.fill x="0" y="18" width=(format!("{share:.1}")) height="8" rx="4" {}
        }
    }
}

fn curve(
    activity: &Activity,
    name: &str,
    unit: &str,
    class: &str,
    value: impl Fn(&Sample) -> f64,
) -> Markup {
    let values: Vec<f64> = activity.samples.iter().map(value).collect();
    let now = values.last().copied().unwrap_or(0.0);
    let most = values.iter().copied().fold(0.0, f64::max);
    let line = line(&values, most);
    html! {
        div.figure {
            p.figure-name { (name) }
            p.figure-value { (number(now)) span.note { " " (unit) ", " (number(most)) " at most" } }
            svg viewBox="0 0 240 44" preserveAspectRatio="none" role="img"
                aria-label={ (name) " of the last two minutes: " (number(now)) " " (unit) " now, " (number(most)) " at most" } {
                @if let Some((first, points)) = &line {
                    polygon class={ "area " (class) } points={ (first) ",44 " (points) " 240,44" } {}
                    polyline class={ "line " (class) } points=(points) fill="none" vector-effect="non-scaling-stroke" {}
                }
            }
        }
    }
}

fn number(value: f64) -> String {
    if value >= 10.0 || value.fract() == 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, or a rate of some tasks a second"
        )]
        return grouped(value.round() as u64);
    }
    format!("{value:.1}")
}

/// The points of a curve that ends at the right edge, and where it begins.
fn line(values: &[f64], most: f64) -> Option<(String, String)> {
    let step = WIDTH / (SPAN - 1) as f64;
    let first = WIDTH - step * values.len().checked_sub(1)? as f64;
    let mut points = String::new();
    for (at, value) in values.iter().enumerate() {
        let x = first + step * at as f64;
        let y = HEIGHT - 2.0 - (HEIGHT - 6.0) * value / most.max(1.0);
        let _ = write!(points, "{x:.1},{y:.1} ");
    }
    Some((format!("{first:.1}"), points.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_end_at_the_right_edge() {
        assert_eq!(line(&[], 0.0), None);
        let (first, points) = line(&[0.0, 4.0, 2.0], 4.0).unwrap();
        assert_eq!(first, "236.0");
        assert_eq!(points, "236.0,42.0 238.0,4.0 240.0,23.0");
        let (first, _) = line(&[1.0; SPAN], 1.0).unwrap();
        assert_eq!(first, "0.0");
    }
}
