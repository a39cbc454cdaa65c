//! What a forecast's text says: its advisories, and until when it holds.

use std::time::{Duration, SystemTime};

/// What the server says about a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// The texts between `...` marks, in order, each in one line.
    pub(crate) advisories: Vec<String>,
    /// When the next forecast should have replaced this one, if it says so.
    pub(crate) expires: Option<SystemTime>,
    /// Whether bytes were no UTF-8 and are shown as `�`.
    pub(crate) is_damaged: bool,
}

/// Why something that a server sent is no forecast. To take it for one without advisories would be dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoForecast {
    #[error("the answer is empty")]
    Empty,
    #[error(
        "the answer is a web page and no forecast: is there a login page on the way to the server?"
    )]
    Markup,
    #[error("the answer is binary data and no forecast")]
    Binary,
}

impl Forecast {
    /// Reads a forecast as the server sent it.
    pub(crate) fn read(body: &[u8]) -> Result<Self, NoForecast> {
        if body.contains(&0) {
            return Err(NoForecast::Binary);
        }
        let text = String::from_utf8_lossy(body);
        let is_damaged = str::from_utf8(body).is_err();
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(NoForecast::Empty);
        }
        if text.trim_start().starts_with('<') {
            return Err(NoForecast::Markup);
        }
        // Teletypes ended lines with two carriage returns and a line feed, and some servers still do.
        let lines = format!("\n{}\n", text.replace('\r', ""));
        Ok(Self {
            advisories: advisories(&lines),
            expires: expires(&lines),
            is_damaged,
        })
    }

    /// The first advisory.
    pub(crate) fn advisory(&self) -> Option<&str> {
        self.advisories.first().map(String::as_str)
    }
}

/// The texts from three dots at the beginning of a line to the next three dots at the end of one, line ends as blanks.
fn advisories(mut text: &str) -> Vec<String> {
    let mut found = Vec::new();
    while let Some((_, after)) = text.split_once("\n...") {
        let Some(end) = after.find("...\n") else {
            break;
        };
        let advisory = after[..end].replace('\n', " ");
        if !advisory.trim().is_empty() {
            found.push(advisory.trim().to_owned());
        }
        // The end of this line may be the beginning of the next advisory.
        text = &after[end + 3..];
    }
    found
}

/// What a line such as `Expires:202611252115;;123456` at the top says, in UTC.
fn expires(text: &str) -> Option<SystemTime> {
    /// Where that line is looked for.
    const TOP: usize = 6;
    let mut top = text.lines().take(TOP);
    let stamp = top.find_map(|line| line.trim().strip_prefix("Expires:"))?;
    let stamp = stamp
        .get(..12)
        .filter(|stamp| stamp.bytes().all(|byte| byte.is_ascii_digit()))?;
    let number = |from: usize, to: usize| stamp.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute) = (number(8, 10)?, number(10, 12)?);
    let is_time = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60;
    let seconds = 60 * (minute + 60 * (hour + 24 * days(year, month, day)));
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.filter(|_| is_time)
}

/// Days from 1970 to a day of the Gregorian calendar, with years that begin in March so that a leap day comes last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    /// From 0000-03-01 to 1970-01-01.
    const UNTIL_1970: u64 = 719_468;
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year.saturating_sub(1), (month + 9) % 12)
    };
    let of_years = 365 * year + year / 4 - year / 100 + year / 400;
    let of_months = (153 * month + 2) / 5;
    (of_years + of_months + day).saturating_sub(UNTIL_1970 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Forecast {
        Forecast::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_advisory_is_what_stands_between_the_marks() {
        let text = "ANZ540-\nEastern Bay-\n\n...SMALL CRAFT ADVISORY UNTIL 6 PM\nTHIS EVENING...\n\n.TONIGHT...NW winds.\n";
        let forecast = read(text);
        assert_eq!(
            forecast.advisory(),
            Some("SMALL CRAFT ADVISORY UNTIL 6 PM THIS EVENING")
        );
        assert_eq!(read(&text.replace('\n', "\r\r\n")), forecast);
        assert_eq!(read("a\n.TONIGHT...NW winds...\nwaves\n").advisory(), None);
    }

    #[test]
    fn all_advisories_are_found_and_empty_ones_are_none() {
        let text = "x\n...GALE WARNING...\n...FLOOD\nWATCH...\ny\n......\n...\n";
        assert_eq!(read(text).advisories, ["GALE WARNING", "FLOOD WATCH"]);
        assert_eq!(read("...AT THE TOP...").advisory(), Some("AT THE TOP"));
        assert_eq!(read("x\n...never closed\n").advisory(), None);
    }

    #[test]
    fn what_is_no_forecast_is_not_taken_for_good_weather() {
        let why = |body: &[u8]| Forecast::read(body).unwrap_err();
        assert_eq!(why(b""), NoForecast::Empty);
        assert_eq!(why(b" \r\n\n"), NoForecast::Empty);
        assert_eq!(why(b"\n<!DOCTYPE html>"), NoForecast::Markup);
        assert_eq!(why(b"\x7fELF\0"), NoForecast::Binary);
    }

    #[test]
    fn bytes_that_are_no_text_cost_no_more_than_themselves() {
        let forecast = Forecast::read(b"x\n...GALE \xff WARNING...\n").unwrap();
        assert_eq!(forecast.advisory(), Some("GALE \u{fffd} WARNING"));
        assert!(forecast.is_damaged);
        assert!(!read("x\n...Windb\u{f6}en...\n").is_damaged);
    }

    #[test]
    fn the_time_at_the_top_is_read_in_utc() {
        let at = |text: &str| {
            let time = read(text).expires?;
            Some(httpdate::fmt_http_date(time))
        };
        let is = |text, expected: &str| assert_eq!(at(text).as_deref(), Some(expected));
        is(
            "Expires:202611252115;;123456\nCWFLWX\n",
            "Wed, 25 Nov 2026 21:15:00 GMT",
        );
        is("Expires:202402290000;;1", "Thu, 29 Feb 2024 00:00:00 GMT");
        is("\nExpires:197001010001;;1", "Thu, 01 Jan 1970 00:01:00 GMT");
        for text in [
            "Expires:20261125",
            "Expires:202613252115;",
            "Expires:2026112524\u{e9}",
            "x",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    /// The same by going through the text letter by letter.
    fn plain(text: &str) -> Vec<String> {
        let letters: Vec<char> = format!("\n{text}\n").chars().collect();
        let is_at = |at: usize, wanted: &str| {
            let wanted: Vec<char> = wanted.chars().collect();
            letters.get(at..at + wanted.len()) == Some(&wanted[..])
        };
        let (mut at, mut found) = (0, Vec::new());
        while at < letters.len() {
            let end = (at + 4..letters.len()).find(|end| is_at(*end, "...\n"));
            match end.filter(|_| is_at(at, "\n...")) {
                None => at += 1,
                Some(end) => {
                    let text: String = letters[at + 4..end].iter().collect();
                    found.push(text.replace('\n', " ").trim().to_owned());
                    at = end + 3;
                }
            }
        }
        found.retain(|text| !text.is_empty());
        found
    }

    proptest! {
        #[test]
        fn advisories_are_those_of_a_plain_reading(text in "[.\nAB ]{0,60}") {
            if let Ok(forecast) = Forecast::read(text.as_bytes()) {
                prop_assert_eq!(forecast.advisories, plain(&text));
            }
        }

        #[test]
        fn no_answer_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Forecast::read(&body);
            let _ = Forecast::read(&[b"Expires:", &body[..]].concat());
        }
    }
}
