//! Texts that say at their beginning how they are encoded.

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is to be searched, but for a mark of so many bytes.
    Bytes { mark: usize },
    /// Two bytes or four for each character.
    Utf16 { of: Order },
}

/// Which byte of two is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    LeastFirst,
    MostFirst,
}

impl Encoding {
    /// What the first bytes of a text say.
    pub(super) fn of(text: &[u8]) -> Self {
        match text {
            [0xef, 0xbb, 0xbf, ..] => Self::Bytes { mark: 3 },
            [0xff, 0xfe, ..] => Self::Utf16 {
                of: Order::LeastFirst,
            },
            [0xfe, 0xff, ..] => Self::Utf16 {
                of: Order::MostFirst,
            },
            _ => Self::Bytes { mark: 0 },
        }
    }
}

/// The text behind the mark. What is no character becomes the replacement character.
pub(super) fn decode_utf16(text: &[u8], order: Order) -> String {
    let (units, rest) = text.as_chunks::<2>();
    let units = units.iter().skip(1).map(|unit| match order {
        Order::LeastFirst => u16::from_le_bytes(*unit),
        Order::MostFirst => u16::from_be_bytes(*unit),
    });
    let mut decoded: String = char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        decoded.push(char::REPLACEMENT_CHARACTER);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_character_is_replaced() {
        let text = b"\xff\xfea\0\x00\xd8b\0\xff";
        assert_eq!(
            Encoding::of(text),
            Encoding::Utf16 {
                of: Order::LeastFirst
            }
        );
        assert_eq!(decode_utf16(text, Order::LeastFirst), "a\u{fffd}b\u{fffd}");
        assert_eq!(Encoding::of(b"\xff"), Encoding::Bytes { mark: 0 });
    }
}
