//! The bytes of a file as text, in the encoding that the file declares, as CPython decodes them.

use std::borrow::Cow;

use brigade_protocol::jobs::imports::{Fault, FaultKind};
use encoding_rs::{DecoderResult, Encoding};
use memchr::memchr;

use super::{
    charset::{Charset, Controls, charset},
    cookie::cookie,
    place::place,
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Decodes a file.
///
/// # Errors
/// When its bytes are no text in its encoding, or it declares one that is not known.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    if let Some(width) = wide(bytes) {
        let message = format!("the file is {width}, which Python does not read; save it as UTF-8");
        return Err(fault(FaultKind::Encoding, bytes, 0, message));
    }
    if let Some(at) = memchr(0, bytes) {
        let message = "source code cannot contain null bytes".to_owned();
        return Err(fault(FaultKind::Syntax, bytes, at, message));
    }
    let (text, has_mark) = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (text, true),
        None => (bytes, false),
    };
    let Some(cookie) = cookie(text) else {
        return to_text(text, Charset::Utf8, has_mark);
    };
    match charset(cookie.name) {
        Some(_) if has_mark && !is_plain(cookie.name) => {
            let message = format!(
                "encoding `{}` is declared after a byte order mark of UTF-8, where Python takes `utf-8` only",
                cookie.name
            );
            Err(fault(FaultKind::Encoding, text, cookie.offset, message))
        }
        Some(charset) => to_text(text, charset, true),
        None => {
            let message = format!("unknown encoding `{}`", cookie.name);
            Err(fault(FaultKind::Encoding, text, cookie.offset, message))
        }
    }
}

/// The encoding of which this is a byte order mark that no Python source may have.
fn wide(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ => None,
    }
}

/// Whether a name is one of the few that Python takes after a byte order mark: `utf8` is not.
fn is_plain(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    name == "utf-8" || name.starts_with("utf-8-")
}

fn to_text(bytes: &[u8], charset: Charset, is_declared: bool) -> Result<Cow<'_, str>, Fault> {
    let wrong = |at: usize, name: &str| {
        let byte = bytes.get(at).copied().unwrap_or_default();
        let message = if is_declared {
            format!("byte 0x{byte:02x} is no text in {name}")
        } else {
            format!("byte 0x{byte:02x} is no text in {name}, and no other encoding is declared")
        };
        fault(FaultKind::Encoding, bytes, at, message)
    };
    match charset {
        Charset::Utf8 => match str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(wrong(error.valid_up_to(), "UTF-8")),
        },
        Charset::Ascii => match str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => Ok(text.into()),
            _ => {
                let at = bytes.iter().position(|byte| !byte.is_ascii());
                Err(wrong(at.unwrap_or_default(), "ASCII"))
            }
        },
        Charset::Latin1 => Ok(encoding_rs::mem::decode_latin1(bytes)),
        Charset::Other(encoding, controls) => {
            decode_with(encoding, controls, bytes).map_err(|at| wrong(at, encoding.name()))
        }
    }
}

/// Decodes, or says at which byte that cannot go on.
fn decode_with<'a>(
    encoding: &'static Encoding,
    controls: Controls,
    bytes: &'a [u8],
) -> Result<Cow<'a, str>, usize> {
    if encoding.is_ascii_compatible() && bytes.is_ascii() && encoding != encoding_rs::ISO_2022_JP {
        return Ok(str::from_utf8(bytes)
            .map_err(|error| error.valid_up_to())?
            .into());
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
    let mut text = String::with_capacity(room.ok_or(0_usize)?);
    let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    match result {
        DecoderResult::InputEmpty => {}
        DecoderResult::Malformed(length, after) => {
            return Err(read.saturating_sub(usize::from(length) + usize::from(after)));
        }
        DecoderResult::OutputFull => return Err(read),
    }
    // Python leaves undefined what the web takes for control characters.
    let is_undefined = |letter: char| ('\u{80}'..='\u{9f}').contains(&letter);
    if encoding.name().starts_with("windows-")
        && controls == Controls::Undefined
        && let Some(at) = text.chars().position(is_undefined)
    {
        return Err(at);
    }
    Ok(text.into())
}

fn fault(kind: FaultKind, bytes: &[u8], offset: usize, message: String) -> Fault {
    Fault {
        place: Some(place(bytes, offset)),
        ..Fault::of_file(kind, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(bytes: &[u8]) -> (u32, u32, String) {
        let fault = decode(bytes).unwrap_err();
        let place = fault.place.unwrap();
        (place.line, place.column, fault.message)
    }

    #[test]
    fn bytes_become_the_text_that_python_makes_of_them() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"\xef\xbb\xbfx", "x"),
            (
                b"\xef\xbb\xbf# coding: utf-8\n\xc3\xa9",
                "# coding: utf-8\n\u{e9}",
            ),
            (
                b"# coding: latin-1\n\x80\xe9",
                "# coding: latin-1\n\u{80}\u{e9}",
            ),
            (b"# coding: cp1252\n\x80", "# coding: cp1252\n\u{20ac}"),
            (
                b"# coding: Shift_JIS\n\x95\\",
                "# coding: Shift_JIS\n\u{8868}",
            ),
            (
                b"# coding: UTF_8-mac\n\xc3\xa9",
                "# coding: UTF_8-mac\n\u{e9}",
            ),
            (b"# coding: koi8-r\n\xc1", "# coding: koi8-r\n\u{430}"),
        ] {
            assert_eq!(decode(bytes).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let (line, column, message) = wrong(b"x = 1\r\ny = '\xe9'\n");
        assert_eq!((line, column), (2, 6));
        assert!(
            message.contains("0xe9") && message.contains("no other encoding is declared"),
            "{message}"
        );
        assert_eq!(wrong(b"\xef\xbb\xbf# coding: utf8\n").1, 11);
        let (line, column, message) = wrong(b"\xef\xbb\xbf\n# coding: cp1252\n");
        assert_eq!((line, column), (2, 11), "{message}");
        assert_eq!(
            wrong(b"# coding: cp1252\nx\x81"),
            (2, 2, "byte 0x81 is no text in windows-1252".into())
        );
        assert_eq!(wrong(b"# coding: ascii\n\xe9").0, 2);
        assert_eq!(wrong(b"# coding: euc-jp\nab\xff").1, 3);
        assert_eq!(
            wrong(b"# coding: klingon\n"),
            (1, 11, "unknown encoding `klingon`".into())
        );
        assert!(wrong(b"\xff\xfei\0").2.contains("UTF-16"));
        assert!(wrong(b"\xff\xfe\0\0").2.contains("UTF-32"));
        assert_eq!(wrong(b"\n\n  \0").0, 3);
    }
}
