//! `master demo sleepers`: many tasks that wait at the same time, on one thread.

pub(crate) mod night;

use std::{
    io::{self, BufWriter, Write},
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Args;

use crate::{
    cli::{Done, complain, duration, signals},
    report::sleepers::SleepersReport,
};

/// How often to look whether a signal has come.
const LOOK: Duration = Duration::from_millis(50);

/// Start tasks that sleep, and see that waiting together takes as long as the longest wait
///
/// Each task says for how long it is going to sleep, at random from nothing up to --max-seconds, and says when it
/// wakes. All of them are tasks of one thread: a task that waits gives the thread to the others. The closing line
/// on standard error compares the time that all have slept with the time that went by.
#[derive(Debug, Clone, Args)]
pub(crate) struct SleepersArgs {
    /// How many tasks sleep
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,

    /// The longest that a task may sleep, such as 2.5s or 100ms
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = seconds)]
    max_seconds: Duration,

    /// Makes the times the same every time [default: others every time]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// A time from 0 up to a day; without a unit, seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    const DAY: f64 = 86_400.0;
    let seconds = text.parse::<f64>().ok();
    seconds
        .or_else(|| duration(text).ok().map(|time| time.as_secs_f64()))
        .filter(|seconds| (0.0..=DAY).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| {
            format!("expected a time from 0 to 24h, such as 2.5s or 100ms, found `{text}`")
        })
}

/// Lets them sleep, and tells of it.
pub(super) fn run(args: &SleepersArgs) -> anyhow::Result<Done> {
    let began = Instant::now();
    let mut report = SleepersReport::new(args.count);
    let mut out = BufWriter::new(io::stdout().lock());
    let cannot_write = "cannot write what happens";
    report.begin(&mut out).context(cannot_write)?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let news = night::fall(args.count, args.max_seconds, seed)
        .context("cannot start a thread for the tasks")?;
    while signals::caught().is_none() {
        // What is known is shown before more is waited for.
        let next = news.try_recv().ok();
        if next.is_none() {
            out.flush().context(cannot_write)?;
        }
        match next.map_or_else(|| news.recv_timeout(LOOK), Ok) {
            Ok(event) => report.write(event, &mut out).context(cannot_write)?,
            Err(RecvTimeoutError::Timeout) => {}
            // All are awake.
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    report
        .finish(&mut out)
        .and_then(|()| out.flush())
        .context(cannot_write)?;
    complain(&report.summary(began.elapsed()));
    Ok(Done::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_have_a_fraction_and_an_end() {
        assert_eq!(seconds("2.5"), Ok(Duration::from_millis(2500)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(seconds("100ms"), Ok(Duration::from_millis(100)));
        for text in ["", "-1", "NaN", "inf", "1e9", "5y", "25h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
