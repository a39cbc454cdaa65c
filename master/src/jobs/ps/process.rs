//! What the kernel says about a process.

use std::{fs, time::Duration};

use brigade_protocol::process::Stat;
use nix::unistd::{SysconfVar, sysconf};

use super::Seen;

/// What a process has used and uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Processor time since its start.
    pub(super) cpu: Duration,
    /// When it started, in time since the machine did.
    started: Duration,
    pub(super) resident_bytes: u64,
    /// What it shares with nobody; the kernel may not tell.
    pub(super) private_bytes: Option<u64>,
}

impl Usage {
    /// `None` when there is no such process.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = Stat::of(pid).ok().filter(Stat::is_alive)?;
        let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"));
        Some(Self {
            cpu: ticks(stat.cpu_ticks),
            started: ticks(stat.start_ticks),
            resident_bytes: stat.resident_pages * page_bytes(),
            private_bytes: memory.ok().map(|text| private(&text)),
        })
    }

    /// Processor time in percent of one core: since it was seen last, or else since its start.
    pub(super) fn load(&self, before: Option<&Seen>, now_ns: u64) -> Option<f64> {
        let (used, time) = match before {
            Some((cpu, then_ns)) if *then_ns < now_ns => (
                self.cpu.saturating_sub(*cpu),
                Duration::from_nanos(now_ns - then_ns),
            ),
            _ => (self.cpu, uptime()?.saturating_sub(self.started)),
        };
        (!time.is_zero()).then(|| 100.0 * used.as_secs_f64() / time.as_secs_f64())
    }
}

/// The sum of what is private, clean and dirty, in a `smaps_rollup`.
fn private(text: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.strip_prefix("Private_"))
        .filter(|line| line.starts_with("Clean:") || line.starts_with("Dirty:"))
        .filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok())
        .map(|kib| kib << 10)
        .sum()
}

fn uptime() -> Option<Duration> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let seconds = text.split_ascii_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn ticks(count: u64) -> Duration {
    let per_second = system_value(SysconfVar::CLK_TCK).unwrap_or(100);
    Duration::from_secs_f64(count as f64 / per_second as f64)
}

fn page_bytes() -> u64 {
    system_value(SysconfVar::PAGE_SIZE).unwrap_or(4096)
}

fn system_value(name: SysconfVar) -> Option<u64> {
    let value = sysconf(name).ok().flatten()?;
    u64::try_from(value).ok().filter(|value| *value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_nobody_is_process_zero() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident_bytes > 100 << 10);
        assert!(
            usage
                .private_bytes
                .is_none_or(|bytes| bytes <= usage.resident_bytes * 2)
        );
        assert!(usage.load(None, 0).is_none_or(|load| load >= 0.0));
        assert_eq!(Usage::of(0), None);
    }

    #[test]
    fn the_load_is_that_of_the_time_between() {
        let second = Duration::from_secs(1);
        let usage = Usage {
            cpu: 3 * second,
            started: second,
            resident_bytes: 0,
            private_bytes: None,
        };
        let load = usage.load(Some(&(2 * second, 5_000_000_000)), 7_000_000_000);
        assert_eq!(load, Some(50.0));
    }

    #[test]
    fn private_memory_is_clean_and_dirty() {
        let text =
            "Rss: 900 kB\nPrivate_Clean:   4 kB\nPrivate_Dirty:  8 kB\nPrivate_Hugetlb: 1 kB\n";
        assert_eq!(private(text), 12 << 10);
    }
}
