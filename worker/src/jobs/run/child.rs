//! A command that runs, by a handle that never means another process.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use brigade_protocol::jobs::run::End;
use nix::unistd::Pid;
use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

use crate::{
    birth::take_hold,
    descendants::{kill_descendants, terminate_tree},
    marks::kill_marked,
};

pub(super) struct Child {
    pid: Pid,
    pidfd: OwnedFd,
    /// What all that it starts carries in its environment.
    mark: Option<String>,
    is_reaped: bool,
}

impl Child {
    /// Takes a handle on a child that has just been started, and that nobody else can have reaped.
    pub(super) fn new(pid: Pid, mark: Option<String>) -> io::Result<Self> {
        Ok(Self {
            pid,
            pidfd: take_hold(pid)?,
            mark,
            is_reaped: false,
        })
    }

    /// Readable once it has ended.
    pub(super) fn pidfd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }

    /// Asks it to end, and all that it has started.
    pub(super) fn ask_to_end(&self) {
        terminate_tree(self.pid.as_raw());
    }

    /// Kills it, and all that it has started.
    pub(super) fn kill(&self) {
        // Stopped, it starts no more while they are looked for.
        let _ = pidfd_send_signal(&self.pidfd, Signal::STOP);
        kill_descendants(self.pid.as_raw());
        let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
        self.kill_strays();
    }

    /// Kills what it has started and what has lost its parent since.
    pub(super) fn kill_strays(&self) {
        if let Some(mark) = &self.mark {
            kill_marked(std::slice::from_ref(mark));
        }
    }

    /// How it ended. To be asked once it has.
    pub(super) fn reap(&mut self) -> io::Result<End> {
        let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED);
        // If it cannot be waited for, somebody else has done so, and its number may mean another by now.
        self.is_reaped = true;
        let status = status?.ok_or(io::ErrorKind::InvalidData)?;
        Ok(match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => End::Exited(code),
            (None, signal) => End::Signalled(signal.unwrap_or_default()),
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.kill();
            let _ = self.reap();
        }
    }
}
