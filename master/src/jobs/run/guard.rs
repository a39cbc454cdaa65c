//! What may keep the next job from beginning: a pause between jobs, too little memory, too much load.

use std::{
    fs,
    time::{Duration, Instant},
};

/// How often to look again at what the machine is like.
const LOOK: Duration = Duration::from_millis(200);

/// The conditions under which jobs begin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Conditions {
    /// The least time between two beginnings.
    pub(super) delay: Option<Duration>,
    /// The least memory that must be free.
    pub(super) free_bytes: Option<u64>,
    /// The most processes that may run.
    pub(super) load: Option<f64>,
}

/// Keeps to the conditions.
#[derive(Debug)]
pub(super) struct Guard {
    conditions: Conditions,
    next: Option<Instant>,
}

/// Why nothing may begin, and when to ask again.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wait {
    pub(super) until: Instant,
    /// For the user, if it is the machine that has to change.
    pub(super) why: Option<String>,
}

/// What the machine is like.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Machine {
    free_bytes: Option<u64>,
    running: Option<f64>,
}

impl Guard {
    pub(super) fn new(conditions: Conditions) -> Self {
        Self {
            conditions,
            next: None,
        }
    }

    /// Whether a job may begin now. If so, it is taken to begin.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Wait> {
        let machine = || Machine {
            free_bytes: self.conditions.free_bytes.and_then(|_| free_bytes()),
            running: self.conditions.load.and_then(|_| running()),
        };
        if let Some(until) = self.next.filter(|next| *next > now) {
            return Err(Wait { until, why: None });
        }
        if let Some(why) = self.conditions.objection(machine()) {
            let until = now + LOOK;
            return Err(Wait {
                until,
                why: Some(why),
            });
        }
        self.next = self
            .conditions
            .delay
            .and_then(|delay| now.checked_add(delay));
        Ok(())
    }
}

impl Conditions {
    /// What speaks against beginning a job on such a machine. What is not known does not.
    fn objection(&self, machine: Machine) -> Option<String> {
        if let (Some(least), Some(free)) = (self.free_bytes, machine.free_bytes)
            && free < least
        {
            let mib = |bytes: u64| bytes >> 20;
            return Some(format!(
                "{} MiB of memory are free, and --memfree wants {}",
                mib(free),
                mib(least)
            ));
        }
        if let (Some(most), Some(running)) = (self.load, machine.running)
            && running >= most
        {
            return Some(format!(
                "{running:.0} processes are running, and --load allows fewer than {most:.1}"
            ));
        }
        None
    }
}

/// Memory that can be had without swapping.
fn free_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib.saturating_mul(1024))
}

/// Processes and threads that run or could run now, without the one that asks.
fn running() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let (running, _) = text.split_whitespace().nth(3)?.split_once('/')?;
    let running: f64 = running.parse().ok()?;
    Some((running - 1.0).max(0.0))
}

/// A number of processes, or a share of this many cores.
pub(super) fn load(text: &str, cores: usize) -> Result<f64, String> {
    let load = match text.strip_suffix('%') {
        Some(percent) => percent
            .parse()
            .map(|percent: f64| percent / 100.0 * cores as f64),
        None => text.parse(),
    };
    load.ok()
        .filter(|load: &f64| load.is_finite() && *load > 0.0)
        .ok_or_else(|| format!("expected a number of processes such as 4, or a share of the cores such as 80%, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_begin_apart() {
        let delay = Some(Duration::from_secs(1));
        let mut guard = Guard::new(Conditions {
            delay,
            ..Conditions::default()
        });
        let now = Instant::now();
        assert_eq!(guard.admit(now), Ok(()));
        let second = now + Duration::from_secs(1);
        assert_eq!(
            guard.admit(now),
            Err(Wait {
                until: second,
                why: None
            })
        );
        assert_eq!(guard.admit(second), Ok(()));
    }

    #[test]
    fn a_machine_that_is_full_admits_nothing() {
        let conditions = Conditions {
            free_bytes: Some(1 << 30),
            load: Some(2.0),
            ..Conditions::default()
        };
        let machine = |free_bytes, running| Machine {
            free_bytes,
            running,
        };
        assert_eq!(
            conditions.objection(machine(Some(2 << 30), Some(1.0))),
            None
        );
        assert_eq!(conditions.objection(machine(None, None)), None);
        let why = conditions.objection(machine(Some(5 << 20), None)).unwrap();
        assert!(why.contains("5 MiB of memory are free"), "{why}");
        let why = conditions.objection(machine(None, Some(2.0))).unwrap();
        assert!(why.contains("2 processes are running"), "{why}");
        assert!(free_bytes().is_some_and(|bytes| bytes > 0));
        assert!(running().is_some());
    }

    #[test]
    fn loads_are_read() {
        assert_eq!(load("80%", 10), Ok(8.0));
        assert_eq!(load("2.5", 10), Ok(2.5));
        assert!(load("0%", 4).is_err() && load("x", 4).is_err());
    }
}
