use super::*;
use proptest::prelude::*;

#[test]
fn what_is_no_arena_is_refused() {
    let file = Path::new("/dev/null");
    assert_eq!(Arena::open(file, 4096).unwrap_err(), ArenaError::NotAnArena);
    let odd = Arena::create("brigade-test", 4096, 5000).unwrap_err();
    assert_eq!(odd, ArenaError::NotAnArena);
    let gone = Arena::open(Path::new("/proc/self/fd/-1"), 4096).unwrap_err();
    assert!(matches!(gone, ArenaError::Os { what: "open", .. }));
}

#[test]
fn memory_that_is_given_back_reads_as_zeros() {
    let arena = Arena::create("brigade-test", 4096, 1 << 20).unwrap();
    arena.reserve(0, 1 << 20).unwrap();
    arena.write(1 << 19, b"here");
    arena.release(1 << 19, 1 << 20).unwrap();
    let mut bytes = Vec::new();
    arena.read(1 << 19, 4, &mut bytes);
    assert_eq!(bytes, [0; 4]);
}

proptest! {
    #[test]
    fn bytes_come_back_from_any_position(position: u64, bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let arena = Arena::create("brigade-test", 64, 4096).unwrap();
        arena.write(position, &bytes);
        let mut out = vec![9];
        arena.read(position, bytes.len(), &mut out);
        prop_assert_eq!(&out[1..], &bytes);
    }
}
