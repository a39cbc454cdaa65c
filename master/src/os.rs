//! The few system calls that no safe wrapper covers: this crate's only `unsafe`.
#![expect(
    unsafe_code,
    reason = "what a descriptor's number stands for cannot be checked by the compiler"
)]

use std::{
    io,
    os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use nix::fcntl::{FcntlArg, fcntl};

/// A duplicate of `fd` under the first free number from `lowest` on, close-on-exec.
pub(crate) fn duplicate_from(fd: BorrowedFd<'_>, lowest: RawFd) -> io::Result<OwnedFd> {
    let number = fcntl(fd, FcntlArg::F_DUPFD_CLOEXEC(lowest))?;
    // SAFETY: the call has just opened this descriptor, and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Whether a child would inherit descriptor `fd`. One that is not open is not inherited.
pub(crate) fn is_inheritable(fd: RawFd) -> bool {
    // SAFETY: asking for a descriptor's flags changes nothing, and a number that is none is answered with an error.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    flags >= 0 && flags & libc::FD_CLOEXEC == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsFd, AsRawFd};

    #[test]
    fn a_duplicate_stands_at_or_above_the_number_asked_for() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let copy = duplicate_from(file.as_fd(), 200).unwrap();
        assert!(copy.as_raw_fd() >= 200);
    }
}
