//! Whether the kernel has killed for want of memory in this process's control group.
//!
//! A worker that the out-of-memory killer ends looks like any that was sent SIGKILL. The control group counts
//! such kills, so a count that has risen is a strong hint.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where control groups of version 2 are mounted, and beside them, in folders, those of version 1.
const GROUPS: &str = "/sys/fs/cgroup";

/// Follows the count of out-of-memory kills.
#[derive(Debug)]
pub(crate) struct OomKills {
    file: Option<PathBuf>,
    seen: u64,
}

impl OomKills {
    /// Of the control group that this process is in; counts nothing where there is none.
    pub(crate) fn of_this_process() -> Self {
        let group = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Self::of(Path::new(GROUPS), &group)
    }

    fn of(root: &Path, group: &str) -> Self {
        // Version 2 has one line, whose number is 0; version 1 has one for each controller. Where both are in use,
        // memory is with one of them.
        let second = || {
            let path = group.lines().find_map(|line| line.strip_prefix("0::/"))?;
            Some(root.join(path).join("memory.events"))
        };
        let first = || {
            let path = group
                .lines()
                .find_map(|line| line.split_once(":memory:/"))?
                .1;
            Some(root.join("memory").join(path).join("memory.oom_control"))
        };
        let file = second().filter(|file| file.exists()).or_else(first);
        let mut kills = Self { file, seen: 0 };
        kills.seen = kills.count().unwrap_or(0);
        kills
    }

    /// Whether there were any since the last time.
    pub(crate) fn have_risen(&mut self) -> bool {
        let count = self.count().unwrap_or(self.seen);
        count > std::mem::replace(&mut self.seen, count)
    }

    fn count(&self) -> io::Result<u64> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let text = fs::read_to_string(file)?;
        let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
        count
            .and_then(|count| count.trim().parse().ok())
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, kills: u64) {
        let folder = root.join("user.slice/app");
        fs::create_dir_all(&folder).unwrap();
        let text = format!("low 0\nhigh 4\nmax 9\noom 9\noom_kill {kills}\noom_group_kill 0\n");
        fs::write(folder.join("memory.events"), text).unwrap();
    }

    #[test]
    fn fault_7_a_risen_count_is_told_once() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), 3);
        let mut kills = OomKills::of(root.path(), "0::/user.slice/app\n");
        assert!(!kills.have_risen(), "what was before is not ours");
        write(root.path(), 4);
        assert!(kills.have_risen());
        assert!(!kills.have_risen());
    }

    #[test]
    fn fault_7_control_groups_of_version_1_count_as_well() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("memory/app");
        fs::create_dir_all(&folder).unwrap();
        let write = |kills: u64| {
            let text = format!("oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n");
            fs::write(folder.join("memory.oom_control"), text).unwrap();
        };
        write(1);
        let mut kills = OomKills::of(root.path(), "8:pids:/\n4:memory:/app\n0::/\n");
        assert!(!kills.have_risen());
        write(2);
        assert!(kills.have_risen());
    }

    #[test]
    fn without_such_a_file_nothing_is_claimed() {
        let root = tempfile::tempdir().unwrap();
        for group in ["", "0::/gone\n", "9:memory:/\n8:pids:/\n"] {
            assert!(!OomKills::of(root.path(), group).have_risen());
        }
        write(root.path(), 1);
        let mut kills = OomKills::of(root.path(), "0::/user.slice/app\n");
        fs::write(root.path().join("user.slice/app/memory.events"), "nonsense").unwrap();
        assert!(!kills.have_risen());
    }
}
