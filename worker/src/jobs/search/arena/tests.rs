//! Files held, read again, moved together.

use std::fs;

use super::*;

const TERMS: Terms = Terms {
    takes_binary: false,
    largest: 100 << 20,
};

fn texts(arena: &Arena) -> Vec<(u32, usize, u8)> {
    arena
        .files()
        .map(|(number, text)| (number, text.len(), text.first().copied().unwrap_or(0)))
        .collect()
}

#[test]
fn files_are_held_by_number_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut arena = Arena::default();
    for (number, byte) in [(3, b'c'), (1, b'a'), (2, b'b')] {
        fs::write(&path, vec![byte; 10]).unwrap();
        assert_eq!(arena.load(number, &path, 10, TERMS).unwrap(), Taken::Held);
    }
    fs::write(&path, b"").unwrap();
    arena.load(2, &path, 0, TERMS).unwrap();
    assert_eq!(texts(&arena), [(1, 10, b'a'), (2, 0, 0), (3, 10, b'c')]);
    fs::remove_file(&path).unwrap();
    assert!(arena.load(1, &path, 10, TERMS).is_err());
    assert_eq!((texts(&arena).len(), arena.size()), (2, (2, 10)));
}

#[test]
fn what_is_no_text_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut arena = Arena::default();
    fs::write(&path, b"text\0").unwrap();
    assert_eq!(arena.load(0, &path, 5, TERMS).unwrap(), Taken::Binary);
    let all = Terms {
        takes_binary: true,
        largest: 4,
    };
    for expected in [5, 3] {
        assert_eq!(arena.load(0, &path, expected, all).unwrap(), Taken::Large);
    }
    let all = Terms { largest: 5, ..all };
    assert_eq!(arena.load(0, &path, 5, all).unwrap(), Taken::Held);
    assert!(arena.load(1, folder.path(), 4, all).is_err());
    // A FIFO nobody writes to is not waited for.
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let error = arena.load(2, &fifo, 4, all).unwrap_err();
    assert_eq!(error.to_string(), "not a regular file");
    assert_eq!(arena.size(), (1, 5));
}

#[test]
fn a_file_that_is_larger_or_smaller_than_it_was_is_held_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut arena = Arena::default();
    let all = Terms {
        largest: u64::MAX,
        ..TERMS
    };
    for (number, len) in (0..).zip([0, 1, GROWTH, 3 * GROWTH, BLOCK + 7]) {
        fs::write(&path, vec![b'x'; len]).unwrap();
        for expected in [len, 0, 1, 2 * len, len.saturating_sub(1), GROWTH] {
            arena.load(number, &path, expected as u64, all).unwrap();
            assert_eq!(
                texts(&arena)[number as usize].1,
                len,
                "instead of {expected}"
            );
        }
    }
}

#[test]
fn texts_with_a_byte_order_mark_are_held_without() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut arena = Arena::default();
    let text = "größer 😀\n";
    let wide = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(bytes).collect()
    };
    let files = [
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        wide(u16::to_le_bytes),
        wide(u16::to_be_bytes),
    ];
    for (number, bytes) in (0..).zip(files) {
        fs::write(&path, &bytes).unwrap();
        let taken = arena.load(number, &path, bytes.len() as u64, TERMS);
        assert_eq!(taken.unwrap(), Taken::Held);
    }
    assert!(arena.files().all(|(_, held)| held == text.as_bytes()));
    assert_eq!(arena.files().count(), 3);
}

#[test]
fn files_read_again_and_again_do_not_pile_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut arena = Arena::default();
    for round in 0..120 {
        for number in 0..4 {
            let byte = b'a' + u8::try_from(round).unwrap() % 7 + u8::try_from(number).unwrap();
            fs::write(&path, vec![byte; 1 << 20]).unwrap();
            arena.load(number, &path, 10, TERMS).unwrap();
        }
    }
    let kept: usize = arena.blocks.iter().map(|block| block.used).sum();
    assert!(kept <= 3 * BLOCK, "{kept} bytes for 4 MiB");
    let expected: Vec<_> = (0..4_u8)
        .map(|number| (u32::from(number), 1 << 20, b'a' + number))
        .collect();
    assert_eq!(texts(&arena), expected);
}
