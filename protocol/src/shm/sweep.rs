//! The names of status boards, and the removal of those whose owner is dead.

use std::{
    fs, io,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use nix::unistd::{Pid, Uid};

use crate::process::Stat;

/// Where named shared memory shows up as files on Linux.
const FOLDER: &str = "/dev/shm";

/// The name of a status board: `brigade-<user>-<pid namespace>-<pid>-<start>-<number>`.
///
/// It says whose board it is, so that a board can be recognised as abandoned from its name alone: the start
/// time tells a process apart from a later one with the same pid, and the namespace keeps containers that
/// share `/dev/shm` from judging each other's processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardName {
    user: u32,
    namespace: u64,
    pid: i32,
    start: u64,
    number: u32,
}

impl BoardName {
    /// A name for a further board of this process.
    ///
    /// # Errors
    /// When `/proc` is not there to say when this process started.
    pub fn next_of_this_process() -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let pid = Pid::this().as_raw();
        Ok(Self {
            user: Uid::current().as_raw(),
            namespace: pid_namespace()?,
            pid,
            start: start_time(pid)?,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// Reads a name back; `None` for what is no board's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix("brigade-")?.split('-');
        let parsed = Self {
            user: parts.next()?.parse().ok()?,
            namespace: parts.next()?.parse().ok()?,
            pid: parts.next()?.parse().ok()?,
            start: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(parsed)
    }

    /// Process id of the process that made the board.
    #[must_use]
    pub const fn pid(&self) -> i32 {
        self.pid
    }

    /// Which of the boards of that process it is, from 0.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether the process that made the board is gone. A process that cannot be seen from here is not.
    fn is_abandoned(&self, user: u32, namespace: u64) -> bool {
        self.user == user
            && self.namespace == namespace
            && start_time(self.pid).map_or_else(
                |error| error.kind() == io::ErrorKind::NotFound,
                |start| start != self.start,
            )
    }
}

impl std::fmt::Display for BoardName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            user,
            namespace,
            pid,
            start,
            number,
        } = self;
        write!(f, "brigade-{user}-{namespace}-{pid}-{start}-{number}")
    }
}

/// Removes the boards of this user whose masters are dead, and returns their names.
#[must_use]
pub fn sweep_boards() -> Vec<String> {
    sweep_folder(Path::new(FOLDER))
}

fn sweep_folder(folder: &Path) -> Vec<String> {
    let (Ok(entries), Ok(namespace)) = (fs::read_dir(folder), pid_namespace()) else {
        return Vec::new();
    };
    let user = Uid::current().as_raw();
    entries
        .flatten()
        .filter_map(|entry| BoardName::parse(entry.file_name().to_str()?))
        .filter(|name| name.is_abandoned(user, namespace))
        .map(|name| name.to_string())
        .filter(|name| fs::remove_file(folder.join(name)).is_ok())
        .collect()
}

/// The names of this user's boards whose masters can be seen from here.
pub(super) fn names() -> Vec<BoardName> {
    let (Ok(entries), Ok(namespace)) = (fs::read_dir(FOLDER), pid_namespace()) else {
        return Vec::new();
    };
    let user = Uid::current().as_raw();
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter_map(|name| BoardName::parse(name.to_str()?))
        .filter(|name| name.user == user && name.namespace == namespace)
        .filter(|name| !name.is_abandoned(user, namespace))
        .collect()
}

/// Removes one board by name; a worker does this when it finds its master dead. Whether it was the one that
/// did: another worker may have been faster.
#[must_use]
pub fn unlink_board(name: &str) -> bool {
    BoardName::parse(name).is_some() && fs::remove_file(Path::new(FOLDER).join(name)).is_ok()
}

fn pid_namespace() -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata("/proc/self/ns/pid")?.ino())
}

/// When a process started, in clock ticks since the machine did.
fn start_time(pid: i32) -> io::Result<u64> {
    let pid = u32::try_from(pid).map_err(io::Error::other)?;
    Ok(Stat::of(pid)?.start_ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_other_names_are_left_alone() {
        let name = BoardName::next_of_this_process().unwrap();
        assert_eq!(BoardName::parse(&name.to_string()), Some(name));
        for other in [
            "brigade-",
            "brigade-1-2-3-4",
            "brigade-1-2-3-4-5-6",
            "sem.x",
            "brigade-a-b-c-d-e",
        ] {
            assert_eq!(BoardName::parse(other), None, "{other}");
        }
    }

    #[test]
    fn only_abandoned_boards_are_swept() {
        let folder = std::env::temp_dir().join(format!("brigade-sweep-{}", Pid::this()));
        fs::create_dir(&folder).unwrap();
        let mine = BoardName::next_of_this_process().unwrap();
        // This pid with another start time: the pid was used again after the owner's death.
        let reused = BoardName {
            start: mine.start + 1,
            ..mine.clone()
        };
        let elsewhere = BoardName {
            namespace: 1,
            start: 1,
            ..mine.clone()
        };
        for name in [
            mine.to_string(),
            reused.to_string(),
            elsewhere.to_string(),
            "else".into(),
        ] {
            fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(sweep_folder(&folder), [reused.to_string()]);
        assert!(!folder.join(reused.to_string()).exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
        fs::remove_dir_all(&folder).unwrap();
    }
}
