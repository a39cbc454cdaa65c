//! How long to wait before a request is tried again.

use std::time::{Duration, SystemTime};

/// No pause is longer, whatever the number of the try or the wish of the server.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// Pauses that double from try to try, shortened at random by up to a half, so that those who have failed together do
/// not come back together.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    random: fastrand::Rng,
}

/// A server that asks for more patience than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) Duration);

impl Backoff {
    /// For one of several requests, `number`: each has its own pauses, which are the same again with the same seed.
    pub(super) fn new(first: Duration, seed: u64, number: usize) -> Self {
        let number = number as u64;
        // Neighbouring seeds have similar first numbers; a stride spreads them.
        let random = fastrand::Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { first, random }
    }

    /// The pause after so many failed tries, and not less than the server has asked for.
    pub(super) fn pause(
        &mut self,
        tries: u32,
        asked: Option<Duration>,
    ) -> Result<Duration, TooLong> {
        let doubled = 2_u32.saturating_pow(tries.saturating_sub(1));
        let full = self.first.saturating_mul(doubled).min(LONGEST);
        let own = full.mul_f64(1.0 - self.random.f64() / 2.0);
        match asked {
            Some(asked) if asked > LONGEST => Err(TooLong(asked)),
            Some(asked) => Ok(own.max(asked)),
            None => Ok(own),
        }
    }
}

/// What the header `Retry-After` asks for: seconds, or a date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);

    #[test]
    fn pauses_double_up_to_a_limit_and_differ_from_zone_to_zone() {
        let pauses = |seed, number| {
            let mut backoff = Backoff::new(FIRST, seed, number);
            let pause = |tries| backoff.pause(tries, None).unwrap();
            (1..=40).map(pause).collect::<Vec<_>>()
        };
        for (tries, pause) in (0..).zip(pauses(1, 0)) {
            let full = FIRST
                .saturating_mul(2_u32.saturating_pow(tries))
                .min(LONGEST);
            assert!(pause <= full && pause >= full / 2, "{tries}: {pause:?}");
        }
        assert_eq!(pauses(1, 3), pauses(1, 3));
        assert_ne!(pauses(1, 3), pauses(1, 4));
        assert_ne!(pauses(1, 3), pauses(2, 3));
    }

    #[test]
    fn servers_may_ask_for_patience_within_a_limit() {
        let pause = |asked| Backoff::new(FIRST, 1, 0).pause(1, Some(Duration::from_secs(asked)));
        assert_eq!(pause(7), Ok(Duration::from_secs(7)));
        assert!(pause(0).unwrap() >= FIRST / 2);
        assert_eq!(pause(3600), Err(TooLong(Duration::from_hours(1))));
    }

    #[test]
    fn the_wish_of_a_server_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Wed, 25 Nov 2026 21:15:00 GMT").unwrap();
        let after = |value| retry_after(value, now).map(|pause| pause.as_secs());
        assert_eq!(after(" 120 "), Some(120));
        assert_eq!(after("Wed, 25 Nov 2026 21:15:09 GMT"), Some(9));
        assert_eq!(after("Wed, 25 Nov 2026 21:00:00 GMT"), Some(0));
        for nonsense in ["", "soon", "-1", "99999999999999999999"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
    }
}
