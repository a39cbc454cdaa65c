//! Frames: a `u32` little-endian length, then that many bytes. Pure: nothing here reads or writes.

use crate::codec::EncodeError;

/// The most a single frame may carry. A length above it is refused before anything is allocated.
pub const MAX_FRAME_BYTES: usize = 64 << 20;

/// Bytes of the length in front of each frame.
pub const HEADER_BYTES: usize = 4;

/// How much room [`Decoder::spare`] offers at least.
const READ_BYTES: usize = 64 << 10;

/// Why a stream of bytes is not a stream of frames.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum FrameError {
    /// The length in front of a frame is above the limit: the stream is corrupt or hostile.
    #[error("a frame claims {claimed} bytes, above the limit of {limit}")]
    TooLong {
        /// What the length says.
        claimed: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// Why a frame could not be appended.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum AppendError {
    /// The content did not encode.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The content is larger than a frame may be.
    #[error("takes {bytes} bytes, above the limit of {limit}")]
    TooLong {
        /// Size of the content.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// Appends one frame to `out`, its content written by `fill`. On an error `out` is as it was.
///
/// # Errors
/// What `fill` returns, or [`AppendError::TooLong`].
pub fn append(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
) -> Result<(), AppendError> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    if let Err(error) = fill(out) {
        out.truncate(start);
        return Err(error.into());
    }
    let bytes = out.len() - start - HEADER_BYTES;
    match u32::try_from(bytes) {
        Ok(length) if bytes <= MAX_FRAME_BYTES => {
            out[start..start + HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
            Ok(())
        }
        _ => {
            out.truncate(start);
            Err(AppendError::TooLong {
                bytes,
                limit: MAX_FRAME_BYTES,
            })
        }
    }
}

/// Cuts a stream of bytes, arriving in pieces of any size, into frames.
///
/// ```
/// use brigade_protocol::frame::{self, Decoder};
///
/// let mut stream = Vec::new();
/// frame::append(&mut stream, |out| Ok(out.extend(b"hello")))?;
///
/// let mut decoder = Decoder::default();
/// for byte in stream {
///     decoder.spare()[0] = byte;
///     decoder.advance(1);
/// }
/// assert_eq!(decoder.next_frame()?, Some(&b"hello"[..]));
/// assert_eq!(decoder.next_frame()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Decoder {
    /// Room for the next read, never empty. Say with [`advance`](Self::advance) how much was read into it.
    pub fn spare(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        if self.buffer.len() - self.end < READ_BYTES / 2 {
            self.make_room();
        }
        &mut self.buffer[self.end..]
    }

    /// Moves what is pending to the front, and doubles the buffer when that does not free enough.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() - self.end < READ_BYTES / 2 {
            let length = (self.buffer.len() * 2).max(READ_BYTES);
            self.buffer.resize(length, 0);
        }
    }

    /// Marks `bytes` of [`spare`](Self::spare) as filled.
    pub fn advance(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
    }

    /// Copies `bytes` in, for streams that are at hand as a whole.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let spare = self.spare();
            let count = spare.len().min(bytes.len());
            spare[..count].copy_from_slice(&bytes[..count]);
            self.advance(count);
            bytes = &bytes[count..];
        }
    }

    /// The next whole frame's content, or `None` until more has arrived.
    ///
    /// # Errors
    /// [`FrameError::TooLong`]; the stream cannot be followed any further then.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        let pending = &self.buffer[self.start..self.end];
        let Some((header, rest)) = pending.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*header) as usize;
        if length > MAX_FRAME_BYTES {
            return Err(FrameError::TooLong {
                claimed: length,
                limit: MAX_FRAME_BYTES,
            });
        }
        if rest.len() < length {
            return Ok(None);
        }
        let content = self.start + HEADER_BYTES;
        self.start = content + length;
        Ok(Some(&self.buffer[content..content + length]))
    }

    /// Bytes that have arrived and belong to no frame handed out yet.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.end - self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(contents: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for content in contents {
            append(&mut stream, |out| {
                out.extend(content);
                Ok(())
            })
            .unwrap();
        }
        stream
    }

    proptest! {
        #[test]
        fn frames_survive_any_cutting_of_the_stream(
            contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..20),
            cut in 1_usize..97,
        ) {
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for piece in framed(&contents).chunks(cut) {
                decoder.push(piece);
                while let Some(frame) = decoder.next_frame().unwrap() {
                    seen.push(frame.to_vec());
                }
            }
            prop_assert_eq!(seen, contents);
            prop_assert_eq!(decoder.pending_bytes(), 0);
        }
    }

    #[test]
    fn a_frame_larger_than_the_buffer_arrives_whole() {
        let content = vec![5_u8; 3 * READ_BYTES + 11];
        let mut decoder = Decoder::default();
        decoder.push(&framed(&[vec![1], content.clone(), vec![2]]));
        assert_eq!(decoder.next_frame().unwrap(), Some(&[1][..]));
        assert_eq!(decoder.next_frame().unwrap(), Some(&content[..]));
        assert_eq!(decoder.next_frame().unwrap(), Some(&[2][..]));
    }

    #[test]
    fn a_corrupt_length_is_refused_before_memory_is_taken() {
        let mut decoder = Decoder::default();
        decoder.push(&u32::MAX.to_le_bytes());
        let before = decoder.buffer.capacity();
        assert_eq!(
            decoder.next_frame(),
            Err(FrameError::TooLong {
                claimed: u32::MAX as usize,
                limit: MAX_FRAME_BYTES
            })
        );
        assert_eq!(decoder.buffer.capacity(), before);
    }

    #[test]
    fn a_frame_that_is_too_long_leaves_the_stream_as_it_was() {
        let mut stream = framed(&[vec![9]]);
        let before = stream.clone();
        let result = append(&mut stream, |out| {
            out.resize(out.len() + MAX_FRAME_BYTES + 1, 0);
            Ok(())
        });
        assert!(matches!(result, Err(AppendError::TooLong { .. })));
        assert_eq!(stream, before);
    }
}
