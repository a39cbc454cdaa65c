//! Values of options as people write them: numbers of workers, and times.

use std::{num::NonZero, thread, time::Duration};

/// The most workers that make sense on any machine there is.
const MOST_WORKERS: u32 = 1024;

/// A number of workers, or a share of the cores.
pub(crate) fn count(text: &str) -> Result<u32, String> {
    let count = match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().map(|percent: u64| {
            let cores = thread::available_parallelism().map_or(1, NonZero::get) as u64;
            (cores.saturating_mul(percent) / 100).max(u64::from(percent > 0))
        }),
        None => text.parse().ok(),
    };
    count
        .and_then(|count| u32::try_from(count).ok())
        .filter(|count| (1..=MOST_WORKERS).contains(count))
        .ok_or_else(|| {
            format!(
                "expected a number from 1 to {MOST_WORKERS}, or a share of the cores such as 50%"
            )
        })
}

/// A time with its unit: `500ms`, `1.5s`, `2m`, `1h`; without a unit, seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("unknown unit `{other}`: expected ms, s, m or h")),
    };
    digits
        .parse::<f64>()
        .ok()
        .and_then(|number| Duration::try_from_secs_f64(number * seconds).ok())
        .filter(|time| !time.is_zero())
        .ok_or_else(|| format!("expected a time above zero such as 500ms or 30s, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood_with_their_units() {
        for (text, ms) in [
            ("500ms", 500),
            ("2", 2_000),
            ("1.5s", 1_500),
            ("2m", 120_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "0s", "-1s", "5 s", "5y", "ms", "1e400s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
