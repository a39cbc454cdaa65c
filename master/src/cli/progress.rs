//! A progress bar for work that takes long.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
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

/// The same where nobody knows how much there is to do: a line this often.
const TIME_PER_LINE: Duration = Duration::from_secs(5);

/// A bar is drawn anew this often at most.
const MS_PER_DRAWING: u64 = 40;

/// Whether a bar of this process stands on the terminal, for whoever ends it without asking.
static STANDS: AtomicBool = AtomicBool::new(false);

/// A terminal of fewer columns has a short bar.
const WIDTH: u16 = 78;

/// What stands on the terminal.
const NOTHING: u8 = 0;
const BAR: u8 = 1;
const SPINNER: u8 = 2;

/// A bar on standard error, or lines where that is no terminal, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// When the work that is shown began; none while there is a rest.
    began: Arc<Mutex<Option<Instant>>>,
    /// What stands on the terminal.
    drawn: Arc<AtomicU8>,
    /// When it was drawn, in milliseconds since the beginning.
    drawn_at: Arc<AtomicU64>,
    is_impatient: bool,
    is_coloured: bool,
    /// How many lines were written instead of a bar.
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
            began: Arc::new(Mutex::new(Some(Instant::now()))),
            drawn: Arc::default(),
            drawn_at: Arc::default(),
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
        let rate = || rate(done, self.elapsed(), what);
        if self.is_written(position / STEPS_PER_LINE) {
            let percent = 100 * position / STEPS;
            say(&format!("{percent:>3} %, {}", rate()));
        }
        if self.draws(bar, BAR) {
            bar.set_message(rate());
            bar.set_position(position);
        }
    }

    /// Shows how many of what are done, where nobody knows how many there are.
    pub(crate) fn tally(&self, done: u64, what: &str) {
        let Some(bar) = &self.bar else {
            return;
        };
        let elapsed = self.elapsed();
        let message = || {
            let rate = rate(done, elapsed, what);
            format!("{} {what}, {rate}", short(done as f64))
        };
        if self.is_written(elapsed.as_secs() / TIME_PER_LINE.as_secs()) {
            say(&message());
        }
        if self.draws(bar, SPINNER) {
            bar.set_message(message());
            bar.tick();
        }
    }

    fn elapsed(&self) -> Duration {
        let mut began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        began.get_or_insert_with(Instant::now).elapsed()
    }

    /// The work is over for now, and may begin again: takes the bar away.
    pub(crate) fn rest(&self) {
        if let Some(bar) = &self.bar
            && self.drawn.swap(NOTHING, Ordering::Relaxed) != NOTHING
        {
            bar.finish_and_clear();
            STANDS.store(false, Ordering::Relaxed);
            bar.set_draw_target(ProgressDrawTarget::hidden());
            bar.reset();
        }
        if let Some(lines) = &self.lines {
            lines.store(0, Ordering::Relaxed);
        }
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether a line is to be written instead of a bar, at a place that counts up.
    fn is_written(&self, place: u64) -> bool {
        let lines = self.lines.as_ref();
        lines.is_some_and(|lines| lines.fetch_max(place, Ordering::Relaxed) < place)
    }

    /// Has a bar, or a spinner, stand on the terminal, if there is one and it is time. Whether it is to be drawn.
    fn draws(&self, bar: &ProgressBar, kind: u8) -> bool {
        let elapsed = self.elapsed();
        let is_due = self.is_impatient || elapsed >= PATIENCE;
        if self.lines.is_some() || !is_due {
            return false;
        }
        let before = self.drawn.swap(kind, Ordering::Relaxed);
        let now = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let again = self
            .drawn_at
            .load(Ordering::Relaxed)
            .saturating_add(MS_PER_DRAWING);
        if before == kind && now < again {
            return false;
        }
        self.drawn_at.store(now, Ordering::Relaxed);
        if before != kind {
            self.dress(bar, kind);
        }
        if before == NOTHING {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            STANDS.store(true, Ordering::Relaxed);
        }
        true
    }

    /// Makes it look like what it is.
    fn dress(&self, bar: &ProgressBar, kind: u8) {
        let is_narrow = width().is_some_and(|columns| columns < WIDTH);
        let template = match (kind, self.is_coloured) {
            (BAR, _) if is_narrow => "{percent:>3} %  {eta} left",
            (BAR, true) => "{bar:32.green} {percent:>3} %  {elapsed}, {eta} left, {msg}",
            (BAR, false) => "{bar:32} {percent:>3} %  {elapsed}, {eta} left, {msg}",
            _ if is_narrow => "{spinner} {elapsed}",
            (_, true) => "{spinner:.green} {elapsed}, {msg}",
            (_, false) => "{spinner} {elapsed}, {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
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
            STANDS.store(false, Ordering::Relaxed);
        }
    }
}

/// Wipes the line of a bar, if one stands there: what is said next begins on a line of its own.
pub(super) fn wipe() {
    if STANDS.load(Ordering::Relaxed) {
        // Whoever reads there may be gone.
        let _ = io::stderr().write_all(b"\r\x1b[2K");
    }
}

/// How many columns the terminal has that is standard error.
fn width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    Some(size.ws_col).filter(|columns| *columns > 0)
}

/// Writes a line; whoever reads there may be gone.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// How many a second, such as `12 k tests/s`.
fn rate(done: u64, elapsed: Duration, what: &str) -> String {
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-3);
    if rate < 10.0 {
        return format!("{rate:.1} {what}/s");
    }
    format!("{} {what}/s", short(rate))
}

/// A number in three figures or so, such as `12 k`.
fn short(number: f64) -> String {
    let (number, unit) = match number {
        1e6.. => (number / 1e6, " M"),
        1e3.. => (number / 1e3, " k"),
        _ => return format!("{number:.0}"),
    };
    if number < 10.0 {
        format!("{number:.1}{unit}")
    } else {
        format!("{number:.0}{unit}")
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
        assert_eq!(short(0.0), "0");
        assert_eq!(short(999.0), "999");
        assert_eq!(short(1_500.0), "1.5 k");
    }
}
