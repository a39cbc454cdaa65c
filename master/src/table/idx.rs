//! IDX, the format of MNIST: two zeros, the type, the number of axes, the axes' lengths, the elements; all big-endian.

use super::{
    array::{Array, Kind},
    array_error::ArrayError,
};

/// The type that a byte of the magic number names.
fn element(code: u8) -> Option<(Kind, usize)> {
    Some(match code {
        0x08 => (Kind::Unsigned, 1),
        0x09 => (Kind::Signed, 1),
        0x0b => (Kind::Signed, 2),
        0x0c => (Kind::Signed, 4),
        0x0d => (Kind::Float, 4),
        0x0e => (Kind::Float, 8),
        _ => return None,
    })
}

/// Whether a file that begins like this is one.
pub(super) fn is_idx(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, code, ..] if element(*code).is_some())
}

/// Reads the header.
pub(super) fn header(source: &str, bytes: &[u8]) -> Result<Array, ArrayError> {
    let wrong = |cause: &str| ArrayError::Header {
        source_name: source.to_owned(),
        cause: cause.to_owned(),
    };
    let [0, 0, code, axes, rest @ ..] = bytes else {
        return Err(wrong("expected four bytes at least; get the file anew"));
    };
    let (kind, size) =
        element(*code).ok_or_else(|| wrong("expected the type of its elements as third byte"))?;
    let axes = usize::from(*axes);
    let lengths = rest
        .get(..4 * axes)
        .ok_or_else(|| wrong("it ends before the lengths of its axes do; get the file anew"))?;
    if axes == 0 {
        return Err(wrong("expected one axis at least, as fourth byte"));
    }
    let (lengths, _) = lengths.as_chunks::<4>();
    let length = |raw: &[u8; 4]| usize::try_from(u32::from_be_bytes(*raw)).unwrap_or(usize::MAX);
    Ok(Array {
        shape: lengths.iter().map(length).collect(),
        kind,
        size,
        is_big_endian: true,
        is_fortran: false,
        start: 4 + 4 * axes,
    })
}
