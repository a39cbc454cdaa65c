//! Death: signals to a child, and its last words to the kernel.

use std::{io, os::fd::AsFd, os::fd::BorrowedFd, os::fd::OwnedFd};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use rustix::process::{WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use brigade_worker::kill_descendants;

use super::ended::Ended;

/// A child process, by a handle that never means another process, however often its number is used again.
///
/// Dropping it kills the process and everything in its group.
#[derive(Debug)]
pub(crate) struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    is_reaped: bool,
}

impl Child {
    pub(crate) fn new(pid: Pid, pidfd: OwnedFd) -> Self {
        Self {
            pid,
            pidfd,
            is_reaped: false,
        }
    }

    /// The process id.
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Readable once the process has ended.
    pub(crate) fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Kills the process, its group and its descendants. It stays to be reaped.
    pub(crate) fn kill_tree(&self) {
        if self.is_reaped {
            return;
        }
        // Stopped, it starts no more of them while they are looked for.
        let _ = pidfd_send_signal(&self.pidfd, rustix::process::Signal::STOP);
        kill_descendants(self.pid());
        self.kill();
    }

    /// Kills the process and its group. It stays to be reaped.
    pub(crate) fn kill(&self) {
        if self.is_reaped {
            return;
        }
        // The number cannot have been given to another process or group: this one has not been reaped.
        let _ = killpg(self.pid, Signal::SIGKILL);
        // Even if the worker has left its group.
        let _ = pidfd_send_signal(&self.pidfd, rustix::process::Signal::KILL);
    }

    /// Asks the process and its group to end.
    pub(crate) fn terminate(&self) {
        self.signal_group(Signal::SIGTERM);
    }

    /// Stops the process and its group, or lets them go on.
    pub(crate) fn stop_or_continue(&self, is_stopped: bool) {
        self.signal_group(if is_stopped {
            Signal::SIGSTOP
        } else {
            Signal::SIGCONT
        });
    }

    fn signal_group(&self, signal: Signal) {
        if !self.is_reaped {
            let _ = killpg(self.pid, signal);
        }
    }

    /// Waits for the end of the process, if `is_patient`, and says how it ended; `None` while it lives.
    /// What it left behind in its process group is killed.
    pub(crate) fn reap(&mut self, is_patient: bool) -> io::Result<Option<Ended>> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let hang = if is_patient {
            WaitIdOptions::empty()
        } else {
            WaitIdOptions::NOHANG
        };
        match waitid(WaitId::PidFd(self.pidfd.as_fd()), look | hang) {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(None),
            Err(errno) => {
                // Somebody else has reaped it, so its number may mean another process by now.
                self.is_reaped = true;
                return Err(errno.into());
            }
        }
        // Before the number is given back to the kernel and could mean another group.
        let _ = killpg(self.pid, Signal::SIGKILL);
        let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED)?;
        self.is_reaped = true;
        Ok(status.map(
            |status| match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Ended::Exited(code),
                (None, signal) => Ended::Killed(signal.unwrap_or_default()),
            },
        ))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill_tree();
            let _ = self.reap(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{PidfdFlags, pidfd_open};
    use std::{os::unix::process::CommandExt, process::Command};

    #[expect(clippy::zombie_processes, reason = "to wait for it is what is tested")]
    fn shell(script: &str) -> Child {
        let child = Command::new("/bin/sh")
            .args(["-c", script])
            .process_group(0)
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let raw = rustix::process::Pid::from_raw(pid).unwrap();
        Child::new(
            Pid::from_raw(pid),
            pidfd_open(raw, PidfdFlags::empty()).unwrap(),
        )
    }

    #[test]
    fn the_exit_code_is_told_from_the_signal() {
        assert_eq!(shell("exit 3").reap(true).unwrap(), Some(Ended::Exited(3)));
        assert_eq!(
            shell("kill -SEGV $$").reap(true).unwrap(),
            Some(Ended::Killed(libc::SIGSEGV))
        );
    }

    #[test]
    fn a_living_child_has_not_ended_and_can_be_killed() {
        let mut child = shell("sleep 60");
        assert_eq!(child.reap(false).unwrap(), None);
        child.kill();
        assert_eq!(
            child.reap(true).unwrap(),
            Some(Ended::Killed(libc::SIGKILL))
        );
    }
}
