//! The processes that a worker's tasks have started, found and ended.
//!
//! A process group is left by whoever starts a session of its own, so it does not reach them all; the chain of
//! parents does, as long as nobody in it has ended. (What has detached itself on purpose, with a parent that
//! ended at once as daemons do, is nobody's descendant any more. A subreaper would still see it, but would
//! have to reap strangers as well, and a worker that did would take exit codes from its own tasks.)

use std::{fs, os::fd::OwnedFd};

use brigade_protocol::process::Stat;
use rustix::{
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
    },
};

/// How deep a tree is followed.
const DEEPEST: u32 = 32;

/// Kills all that descends from the process `root`, but not `root` itself. Best done while it is stopped, and
/// it must not have been reaped, so that its number means nothing else.
#[doc(hidden)]
pub fn kill_descendants(root: i32) {
    let processes = match children_file(root) {
        Some(children) if children.is_empty() => return,
        _ => parents(),
    };
    kill_below(root, &processes, DEEPEST);
}

/// Asks the process `root` and all that descends from it to end: parents before their children, lest one that waits
/// for a child goes on without it.
pub(crate) fn terminate_tree(root: i32) {
    let mut tree = Vec::new();
    match children_file(root) {
        Some(children) if children.is_empty() => {}
        _ => gather(root, &parents(), DEEPEST, &mut tree),
    }
    let root = Pid::from_raw(root).and_then(|root| pidfd_open(root, PidfdFlags::empty()).ok());
    for process in root.iter().chain(&tree) {
        let _ = pidfd_send_signal(process, Signal::TERM);
        // One that is stopped would not hear it.
        let _ = pidfd_send_signal(process, Signal::CONT);
    }
}

/// Takes handles on all that descends from a process.
fn gather(parent: i32, processes: &[(i32, i32)], depth: u32, tree: &mut Vec<OwnedFd>) {
    if depth == 0 {
        return;
    }
    for (pid, _) in processes.iter().filter(|(_, of)| *of == parent) {
        let handle = Pid::from_raw(*pid).map(|pid| pidfd_open(pid, PidfdFlags::empty()));
        // Now that there is a handle on it: is it still the one that was listed?
        if let Some(Ok(handle)) = handle
            && parent_of(*pid) == Some(parent)
        {
            tree.push(handle);
            gather(*pid, processes, depth - 1, tree);
        }
    }
}

/// Kills all that this process has started, and what that has.
pub(crate) fn kill_own_descendants() {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // Most workers have no children at all, and then need not look at all processes.
    if waitid(WaitId::All, look).err() != Some(Errno::CHILD) {
        kill_descendants(i32::try_from(std::process::id()).unwrap_or_default());
    }
}

fn kill_below(parent: i32, processes: &[(i32, i32)], depth: u32) {
    if depth == 0 {
        return;
    }
    for (pid, _) in processes.iter().filter(|(_, of)| *of == parent) {
        let Some(number) = Pid::from_raw(*pid) else {
            continue;
        };
        let Ok(handle) = pidfd_open(number, PidfdFlags::empty()) else {
            continue;
        };
        // Now that there is a handle on it: is it still the one that was listed?
        if parent_of(*pid) != Some(parent) {
            continue;
        }
        // Stopped first, so that it starts no more while its own children are looked for.
        let _ = pidfd_send_signal(&handle, Signal::STOP);
        kill_below(*pid, processes, depth - 1);
        let _ = pidfd_send_signal(&handle, Signal::KILL);
    }
}

/// What the kernel lists as children of all threads of a process, if it keeps such lists.
fn children_file(pid: i32) -> Option<String> {
    let mut children = String::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let path = thread.ok()?.path().join("children");
        children.push_str(&fs::read_to_string(path).ok()?);
    }
    Some(children)
}

/// All processes with their parents.
fn parents() -> Vec<(i32, i32)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent_of(pid)?)))
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    Some(Stat::of(u32::try_from(pid).ok()?).ok()?.parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        os::unix::process::ExitStatusExt,
        process::Command,
        thread,
        time::{Duration, Instant},
    };

    #[test]
    fn a_tree_is_killed_down_to_the_leaves_and_its_root_is_left() {
        // The root of this tree is a shell, not this process, which other tests start children of.
        let script = "setsid sh -c 'sleep 3600; true' & sleep 3600 & wait; wait; exit 7";
        let mut root = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let pid = i32::try_from(root.id()).unwrap();
        let below = |of: i32| -> Vec<i32> {
            let all = parents();
            all.iter()
                .filter(|(_, p)| *p == of)
                .map(|(pid, _)| *pid)
                .collect()
        };
        let began = Instant::now();
        while below(pid).len() < 2 || below(pid).iter().all(|child| below(*child).is_empty()) {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "the tree did not grow"
            );
            thread::sleep(Duration::from_millis(5));
        }
        kill_descendants(pid);
        let status = root.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(7), None));
    }

    #[test]
    fn parents_are_read_from_behind_the_name() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(parent_of(me), Some(nix::unistd::getppid().as_raw()));
        assert_eq!(parent_of(i32::MAX), None);
    }
}
