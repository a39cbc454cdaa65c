//! Bytes as Python shows them: readable where they are text, and exact where they are not.

use super::string::{Escape, push_hex};

/// Appends what Python's `repr` gives for bytes, for JSON between quotes.
pub(crate) fn push_repr(out: &mut Vec<u8>, bytes: &[u8], escape: Escape) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    let is_json = escape == Escape::Json;
    // A backslash, and what JSON makes of it.
    let backslash: &[u8] = if is_json { b"\\\\" } else { b"\\" };
    let push_quote = |out: &mut Vec<u8>| {
        if is_json && quote == b'"' {
            out.push(b'\\');
        }
        out.push(quote);
    };
    if is_json {
        out.push(b'"');
    }
    out.push(b'b');
    push_quote(out);
    for &byte in bytes {
        let named = match byte {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'\\' => {
                out.extend_from_slice(backslash);
                out.extend_from_slice(backslash);
                continue;
            }
            b'\'' if quote == b'\'' => b'\'',
            // Only in single quotes, and only JSON minds.
            b'"' if is_json => {
                out.extend_from_slice(b"\\\"");
                continue;
            }
            0x20..=0x7e => {
                out.push(byte);
                continue;
            }
            _ => {
                out.extend_from_slice(backslash);
                out.push(b'x');
                push_hex(out, &[byte]);
                continue;
            }
        };
        out.extend_from_slice(backslash);
        out.push(named);
    }
    push_quote(out);
    if is_json {
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_look_as_in_python() {
        for (bytes, expected) in [
            (&b""[..], "b''"),
            (b"GET /", "b'GET /'"),
            (b"it's", "b\"it's\""),
            (b"it's \"x\"", "b'it\\'s \"x\"'"),
            (b"\x00\xff\n\\", "b'\\x00\\xff\\n\\\\'"),
        ] {
            let (mut json, mut text) = (Vec::new(), Vec::new());
            push_repr(&mut json, bytes, Escape::Json);
            push_repr(&mut text, bytes, Escape::Text);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
            let read: String = serde_json::from_slice(&json).unwrap();
            assert_eq!(read, expected);
        }
    }
}
