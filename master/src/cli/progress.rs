//! A progress bar for work that takes long.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How much of the work is done, from 0 to 1.
pub(crate) type Fraction = f64;

/// Work that is done sooner gets no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// Steps of the bar.
const STEPS: u64 = 1000;

/// Where a bar cannot be drawn, a line is written whenever another so many steps are done.
const STEPS_PER_LINE: u64 = STEPS / 10;

/// A bar on standard error, or lines where that is no terminal, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    began: Instant,
    is_drawn: Arc<AtomicBool>,
    is_impatient: bool,
    is_coloured: bool,
    /// Lines written instead of a bar.
    lines: Option<Arc<AtomicU64>>,
}

impl Progress {
    /// Shows nothing.
    pub(crate) fn none() -> Self {
        Self::new(false, false, false)
    }

    /// Shows a bar if `is_shown`, from the start if `is_impatient`.
    pub(super) fn new(is_shown: bool, is_impatient: bool, is_coloured: bool) -> Self {
        Self {
            bar: is_shown
                .then(|| ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::hidden())),
            began: Instant::now(),
            is_drawn: Arc::default(),
            is_impatient,
            is_coloured,
            lines: (is_shown && !io::stderr().is_terminal()).then(Arc::default),
        }
    }

    /// Shows how much is done: a share, and how many of what.
    pub(crate) fn set(&self, fraction: Fraction, done: u64, what: &str) {
        let Some(bar) = &self.bar else {
            return;
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped"
        )]
        let position = (fraction.clamp(0.0, 1.0) * STEPS as f64) as u64;
        if let Some(lines) = &self.lines {
            let line = position / STEPS_PER_LINE;
            if lines.fetch_max(line, Ordering::Relaxed) < line {
                let percent = 100 * position / STEPS;
                let rate = rate(done, self.began.elapsed(), what);
                // Whoever reads there may be gone.
                let _ = writeln!(io::stderr(), "{percent:>3} %, {rate}");
            }
            return;
        }
        let is_due = self.is_impatient || self.began.elapsed() >= PATIENCE;
        if is_due && !self.is_drawn.swap(true, Ordering::Relaxed) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = if self.is_coloured {
                "{bar:32.green} {percent:>3} %  {elapsed}, {eta} left, {msg}"
            } else {
                "{bar:32} {percent:>3} %  {elapsed}, {eta} left, {msg}"
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸ "));
            }
        }
        bar.set_message(rate(done, self.began.elapsed(), what));
        bar.set_position(position);
    }

    /// Prints a line without tearing the bar.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Whether there is a bar, or will be.
    pub(crate) fn is_shown(&self) -> bool {
        self.bar.is_some()
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How many a second, such as `12 k tests/s`.
fn rate(done: u64, elapsed: Duration, what: &str) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-3);
    let (number, unit) = match rate {
        1e6.. => (rate / 1e6, " M"),
        1e3.. => (rate / 1e3, " k"),
        _ => (rate, ""),
    };
    if number < 10.0 {
        format!("{number:.1}{unit} {what}/s")
    } else {
        format!("{number:.0}{unit} {what}/s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_short() {
        let two_seconds = |done| rate(done, Duration::from_secs(2), "tests");
        assert_eq!(two_seconds(5), "2.5 tests/s");
        assert_eq!(two_seconds(44), "22 tests/s");
        assert_eq!(two_seconds(24_400), "12 k tests/s");
        assert_eq!(two_seconds(3_000_000), "1.5 M tests/s");
        assert_eq!(rate(0, Duration::ZERO, "tests"), "0.0 tests/s");
    }
}
