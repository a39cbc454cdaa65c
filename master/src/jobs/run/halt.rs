//! When to stop before all is done.

/// How to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// What runs is ended.
    Now,
    /// What runs may finish; nothing else begins.
    Soon,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Fail,
    Success,
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Count {
    Jobs(u64),
    /// From 0 to 1.
    Share(f64),
}

/// A share says nothing before so many jobs are done.
const FEWEST_FOR_SHARE: u64 = 3;

/// The rule of `--halt`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Halt {
    when: When,
    what: What,
    count: Count,
}

/// How many jobs have ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) failed: u64,
    pub(super) succeeded: u64,
}

impl Tally {
    pub(super) fn done(self) -> u64 {
        self.failed + self.succeeded
    }
}

impl Halt {
    /// Reads `now,fail=1`, `soon,success=10%` and the like; `never` is no rule.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let expected = || {
            format!(
                "expected such as `now,fail=1`, `soon,fail=10%`, `now,success=1` or `never`, found `{text}`"
            )
        };
        if text == "never" {
            return Ok(None);
        }
        let (when, rest) = text.split_once(',').ok_or_else(expected)?;
        let (what, count) = rest.split_once('=').ok_or_else(expected)?;
        let when = match when {
            "now" => When::Now,
            "soon" => When::Soon,
            _ => return Err(expected()),
        };
        let what = match what {
            "fail" => What::Fail,
            "success" => What::Success,
            "done" => What::Done,
            _ => return Err(expected()),
        };
        let count = match count.strip_suffix('%') {
            Some(percent) => percent
                .parse()
                .ok()
                .map(|percent: f64| Count::Share(percent / 100.0)),
            None => count.parse().ok().map(Count::Jobs),
        };
        let count = count.filter(|count| match count {
            Count::Jobs(jobs) => *jobs > 0,
            Count::Share(share) => *share > 0.0 && *share <= 1.0,
        });
        Ok(Some(Self {
            when,
            what,
            count: count.ok_or_else(expected)?,
        }))
    }

    /// Whether this is enough, of so many jobs that are known.
    pub(super) fn is_reached(self, tally: Tally, known: u64) -> bool {
        let count = match self.what {
            What::Fail => tally.failed,
            What::Success => tally.succeeded,
            What::Done => tally.done(),
        };
        match self.count {
            Count::Jobs(jobs) => count >= jobs,
            Count::Share(share) => {
                tally.done() >= FEWEST_FOR_SHARE && count as f64 >= share * known as f64
            }
        }
    }

    pub(super) fn when(self) -> When {
        self.when
    }

    /// Whether what was wanted has been reached, so that what is left out is no failure.
    pub(super) fn is_of_success(self) -> bool {
        self.what == What::Success
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Halt {
        Halt::parse(text).unwrap().unwrap()
    }

    #[test]
    fn rules_are_read_and_nonsense_is_not() {
        assert_eq!(rule("now,fail=1").when(), When::Now);
        assert_eq!(rule("soon,success=3").when(), When::Soon);
        assert_eq!(Halt::parse("never"), Ok(None));
        for text in [
            "",
            "now",
            "fail=1",
            "now,fail",
            "later,fail=1",
            "now,fail=0",
            "now,fail=0%",
            "now,fail=101%",
            "now,fail=x",
            "now,fail=-1",
            "now,fail=NaN%",
        ] {
            assert!(Halt::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rule_counts_what_it_says() {
        let tally = |failed, succeeded| Tally { failed, succeeded };
        assert!(!rule("now,fail=2").is_reached(tally(1, 9), 10));
        assert!(rule("now,fail=2").is_reached(tally(2, 0), 10));
        assert!(rule("now,success=1").is_reached(tally(2, 1), 10));
        assert!(rule("soon,done=3").is_reached(tally(2, 1), 10));
        let tenth = rule("soon,fail=10%");
        assert!(!tenth.is_reached(tally(1, 0), 10));
        assert!(tenth.is_reached(tally(1, 2), 10));
        assert!(!tenth.is_reached(tally(1, 2), 11));
    }
}
