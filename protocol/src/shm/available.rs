//! How much memory can still be had. The kernel backs a memfd page by page and asks the out-of-memory killer
//! when nothing is left, so what cannot fit must be refused before the first page.

use std::{fs, path::Path};

/// Bytes that a new segment may take at most: what the machine has free or can free, swap included, and no
/// more than any control group above this process allows. `None` when the kernel does not tell.
pub(super) fn available_bytes() -> Option<u64> {
    let machine = machine_bytes(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(
        group_bytes(&groups, Path::new("/sys/fs/cgroup"))
            .map_or(machine, |group| group.min(machine)),
    )
}

/// From the text of `/proc/meminfo`, which counts in KiB.
fn machine_bytes(meminfo: &str) -> Option<u64> {
    let kib = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':')
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    Some(
        kib("MemAvailable")?
            .saturating_add(kib("SwapFree").unwrap_or(0))
            .saturating_mul(1024),
    )
}

/// The least that this process's control group (version 2) and those above it leave.
fn group_bytes(groups: &str, root: &Path) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Path::new(own)
        .ancestors()
        .filter_map(|group| left_bytes(&root.join(group)))
        .min()
}

/// What one control group leaves: its limit without what it cannot give back.
fn left_bytes(group: &Path) -> Option<u64> {
    let limit: u64 = fs::read_to_string(group.join("memory.max"))
        .ok()?
        .trim()
        .parse()
        .ok()?;
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let used: u64 = stat
        .lines()
        .filter_map(|line| {
            line.strip_prefix("anon ")
                .or_else(|| line.strip_prefix("shmem "))
        })
        .filter_map(|count| count.parse::<u64>().ok())
        .sum();
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_is_read_in_kib() {
        let text = "MemTotal:       100 kB\nMemAvailable:    80 kB\nSwapFree:         5 kB\n";
        assert_eq!(machine_bytes(text), Some(85 * 1024));
        assert_eq!(machine_bytes("MemTotal: 100 kB\n"), None);
    }

    #[test]
    fn the_tightest_group_decides() {
        let root = std::env::temp_dir().join(format!("brigade-groups-{}", std::process::id()));
        let inner = root.join("outer/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        fs::write(root.join("outer/memory.max"), "1000\n").unwrap();
        fs::write(
            root.join("outer/memory.stat"),
            "anon 100\nfile 400\nshmem 50\n",
        )
        .unwrap();
        let found = group_bytes("1:name=x:/\n0::/outer/inner\n", &root);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, Some(850));
        assert_eq!(group_bytes("", Path::new("/nowhere")), None);
    }
}
