//! The files of a shard, held in memory.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use brigade_protocol::jobs::search::Terms;
use memchr::memchr;
use memmap2::{Advice, MmapMut};
use nix::fcntl::OFlag;

/// Files lie one after another in blocks of this size; what is larger has one of its own. Memory that nothing was
/// written to is none.
const BLOCK: usize = 32 << 20;

/// So much more than its size at first is read of a file that grows meanwhile.
const GROWTH: usize = 64 << 10;

/// Replaced files may leave this share of what is held unused before everything is moved together.
const UNUSED: usize = 8;

/// A file that is held.
#[derive(Debug, Clone, Copy)]
struct Held {
    number: u32,
    block: u32,
    start: usize,
    len: usize,
}

/// What became of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is held.
    Held,
    /// It holds NUL bytes.
    Binary,
    /// It is larger than wanted.
    Large,
}

/// Memory that is filled from its beginning.
#[derive(Debug)]
struct Block {
    memory: MmapMut,
    used: usize,
}

impl Block {
    /// Zeros, in huge pages if the system has some: fewer faults, and shorter ways to the memory.
    fn new(bytes: usize) -> io::Result<Self> {
        let memory = MmapMut::map_anon(bytes)?;
        // It works without as well.
        let _ = memory.advise(Advice::HugePage);
        Ok(Self { memory, used: 0 })
    }

    fn room(&self) -> usize {
        self.memory.len() - self.used
    }

    /// Fills up from a file to its end or the limit of the room; how many bytes that were.
    fn read(&mut self, mut file: &File, expected: usize) -> io::Result<usize> {
        let start = self.used;
        let mut end = start;
        while end < self.memory.len() {
            // One more than there should be: a read that falls short has met the end.
            let wanted = (start + expected + 1)
                .max(end + 4096)
                .min(self.memory.len());
            match file.read(&mut self.memory[end..wanted]) {
                Ok(0) => break,
                Ok(read) => end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if end == start + expected {
                break;
            }
        }
        Ok(end - start)
    }

    fn text(&self, held: &Held) -> &[u8] {
        &self.memory[held.start..held.start + held.len]
    }
}

/// The text of many files.
#[derive(Debug, Default)]
pub(super) struct Arena {
    blocks: Vec<Block>,
    /// By number.
    held: Vec<Held>,
    /// Bytes of files that are held no more.
    unused: usize,
    bytes: usize,
}

impl Arena {
    /// Reads a file, instead of the one held under this number. After an error none is held.
    pub(super) fn load(&mut self, number: u32, path: &Path, terms: Terms) -> io::Result<Taken> {
        self.forget(number)?;
        let (file, size) = open(path)?;
        if size > terms.largest {
            return Ok(Taken::Large);
        }
        let wanted = usize::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let block = self.room(wanted.saturating_add(GROWTH))?;
        let place = &mut self.blocks[block];
        let start = place.used;
        let len = place.read(&file, wanted)?;
        if !terms.takes_binary && memchr(0, &place.memory[start..start + len]).is_some() {
            return Ok(Taken::Binary);
        }
        place.used += len;
        self.bytes += len;
        let held = Held {
            number,
            block: u32::try_from(block).unwrap_or(u32::MAX),
            start,
            len,
        };
        match self.place(number) {
            Ok(at) => self.held[at] = held,
            Err(at) => self.held.insert(at, held),
        }
        Ok(Taken::Held)
    }

    /// A block with so much room.
    fn room(&mut self, wanted: usize) -> io::Result<usize> {
        if self.blocks.last().is_none_or(|block| block.room() < wanted) {
            self.blocks.push(Block::new(BLOCK.max(wanted))?);
        }
        Ok(self.blocks.len() - 1)
    }

    /// Holds this file no more.
    fn forget(&mut self, number: u32) -> io::Result<()> {
        if let Ok(at) = self.place(number) {
            let gone = self.held.remove(at);
            self.unused += gone.len;
            self.bytes -= gone.len;
            if self.unused > BLOCK && self.unused > self.bytes / UNUSED {
                self.gather()?;
            }
        }
        Ok(())
    }

    /// Moves what is held together, block by block, so that no more than one block is held twice.
    fn gather(&mut self) -> io::Result<()> {
        let mut order: Vec<usize> = (0..self.held.len()).collect();
        order.sort_unstable_by_key(|&at| (self.held[at].block, self.held[at].start));
        let mut old: Vec<Option<Block>> = std::mem::take(&mut self.blocks)
            .into_iter()
            .map(Some)
            .collect();
        let held = std::mem::take(&mut self.held);
        let mut moved = held.clone();
        for at in order {
            let from = held[at].block as usize;
            for freed in &mut old[..from] {
                *freed = None;
            }
            let Some(source) = &old[from] else {
                continue;
            };
            let text = source.text(&held[at]);
            let to = self.room(text.len())?;
            let target = &mut self.blocks[to];
            let start = target.used;
            target.memory[start..start + text.len()].copy_from_slice(text);
            target.used += text.len();
            moved[at] = Held {
                block: u32::try_from(to).unwrap_or(u32::MAX),
                start,
                ..held[at]
            };
        }
        self.held = moved;
        self.unused = 0;
        Ok(())
    }

    fn place(&self, number: u32) -> Result<usize, usize> {
        // Files mostly come in order.
        match self.held.last() {
            Some(last) if last.number < number => Err(self.held.len()),
            _ => self.held.binary_search_by_key(&number, |held| held.number),
        }
    }

    /// The files by number, each with its text.
    pub(super) fn files(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.held.iter().map(|held| {
            let block = &self.blocks[held.block as usize];
            (held.number, block.text(held))
        })
    }

    /// How many files are held, and how many bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.held.len() as u64, self.bytes as u64)
    }
}

/// Opens a file that is one, without waiting for what is none.
pub(crate) fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((file, metadata.len()))
}

#[cfg(test)]
mod tests {
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
            assert_eq!(arena.load(number, &path, TERMS).unwrap(), Taken::Held);
        }
        fs::write(&path, b"").unwrap();
        arena.load(2, &path, TERMS).unwrap();
        assert_eq!(texts(&arena), [(1, 10, b'a'), (2, 0, 0), (3, 10, b'c')]);
        fs::remove_file(&path).unwrap();
        assert!(arena.load(1, &path, TERMS).is_err());
        assert_eq!((texts(&arena).len(), arena.size()), (2, (2, 10)));
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut arena = Arena::default();
        fs::write(&path, b"text\0").unwrap();
        assert_eq!(arena.load(0, &path, TERMS).unwrap(), Taken::Binary);
        let all = Terms {
            takes_binary: true,
            largest: 4,
        };
        assert_eq!(arena.load(0, &path, all).unwrap(), Taken::Large);
        let all = Terms { largest: 5, ..all };
        assert_eq!(arena.load(0, &path, all).unwrap(), Taken::Held);
        assert!(arena.load(1, folder.path(), all).is_err());
        // A FIFO nobody writes to is not waited for.
        let fifo = folder.path().join("fifo");
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let error = arena.load(2, &fifo, all).unwrap_err();
        assert_eq!(error.to_string(), "not a regular file");
        assert_eq!(arena.size(), (1, 5));
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
                arena.load(number, &path, TERMS).unwrap();
            }
        }
        let kept: usize = arena.blocks.iter().map(|block| block.used).sum();
        assert!(kept <= 3 * BLOCK, "{kept} bytes for 4 MiB");
        let expected: Vec<_> = (0..4_u8)
            .map(|number| (u32::from(number), 1 << 20, b'a' + number))
            .collect();
        assert_eq!(texts(&arena), expected);
    }
}
