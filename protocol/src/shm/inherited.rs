//! Takes possession of the descriptors a worker is born with.
#![expect(
    unsafe_code,
    reason = "owning a descriptor by its number cannot be checked by the compiler"
)]

use std::{
    io,
    os::fd::{FromRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicU64, Ordering},
};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};

/// Takes the inherited descriptor `fd` and marks it close-on-exec, so that no child of the worker has it.
///
/// Each number is handed out once. It is meant for the start of a worker, before anything else opens files.
///
/// # Errors
/// `EBADF` when nothing is open under that number, `EBUSY` when it was taken before, and `EINVAL` for
/// numbers outside 3 to 63.
pub fn take_inherited(fd: RawFd) -> io::Result<OwnedFd> {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    if !(3..64).contains(&fd) {
        return Err(io::Error::from_raw_os_error(nix::libc::EINVAL));
    }
    let bit = 1_u64 << fd;
    if TAKEN.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
        return Err(io::Error::from_raw_os_error(nix::libc::EBUSY));
    }
    // SAFETY: `BorrowedFd` needs an open descriptor for as long as it lives; if this one is not open, the
    // call below answers EBADF and nothing else happens with it.
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    // SAFETY: the descriptor is open (the call above succeeded), it was opened before this program began,
    // and the bit set above makes this its only owner.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_where_nothing_is_open_is_an_error() {
        let error = take_inherited(61).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::EBADF));
    }

    #[test]
    fn standard_streams_are_never_handed_out() {
        for fd in [-1, 0, 1, 2, 64] {
            assert!(take_inherited(fd).is_err());
        }
    }
}
