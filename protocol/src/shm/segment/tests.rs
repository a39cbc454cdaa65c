use std::{fs::File, io::Write, os::fd::OwnedFd};

use super::*;

const fn is_shared<T: Send + Sync>() {}
const _: () = is_shared::<Segment>();

#[test]
fn nobody_can_change_a_segment() {
    let segment = Segment::create("sealed", 4096, |bytes| bytes.fill(7)).unwrap();
    let mut file = File::from(segment.fd().try_clone_to_owned().unwrap());
    assert!(file.write_all(b"x").is_err());
    assert!(file.set_len(1).is_err());
    assert!(file.set_len(8192).is_err());
    assert!(fcntl(&file, FcntlArg::F_ADD_SEALS(SealFlag::empty())).is_err());
    assert!(segment.bytes().iter().all(|&byte| byte == 7));
}

#[test]
fn an_unsealed_memfd_is_refused() {
    let fd = reserve("open", 16).unwrap();
    fcntl(&fd, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SHRINK)).unwrap();
    let error = Segment::open(fd).unwrap_err();
    assert!(
        matches!(error, SegmentError::Unsealed { missing } if missing.contains(SealFlag::F_SEAL_WRITE))
    );
}

#[test]
fn seals_wait_for_what_holds_the_memory_for_a_moment() {
    let fd = reserve("held", 4096).unwrap();
    // SAFETY: nobody else knows the memfd, and nothing looks into the mapping.
    let map = unsafe { MmapOptions::new().map_mut(&fd) }.unwrap();
    assert_eq!(fcntl(&fd, FcntlArg::F_ADD_SEALS(SEALS)), Err(Errno::EBUSY));
    let holder = thread::spawn(move || {
        thread::sleep(4 * PAUSE);
        drop(map);
    });
    assert_eq!(seal(&fd), Ok(()));
    holder.join().unwrap();
    assert!(Segment::open(fd).is_ok());
}

#[test]
fn other_descriptors_are_refused() {
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    assert!(matches!(
        Segment::open(null),
        Err(SegmentError::NotASegment { .. })
    ));
}

#[test]
fn impossible_sizes_are_errors() {
    assert!(matches!(
        Segment::create("none", 0, |_| ()),
        Err(SegmentError::Empty { .. })
    ));
    assert!(matches!(
        Segment::create("all", usize::MAX, |_| ()),
        Err(SegmentError::Reserve { .. })
    ));
    // Refused before the first page is touched: the kernel would go on until it kills processes.
    let petabytes = 1 << 52;
    assert!(matches!(
        Segment::create("most", petabytes, |_| ()),
        Err(SegmentError::Reserve { .. })
    ));
    assert!(matches!(
        Segment::create("nu\0l", 1, |_| ()),
        Err(SegmentError::Name { .. })
    ));
}
