//! Memory for many texts.

use std::{
    fs::File,
    io::{self, Read},
};

use memmap2::{Advice, MmapMut};

/// So much more than its size at first is read of a file that grows meanwhile.
pub(super) const GROWTH: usize = 64 << 10;

/// Memory that is filled from its beginning.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) memory: MmapMut,
    pub(super) used: usize,
}

impl Block {
    /// Zeros, in huge pages if the system has some: fewer faults, and shorter ways to the memory.
    pub(super) fn new(bytes: usize) -> io::Result<Self> {
        let memory = MmapMut::map_anon(bytes)?;
        // It works without as well.
        let _ = memory.advise(Advice::HugePage);
        Ok(Self { memory, used: 0 })
    }

    pub(super) fn room(&self) -> usize {
        self.memory.len() - self.used
    }

    /// Fills up from a file to its end, for which there may be no room; how many bytes that were.
    pub(super) fn read(&mut self, mut file: &File, expected: usize) -> io::Result<usize> {
        let start = self.used;
        let mut end = start;
        while end < self.memory.len() {
            // One more than there should be: a read that falls short has met the end.
            let wanted = (start + expected + 1)
                .max(end + GROWTH)
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
}
