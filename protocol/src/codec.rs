//! Values to bytes and back: the one file that names bincode.
//!
//! bincode 2.0.1 is the wire format. The crate is finished and unmaintained (RUSTSEC-2025-0141) and its
//! 3.0.0 is an empty package, so it stays behind these few functions: replacing it means rewriting this file.
//!
//! Decoding never panics and never trusts its bytes: lengths are checked against the size of what is there,
//! and collections grow with it.

use bincode::{
    config::{self, Configuration, LittleEndian, Varint},
    de::read::Reader,
    enc::write::Writer,
};
use serde::{Serialize, de::DeserializeOwned};

/// How much memory a value may claim while it is decoded, by the size of what it is decoded from: a length in
/// corrupt bytes must not take memory that no honest value of that size could need.
const SMALL: (usize, usize) = (64 << 10, 1 << 20);
const MEDIUM: (usize, usize) = (64 << 20, 1 << 30);
const LARGEST: usize = 1 << 40;

type Config = Configuration<LittleEndian, Varint>;

const CONFIG: Config = config::standard();

/// Large pieces of memory are copied in blocks of so much. The C library copies more than twice that by `rep movsb`, which
/// on recent processors of AMD takes four times as long where source and target lie differently within their lines.
pub(crate) const BLOCK_BYTES: usize = 1 << 10;

/// Why a value could not be turned into bytes.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("cannot be encoded: {0}")]
pub struct EncodeError(String);

/// Why bytes could not be turned into a value.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("cannot be decoded: {0}")]
pub struct DecodeError(String);

/// Appends the encoding of `value` to `out`; on an error `out` is as it was.
///
/// # Errors
/// When the value's `Serialize` refuses, for example a map of unknown length.
///
/// ```
/// use brigade_protocol::codec;
///
/// let mut bytes = Vec::new();
/// codec::encode_into(&("ED", 7_u32), &mut bytes)?;
/// assert_eq!(codec::decode::<(String, u32)>(&bytes)?, ("ED".to_string(), 7));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode_into<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let before = out.len();
    match bincode::serde::encode_into_writer(value, Target(out), CONFIG) {
        Ok(()) => Ok(()),
        Err(error) => {
            out.truncate(before);
            Err(EncodeError(match error {
                // What the value itself said, without the library's wrapping.
                bincode::error::EncodeError::OtherString(message) => message,
                other => other.to_string(),
            }))
        }
    }
}

/// Decodes a value that takes up all of `bytes`.
///
/// # Errors
/// When the bytes are not such a value, are too short, or go on after it.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = decode_prefix(bytes)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError(format!(
            "{} bytes are left over after the value",
            rest.len()
        )))
    }
}

/// Decodes a value from the front of `bytes` and returns it with what follows.
///
/// # Errors
/// When the bytes do not begin with such a value.
pub fn decode_prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), DecodeError> {
    let (value, used) = match bytes.len() {
        length if length <= SMALL.0 => decode_within::<T, { SMALL.1 }>(bytes),
        length if length <= MEDIUM.0 => decode_within::<T, { MEDIUM.1 }>(bytes),
        _ => decode_within::<T, LARGEST>(bytes),
    }?;
    let rest = bytes
        .get(used..)
        .ok_or_else(|| DecodeError("the decoder read past the end".into()))?;
    Ok((value, rest))
}

fn decode_within<T: DeserializeOwned, const LIMIT: usize>(
    bytes: &[u8],
) -> Result<(T, usize), DecodeError> {
    let config = CONFIG.with_limit::<LIMIT>();
    let decoded = if bytes.len() < LARGE_BYTES {
        bincode::serde::decode_from_slice(bytes, config)
    } else {
        let mut source = Source(bytes);
        let value = bincode::serde::decode_from_reader(&mut source, config);
        value.map(|value| (value, bytes.len() - source.0.len()))
    };
    decoded.map_err(|error| DecodeError(error.to_string()))
}

/// From here on, bytes are read by way of [`Source`].
const LARGE_BYTES: usize = 16 << 10;

/// What is encoded, at the end of a vector.
struct Target<'a>(&'a mut Vec<u8>);

impl Writer for Target<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), bincode::error::EncodeError> {
        if bytes.len() <= BLOCK_BYTES {
            self.0.extend_from_slice(bytes);
        } else {
            self.0.reserve(bytes.len());
            for block in bytes.chunks(BLOCK_BYTES) {
                self.0.extend_from_slice(block);
            }
        }
        Ok(())
    }
}

/// What is left to be decoded.
struct Source<'a>(&'a [u8]);

impl Reader for Source<'_> {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> Result<(), bincode::error::DecodeError> {
        let too_short = || bincode::error::DecodeError::UnexpectedEnd {
            additional: out.len() - self.0.len(),
        };
        let (bytes, rest) = self.0.split_at_checked(out.len()).ok_or_else(too_short)?;
        for (out, bytes) in out.chunks_mut(BLOCK_BYTES).zip(bytes.chunks(BLOCK_BYTES)) {
            out.copy_from_slice(bytes);
        }
        self.0 = rest;
        Ok(())
    }

    #[inline]
    fn peek_read(&mut self, bytes: usize) -> Option<&[u8]> {
        self.0.get(..bytes)
    }

    #[inline]
    fn consume(&mut self, bytes: usize) {
        self.0 = self.0.get(bytes..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Sample = (u64, Vec<String>, Option<f64>, BTreeMap<u8, Vec<u8>>);

    proptest! {
        #[test]
        fn any_value_survives_the_round_trip(
            number: u64,
            texts: Vec<String>,
            fraction in proptest::option::of(-1e300..1e300),
            map: BTreeMap<u8, Vec<u8>>,
        ) {
            let value: Sample = (number, texts, fraction, map);
            let mut bytes = vec![7, 7];
            encode_into(&value, &mut bytes).unwrap();
            prop_assert_eq!(&bytes[..2], &[7, 7]);
            prop_assert_eq!(decode::<Sample>(&bytes[2..]).unwrap(), value);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused_without_a_panic(bytes: Vec<u8>) {
            let _ = decode::<Sample>(&bytes);
            let _ = decode::<crate::FromWorker>(&bytes);
            let _ = decode::<crate::ToWorker>(&bytes);
            let _ = decode::<crate::Hello>(&bytes);
        }

        #[test]
        fn a_shortened_value_is_refused(number in 1000_u64.., texts: Vec<String>) {
            let mut bytes = Vec::new();
            encode_into(&(texts, number), &mut bytes).unwrap();
            bytes.pop();
            prop_assert!(decode::<(Vec<String>, u64)>(&bytes).is_err());
        }
    }

    #[test]
    fn a_length_that_lies_costs_no_memory() {
        // A vector that claims 2^62 elements, and a string that claims 2 GiB.
        let mut vector = vec![253];
        vector.extend((1_u64 << 62).to_le_bytes());
        assert!(decode::<Vec<u64>>(&vector).is_err());
        let mut text = vec![252];
        text.extend((1_u32 << 31).to_le_bytes());
        assert!(decode::<String>(&text).is_err());
    }

    #[test]
    fn bytes_after_the_value_are_an_error_that_counts_them() {
        let error = decode::<u8>(&[1, 2, 3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot be decoded: 2 bytes are left over after the value"
        );
    }
}
