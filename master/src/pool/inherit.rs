//! Descriptors that a worker must not inherit.
//!
//! What this program opens itself is close-on-exec. What it was born with need not be: a shell's lock file,
//! the write end of somebody's pipe. A worker that held it would keep it open for everybody else.

use std::{fs, os::fd::RawFd};

use crate::os::is_inheritable;

/// This program's descriptors above standard error that a child would inherit.
pub(super) fn inheritable() -> Vec<RawFd> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2 && is_inheritable(*fd))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use std::{fs::File, os::fd::AsRawFd};

    #[test]
    fn only_what_a_child_would_inherit_is_listed() {
        let private = File::open("/dev/null").unwrap();
        let leaky = File::open("/dev/null").unwrap();
        fcntl(&leaky, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
        let found = inheritable();
        assert!(found.contains(&leaky.as_raw_fd()));
        assert!(!found.contains(&private.as_raw_fd()));
    }
}
