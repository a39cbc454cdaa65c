//! Where an arena is to be found.

use std::{
    os::fd::{AsRawFd, BorrowedFd},
    path::PathBuf,
    process,
};

use serde::{Deserialize, Serialize};

/// Where an arena is to be found: a descriptor of a process that has it.
///
/// A descriptor instead of a name: there is nothing that could be left behind, it works as often as wanted,
/// and nobody has to answer. The number may have been given to something else since; the arena's id tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) pid: u32,
    pub(crate) descriptor: i32,
    pub(crate) id: u64,
}

impl Address {
    /// That of an arena with this id, which this process has under `fd`.
    pub(crate) fn of(fd: BorrowedFd<'_>, id: u64) -> Self {
        Self {
            pid: process::id(),
            descriptor: fd.as_raw_fd(),
            id,
        }
    }

    /// What to open.
    pub(crate) fn path(&self) -> PathBuf {
        format!("/proc/{}/fd/{}", self.pid, self.descriptor).into()
    }
}
