//! The opcodes of protocol 0, whose arguments are lines of text.

use super::{
    PickleError,
    cursor::Cursor,
    tree::{Node, Span, Tree},
};

const BAD_NUMBER: PickleError = PickleError::Damaged("a number is none");
const BAD_TEXT: PickleError = PickleError::Damaged("an escape in text is none");

/// Digits that other JSON readers still take for a number; longer ones are written as text.
const MOST_DIGITS: usize = 4300;

/// `I01`, `I00`: truth; `I42`: a number.
pub(super) fn int(cursor: &mut Cursor<'_>) -> Result<Node, PickleError> {
    let (line, start) = cursor.line()?;
    match line {
        b"00" => Ok(Node::Bool(false)),
        b"01" => Ok(Node::Bool(true)),
        _ => number(line, start),
    }
}

/// `L42L`: a number of any size.
pub(super) fn long(cursor: &mut Cursor<'_>) -> Result<Node, PickleError> {
    let (line, start) = cursor.line()?;
    number(line.strip_suffix(b"L").unwrap_or(line), start)
}

fn number(digits: &[u8], start: usize) -> Result<Node, PickleError> {
    let text = str::from_utf8(digits).map_err(|_| BAD_NUMBER)?;
    if let Ok(number) = text.parse() {
        return Ok(Node::Int(number));
    }
    let unsigned = digits.strip_prefix(b"-").unwrap_or(digits);
    let is_plain = unsigned.iter().all(u8::is_ascii_digit);
    if !is_plain || unsigned.first().is_none_or(|first| *first == b'0') {
        return Err(BAD_NUMBER);
    }
    let span = Span::new(start, digits.len());
    Ok(if unsigned.len() > MOST_DIGITS {
        Node::Text(span)
    } else {
        Node::Digits(span)
    })
}

/// `F0.5`.
pub(super) fn float(cursor: &mut Cursor<'_>) -> Result<Node, PickleError> {
    let (line, _) = cursor.line()?;
    let text = str::from_utf8(line).map_err(|_| BAD_NUMBER)?;
    text.parse().map(Node::Float).map_err(|_| BAD_NUMBER)
}

/// The number of a value in the memo.
pub(super) fn memo_number(cursor: &mut Cursor<'_>) -> Result<u32, PickleError> {
    let (line, _) = cursor.line()?;
    let text = str::from_utf8(line).map_err(|_| BAD_NUMBER)?;
    text.parse().map_err(|_| BAD_NUMBER)
}

/// `Vtext`: Latin-1 with `\uXXXX` and `\UXXXXXXXX` for what is not in it.
pub(super) fn unicode(cursor: &mut Cursor<'_>, tree: &mut Tree) -> Result<Node, PickleError> {
    let (line, start) = cursor.line()?;
    if line.iter().all(|byte| byte.is_ascii() && *byte != b'\\') {
        return Ok(Node::Text(Span::new(start, line.len())));
    }
    let span = tree.write(2 * line.len(), |out| {
        let mut rest = line;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match (byte, rest.first()) {
                (b'\\', Some(b'u')) => push_code(out, &mut rest, 4)?,
                (b'\\', Some(b'U')) => push_code(out, &mut rest, 8)?,
                (b'\\', Some(&other)) => {
                    out.push(b'\\');
                    push_point(out, u32::from(other))?;
                    rest = &rest[1..];
                }
                _ => push_point(out, u32::from(byte))?,
            }
        }
        Ok(())
    })?;
    Ok(Node::Text(span))
}

/// The code after `\u` or `\U`, whose letter is still in `rest`.
fn push_code(out: &mut Vec<u8>, rest: &mut &[u8], digits: usize) -> Result<(), PickleError> {
    let code = rest.get(1..=digits).ok_or(BAD_TEXT)?;
    if !code.iter().all(u8::is_ascii_hexdigit) {
        return Err(BAD_TEXT);
    }
    let code = str::from_utf8(code).map_err(|_| BAD_TEXT)?;
    let code = u32::from_str_radix(code, 16).map_err(|_| BAD_TEXT)?;
    *rest = &rest[1 + digits..];
    push_point(out, code)
}

/// A code point in UTF-8; a surrogate in the three bytes that it would have, as Python does it.
fn push_point(out: &mut Vec<u8>, code: u32) -> Result<(), PickleError> {
    if let Some(letter) = char::from_u32(code) {
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    } else if let Ok(code) = u16::try_from(code) {
        let [high, low] = code.to_be_bytes();
        let middle = 0x80 | (high & 0x0f) << 2 | low >> 6;
        out.extend_from_slice(&[0xe0 | high >> 4, middle, 0x80 | low & 0x3f]);
    } else {
        return Err(BAD_TEXT);
    }
    Ok(())
}

/// `S'text'`: a string of Python 2, as its `repr`.
pub(super) fn string(cursor: &mut Cursor<'_>, tree: &mut Tree) -> Result<Node, PickleError> {
    let (line, _) = cursor.line()?;
    let line = line.trim_ascii_end();
    let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = line else {
        return Err(PickleError::Damaged("a string is not in quotes"));
    };
    let span = tree.write(inner.len(), |out| {
        let mut rest = inner;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            if byte == b'\\' {
                unescape(out, &mut rest)?;
            } else {
                out.push(byte);
            }
        }
        Ok(())
    })?;
    Ok(Node::Text(span))
}

fn unescape(out: &mut Vec<u8>, rest: &mut &[u8]) -> Result<(), PickleError> {
    let (&letter, after) = rest.split_first().ok_or(BAD_TEXT)?;
    *rest = after;
    let byte = match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'v' => 0x0b,
        b'\\' | b'\'' | b'"' => letter,
        b'x' => {
            let (code, after) = rest.split_at_checked(2).ok_or(BAD_TEXT)?;
            *rest = after;
            let code = str::from_utf8(code).map_err(|_| BAD_TEXT)?;
            u8::from_str_radix(code, 16).map_err(|_| BAD_TEXT)?
        }
        _ => return Err(BAD_TEXT),
    };
    out.push(byte);
    Ok(())
}
