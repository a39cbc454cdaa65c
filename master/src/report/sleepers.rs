//! What `master demo sleepers` shows: the chapter's lines.

use std::{
    io::{self, Write},
    time::Duration,
};

use crate::jobs::demo::sleepers::night::Event;

/// Writes what the sleepers do as they do it, and adds up.
#[derive(Debug)]
pub(crate) struct SleepersReport {
    count: u32,
    awake: u32,
    slept: Duration,
}

impl SleepersReport {
    pub(crate) fn new(count: u32) -> Self {
        Self {
            count,
            awake: 0,
            slept: Duration::ZERO,
        }
    }

    /// Writes what stands before all events.
    pub(crate) fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { count, .. } = self;
        writeln!(out, "Creating {count} tasks\nWaiting for {count} tasks")
    }

    /// Writes what one of them does.
    pub(crate) fn write(&mut self, event: Event, out: &mut impl Write) -> io::Result<()> {
        match event {
            Event::Sleeps { number, time } => {
                writeln!(out, "{number} sleeps for {:.2} seconds", time.as_secs_f64())
            }
            Event::Awakens { number, time } => {
                self.awake += 1;
                self.slept += time;
                writeln!(out, "{number} awakens, refreshed")
            }
        }
    }

    /// Writes that it is over, if all are awake.
    pub(crate) fn finish(&self, out: &mut impl Write) -> io::Result<()> {
        if self.awake == self.count {
            writeln!(out, "Done with the sleepers")
        } else {
            Ok(())
        }
    }

    /// What waiting together has saved, or who still sleeps.
    pub(crate) fn summary(&self, elapsed: Duration) -> String {
        let asleep = self.count - self.awake;
        let (slept, elapsed) = (self.slept.as_secs_f64(), elapsed.as_secs_f64());
        if asleep > 0 {
            format!("interrupted: {asleep} of {} were still asleep", self.count)
        } else {
            format!("slept {slept:.2} seconds altogether, in {elapsed:.2} seconds, on one thread")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_the_chapters() {
        let mut report = SleepersReport::new(2);
        let mut out = Vec::new();
        report.begin(&mut out).unwrap();
        let (long, short) = (Duration::from_millis(4690), Duration::from_millis(254));
        for event in [
            Event::Sleeps {
                number: 0,
                time: long,
            },
            Event::Sleeps {
                number: 1,
                time: short,
            },
            Event::Awakens {
                number: 1,
                time: short,
            },
        ] {
            report.write(event, &mut out).unwrap();
        }
        assert_eq!(
            report.summary(long),
            "interrupted: 1 of 2 were still asleep"
        );
        let last = Event::Awakens {
            number: 0,
            time: long,
        };
        report.write(last, &mut out).unwrap();
        report.finish(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        Creating 2 tasks
        Waiting for 2 tasks
        0 sleeps for 4.69 seconds
        1 sleeps for 0.25 seconds
        1 awakens, refreshed
        0 awakens, refreshed
        Done with the sleepers
        ");
        assert_eq!(
            report.summary(long),
            "slept 4.94 seconds altogether, in 4.69 seconds, on one thread"
        );
    }
}
