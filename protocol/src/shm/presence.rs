//! Who is alive, by the kernel's word.
//!
//! Who shares an arena has a number there, and holds a file lock on the byte of that number in the arena's
//! memfd. The kernel takes the lock away when the process has ended, however it did. So to ask whether somebody
//! is alive is to ask the kernel for that lock: no process id is involved that could have been given to another
//! process, and no descriptor for each. A process that is stopped has its locks, and is alive.
//!
//! The locks are those of open file descriptions: two that were opened separately in one process, as on a pool
//! of threads, see each other just as well. But who asks does not see its own.

use std::os::fd::BorrowedFd;

use nix::{
    fcntl::{FcntlArg, fcntl},
    libc,
};

/// Takes the lock of a number; whether it was free. The same open file description gets it again and again.
pub(crate) fn hold(fd: BorrowedFd<'_>, number: u32) -> bool {
    let lock = region(number, libc::F_WRLCK);
    fcntl(fd, FcntlArg::F_OFD_SETLK(&lock)).is_ok()
}

/// Whether somebody beyond this open file description has the lock of a number.
pub(crate) fn is_held(fd: BorrowedFd<'_>, number: u32) -> bool {
    let mut lock = region(number, libc::F_WRLCK);
    let asked = fcntl(fd, FcntlArg::F_OFD_GETLK(&mut lock));
    // A kernel that does not answer must not make the living dead.
    asked.is_err() || i32::from(lock.l_type) != libc::F_UNLCK
}

/// Gives the lock of a number back.
pub(crate) fn give_back(fd: BorrowedFd<'_>, number: u32) {
    let lock = region(number, libc::F_UNLCK);
    let _ = fcntl(fd, FcntlArg::F_OFD_SETLK(&lock));
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the kernel's constants are small"
)]
fn region(number: u32, kind: i32) -> libc::flock {
    libc::flock {
        l_type: kind as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: i64::from(number),
        l_len: 1,
        l_pid: 0,
    }
}
