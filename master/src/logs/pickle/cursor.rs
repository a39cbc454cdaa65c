//! A place in a record, which only moves on.

use super::{PickleError, tree::Span};

/// The bytes of a record, and how far they are read.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        let byte = *self.bytes.get(self.at).ok_or(PickleError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let (head, _) = self.bytes[self.at..]
            .split_first_chunk::<N>()
            .ok_or(PickleError::Truncated)?;
        self.at += N;
        Ok(*head)
    }

    /// A number of bytes, as four of them tell it.
    #[inline]
    pub(super) fn length(&mut self) -> Result<usize, PickleError> {
        let length = u32::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|_| PickleError::Truncated)
    }

    /// A number of bytes, as eight of them tell it.
    pub(super) fn long_length(&mut self) -> Result<usize, PickleError> {
        let length = u64::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|_| PickleError::Truncated)
    }

    /// The next `length` bytes, where they are.
    #[inline]
    pub(super) fn span(&mut self, length: usize) -> Result<Span, PickleError> {
        if length > self.left() {
            return Err(PickleError::Truncated);
        }
        let span = Span::new(self.at, length);
        self.at += length;
        Ok(span)
    }

    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let start = self.at;
        self.span(length)?;
        Ok(&self.bytes[start..self.at])
    }

    /// The bytes up to the next newline, which is taken too, and where they begin.
    pub(super) fn line(&mut self) -> Result<(&'a [u8], usize), PickleError> {
        let start = self.at;
        let length = memchr::memchr(b'\n', &self.bytes[start..]).ok_or(PickleError::Truncated)?;
        self.at += length + 1;
        Ok((&self.bytes[start..start + length], start))
    }
}
