//! How records lie in the stream: four bytes of length, the highest first, and that many bytes of pickle.

/// The length in front of each record.
pub(crate) const HEADER: usize = 4;

/// The largest limit that may be set: places in a record, and behind it, are numbers of 32 bits.
pub(crate) const LARGEST_LIMIT: usize = 1 << 29;

/// What a stream goes on with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// A whole record, without its length.
    Record(&'a [u8]),
    /// A part of one; all of it, with its length, takes so many bytes.
    Part(usize),
}

/// Why the stream cannot be followed any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// Refused before any memory is taken.
    #[error("a record of {length} bytes is announced, and the limit is {limit}{}", hint(*length))]
    TooLong { length: u32, limit: usize },
    /// No pickle has no bytes.
    #[error("a record of no bytes is announced")]
    Empty,
}

/// What talks to this port by mistake is recognised by its first four bytes.
fn hint(length: u32) -> &'static str {
    match &length.to_be_bytes() {
        b"GET " | b"POST" | b"HEAD" | b"PUT " => "; this looks like HTTP",
        [0x16, 0x03, _, _] => "; this looks like TLS, which needs --tls-cert and --tls-key here",
        b"SSH-" => "; this looks like SSH",
        _ => "",
    }
}

/// What `bytes` begin with.
pub(crate) fn next(bytes: &[u8], limit: usize) -> Result<Next<'_>, FrameError> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
        return Ok(Next::Part(HEADER));
    };
    let announced = u32::from_be_bytes(*header);
    match usize::try_from(announced) {
        Ok(0) => Err(FrameError::Empty),
        Ok(length) if length <= limit => Ok(rest
            .get(..length)
            .map_or(Next::Part(HEADER + length), Next::Record)),
        _ => Err(FrameError::TooLong {
            length: announced,
            limit,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_whole_or_says_how_much_it_takes() {
        assert_eq!(next(b"", 10), Ok(Next::Part(4)));
        assert_eq!(next(b"\0\0\0", 10), Ok(Next::Part(4)));
        assert_eq!(next(b"\0\0\0\x02", 10), Ok(Next::Part(6)));
        assert_eq!(next(b"\0\0\0\x02a", 10), Ok(Next::Part(6)));
        assert_eq!(next(b"\0\0\0\x02ab", 10), Ok(Next::Record(b"ab")));
        assert_eq!(next(b"\0\0\0\x02abc", 10), Ok(Next::Record(b"ab")));
    }

    #[test]
    fn lengths_are_refused_before_their_bytes_come() {
        let limit = 10;
        assert_eq!(next(&[0, 0, 0, 10], limit), Ok(Next::Part(14)));
        for length in [11, u32::MAX] {
            let error = FrameError::TooLong { length, limit };
            assert_eq!(next(&length.to_be_bytes(), limit), Err(error));
        }
        assert_eq!(next(&[0; 4], limit), Err(FrameError::Empty));
        let error = next(b"GET / HTTP/1.1", limit).unwrap_err().to_string();
        assert!(error.ends_with("; this looks like HTTP"), "{error}");
    }
}
