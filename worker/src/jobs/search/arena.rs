//! The files of a shard, held in memory.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek},
    ops::Range,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use brigade_protocol::jobs::search::Terms;
use memchr::memchr;
use nix::fcntl::OFlag;

use super::{
    block::{Block, GROWTH},
    encoding::{Encoding, decode_utf16},
};

/// Files lie one after another in blocks of this size; what is larger has one of its own. Memory that nothing was
/// written to is none.
const BLOCK: usize = 32 << 20;

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
    /// Reads a file of about so many bytes, instead of the one held under this number. After an error none is held.
    pub(super) fn load(
        &mut self,
        number: u32,
        path: &Path,
        expected: u64,
        terms: Terms,
    ) -> io::Result<Taken> {
        self.forget(number);
        if expected > terms.largest {
            return Ok(Taken::Large);
        }
        let Some((block, len)) = self.read(path, expected, terms.largest)? else {
            return Ok(Taken::Large);
        };
        let place = &mut self.blocks[block];
        let text = place.used..place.used + len;
        let start = match Encoding::of(&place.memory[text.clone()]) {
            Encoding::Bytes { mark } => text.start + mark,
            Encoding::Utf16 { of } => {
                let decoded = decode_utf16(&place.memory[text], of);
                return self.hold_decoded(number, decoded.as_bytes(), terms);
            }
        };
        if !terms.takes_binary && memchr(0, &place.memory[start..text.end]).is_some() {
            return Ok(Taken::Binary);
        }
        place.used = text.end;
        self.hold(number, block, start..text.end);
        Ok(Taken::Held)
    }

    /// Reads a file behind what is used of a block: which one, and how many bytes. `None` when it is too large.
    fn read(
        &mut self,
        path: &Path,
        expected: u64,
        largest: u64,
    ) -> io::Result<Option<(usize, usize)>> {
        let mut file = open(path)?;
        let mut expected = in_memory(expected)?;
        loop {
            let wanted = expected.saturating_add(GROWTH);
            let block = self.room(wanted)?;
            let len = self.blocks[block].read(&file, expected)?;
            if len == expected && len > 0 {
                return Ok(Some((block, len)));
            }
            // Something else than was found at first: a file that was written to, or none at all.
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Err(io::Error::other("not a regular file"));
            }
            if len as u64 > largest {
                return Ok(None);
            }
            if len < wanted {
                return Ok(Some((block, len)));
            }
            expected = in_memory(metadata.len())?.max(len.saturating_mul(2));
            file.rewind()?;
        }
    }

    /// Holds a text that does not lie in a file as it is.
    fn hold_decoded(&mut self, number: u32, text: &[u8], terms: Terms) -> io::Result<Taken> {
        if !terms.takes_binary && memchr(0, text).is_some() {
            return Ok(Taken::Binary);
        }
        let (block, start) = self.append(text)?;
        self.hold(number, block as usize, start..start + text.len());
        Ok(Taken::Held)
    }

    fn hold(&mut self, number: u32, block: usize, text: Range<usize>) {
        self.bytes += text.len();
        let held = Held {
            number,
            block: u32::try_from(block).unwrap_or(u32::MAX),
            start: text.start,
            len: text.len(),
        };
        match self.place(number) {
            Ok(at) => self.held[at] = held,
            Err(at) => self.held.insert(at, held),
        }
    }

    /// A block with so much room.
    fn room(&mut self, wanted: usize) -> io::Result<usize> {
        if self.blocks.last().is_none_or(|block| block.room() < wanted) {
            self.blocks.push(Block::new(BLOCK.max(wanted))?);
        }
        Ok(self.blocks.len() - 1)
    }

    /// Holds this file no more.
    fn forget(&mut self, number: u32) {
        if let Ok(at) = self.place(number) {
            let gone = self.held.remove(at);
            self.unused += gone.len;
            self.bytes -= gone.len;
            if self.unused > BLOCK && self.unused > self.bytes / UNUSED {
                self.gather();
            }
        }
    }

    /// Moves what is held together, block by block, so that no more than one block is held twice. What cannot be
    /// moved stays where it is.
    fn gather(&mut self) {
        let mut order: Vec<usize> = (0..self.held.len()).collect();
        order.sort_unstable_by_key(|&at| (self.held[at].block, self.held[at].start));
        let mut old: Vec<Option<Block>> = std::mem::take(&mut self.blocks)
            .into_iter()
            .map(Some)
            .collect();
        let mut left = order.as_slice();
        while let [at, rest @ ..] = left {
            let held = self.held[*at];
            for freed in &mut old[..held.block as usize] {
                *freed = None;
            }
            let Some(source) = &old[held.block as usize] else {
                break;
            };
            let Ok((block, start)) = self.append(text(source, &held)) else {
                break;
            };
            (self.held[*at].block, self.held[*at].start) = (block, start);
            left = rest;
        }
        let first = u32::try_from(self.blocks.len()).unwrap_or(u32::MAX);
        if let Some(stays_from) = left.first().map(|at| self.held[*at].block) {
            for at in left {
                self.held[*at].block = self.held[*at].block - stays_from + first;
            }
            let stays = old.into_iter().skip(stays_from as usize).flatten();
            self.blocks.extend(stays);
        }
        self.unused = 0;
    }

    /// Puts a text behind what is used; in which block, and where.
    fn append(&mut self, text: &[u8]) -> io::Result<(u32, usize)> {
        let block = self.room(text.len())?;
        let place = &mut self.blocks[block];
        let start = place.used;
        place.memory[start..start + text.len()].copy_from_slice(text);
        place.used += text.len();
        Ok((u32::try_from(block).unwrap_or(u32::MAX), start))
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
            (held.number, text(block, held))
        })
    }

    /// How many files are held, and how many bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.held.len() as u64, self.bytes as u64)
    }
}

fn text<'a>(block: &'a Block, held: &Held) -> &'a [u8] {
    &block.memory[held.start..held.start + held.len]
}

/// Opens a file without waiting, as one that is none would have it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)
}

fn in_memory(bytes: u64) -> io::Result<usize> {
    usize::try_from(bytes).map_err(|_| io::ErrorKind::FileTooLarge.into())
}

#[cfg(test)]
mod tests;
