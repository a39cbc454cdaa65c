//! One JSON object a line, for each zone.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;

use super::{reason, status, timestamp};
use crate::jobs::weather::{Origin, Outcome, Zone};

#[derive(Debug, Serialize)]
struct Object<'a> {
    zone: &'a str,
    same_code: &'a str,
    name: &'a str,
    status: &'static str,
    /// The first advisory.
    advisory: Option<&'a str>,
    advisories: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    /// How old the kept forecast is.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn write(zone: &Zone, outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let arrival = outcome.as_ref().ok();
    let forecast = arrival.map(|arrival| &arrival.forecast);
    let (from, age) = match arrival.map(|arrival| arrival.origin) {
        None => (None, None),
        Some(Origin::Server) => (Some("server"), None),
        Some(Origin::Unchanged) => (Some("unchanged"), None),
        Some(Origin::Cache(age)) => (Some("cache"), Some(age.as_secs())),
    };
    let object = Object {
        zone: &zone.code,
        same_code: &zone.same_code,
        name: &zone.name,
        status: status(outcome),
        advisory: forecast.and_then(|forecast| forecast.advisory()),
        advisories: forecast.map_or(&[], |forecast| &forecast.advisories),
        expires: forecast
            .and_then(|forecast| forecast.expires)
            .map(timestamp),
        from,
        age_seconds: age,
        error: outcome.as_ref().err().map(reason),
    };
    writeln!(
        out,
        "{}",
        without_controls(&serde_json::to_string(&object)?)
    )
}

/// JSON leaves DEL and the control characters above it as they are, and some terminals obey those.
fn without_controls(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(letter));
        } else {
            text.push(letter);
        }
    }
    text
}
