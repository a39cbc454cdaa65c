//! What starting any process takes, whoever starts it: patience with a file that is being written, and a handle.

use std::{io, os::fd::OwnedFd, thread, time::Duration};

use nix::{
    errno::Errno,
    sys::{
        signal::{Signal, kill},
        wait::waitpid,
    },
    unistd::Pid,
};
use rustix::process::{PidfdFlags, pidfd_open};

/// A file that somebody is still writing is tried again so often, 10 ms apart.
const BUSY_TRIES: u32 = 50;

/// Starts a process by `spawn`, again and again for half a second while the file is open for writing somewhere.
///
/// # Errors
/// What `spawn` returned at last.
pub fn spawn_patiently(mut spawn: impl FnMut() -> nix::Result<Pid>) -> nix::Result<Pid> {
    for _ in 0..BUSY_TRIES {
        match spawn() {
            Err(Errno::ETXTBSY) => thread::sleep(Duration::from_millis(10)),
            spawned => return spawned,
        }
    }
    spawn()
}

/// Takes a handle on a child that has just been started, and that nobody else can have reaped. Without one it could
/// not be watched, so then it is killed.
///
/// # Errors
/// When the kernel gives no handle, for want of descriptors for instance.
pub fn take_hold(child: Pid) -> io::Result<OwnedFd> {
    let raw = rustix::process::Pid::from_raw(child.as_raw()).ok_or(io::ErrorKind::InvalidData)?;
    pidfd_open(raw, PidfdFlags::empty()).map_err(|errno| {
        let _ = kill(child, Signal::SIGKILL);
        let _ = waitpid(child, None);
        errno.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_being_written_is_waited_for_but_not_for_ever() {
        let mut tries = 0;
        let spawned = spawn_patiently(|| {
            tries += 1;
            if tries < 3 {
                Err(Errno::ETXTBSY)
            } else {
                Ok(Pid::from_raw(7))
            }
        });
        assert_eq!((spawned, tries), (Ok(Pid::from_raw(7)), 3));
        assert_eq!(spawn_patiently(|| Err(Errno::ETXTBSY)), Err(Errno::ETXTBSY));
        assert_eq!(spawn_patiently(|| Err(Errno::ENOENT)), Err(Errno::ENOENT));
    }
}
