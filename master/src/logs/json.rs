//! Writes a record as one line of JSON, which every JSON reader takes.
//!
//! | in the record | in the line |
//! | --- | --- |
//! | `None`, `True`, `False`, `int`, `str` | `null`, `true`, `false`, a number with all its digits, a string in UTF-8 |
//! | `float` | the shortest number that is read as the same; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `int` of more than 4,300 digits | a string in hexadecimal, `"0x…"` |
//! | `bytes`, `bytearray` | a string as Python shows it: `"b'caf\\xe9'"` |
//! | lone surrogates in `str` | as Python's `backslashreplace` writes them: `"\\udcff"` |
//! | `list`, `tuple`, `set`, `frozenset` | an array, in the order in which they were pickled |
//! | `dict` | an object, its keys in their order |
//! | keys that are no `str` | the text of what the value would be, as `json.dumps` does it |
//! | a container inside itself | `"[...]"`, `"{...}"` |

mod bytes;
mod string;

use super::pickle::{Kind, MOST_DEEP, Node, PickleError, Record};

pub(super) use bytes::push_repr;
pub(super) use string::{Escape, push_string, push_text};

/// How much longer than its pickle a line may be before it is taken for a bomb: a pickle can refer to the same
/// value again and again for two bytes each.
const GROWTH: usize = 16;

/// What any record may grow to.
const SMALL: usize = 1 << 20;

/// Writes records; keeps its memory from one to the next.
#[derive(Debug, Default)]
pub(crate) struct JsonWriter {
    /// The containers that are being written, the outermost first.
    path: Vec<u32>,
}

impl JsonWriter {
    /// Appends a record and a newline to `out`, of up to `most` bytes; or leaves `out` as it was.
    pub(crate) fn line(
        &mut self,
        record: &Record<'_>,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), PickleError> {
        let start = out.len();
        let result = self.value(record, record.root(), most, out);
        if result.is_err() {
            out.truncate(start);
        } else {
            out.push(b'\n');
        }
        result
    }

    /// Appends one value of a record.
    pub(crate) fn value(
        &mut self,
        record: &Record<'_>,
        node: Node,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), PickleError> {
        self.path.clear();
        let limit = most.min(record.length().saturating_mul(GROWTH).saturating_add(SMALL));
        let end = out.len().saturating_add(limit);
        let mut writing = Writing {
            record,
            path: &mut self.path,
            limit,
            end,
        };
        writing.node(node, out)
    }
}

struct Writing<'w, 'r> {
    record: &'w Record<'r>,
    path: &'w mut Vec<u32>,
    limit: usize,
    /// Where `out` may end at most.
    end: usize,
}

impl Writing<'_, '_> {
    #[inline]
    fn node(&mut self, node: Node, out: &mut Vec<u8>) -> Result<(), PickleError> {
        match node {
            Node::Text(span) => push_string(out, self.record.bytes(span)),
            Node::None => out.extend_from_slice(b"null"),
            Node::Int(number) => push_int(out, number),
            Node::Float(number) => push_float(out, number),
            Node::Bool(true) => out.extend_from_slice(b"true"),
            Node::Bool(false) => out.extend_from_slice(b"false"),
            Node::Digits(span) => out.extend_from_slice(self.record.bytes(span)),
            Node::Bytes(span) => push_repr(out, self.record.bytes(span), Escape::Json),
            Node::Held(kind, container) => self.container(kind, container, out)?,
            Node::Known(_) => return Err(PickleError::Import("a class".into())),
        }
        if out.len() > self.end {
            return Err(PickleError::TooLong(self.limit));
        }
        Ok(())
    }

    fn container(
        &mut self,
        kind: Kind,
        container: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), PickleError> {
        if self.path.contains(&container) {
            let inside: &[u8] = match kind {
                Kind::Dict => b"\"{...}\"",
                _ => b"\"[...]\"",
            };
            out.extend_from_slice(inside);
            return Ok(());
        }
        if self.path.len() >= MOST_DEEP {
            return Err(PickleError::TooDeep);
        }
        self.path.push(container);
        match kind {
            Kind::Dict => self.object(container, out)?,
            Kind::List | Kind::Tuple | Kind::Set => self.array(container, out)?,
        }
        self.path.pop();
        Ok(())
    }

    fn array(&mut self, container: u32, out: &mut Vec<u8>) -> Result<(), PickleError> {
        let mut before = b'[';
        for run in self.record.runs(container) {
            for value in run {
                out.push(before);
                before = b',';
                self.node(*value, out)?;
            }
        }
        if before == b'[' {
            out.push(b'[');
        }
        out.push(b']');
        Ok(())
    }

    fn object(&mut self, container: u32, out: &mut Vec<u8>) -> Result<(), PickleError> {
        let mut before = b'{';
        for run in self.record.runs(container) {
            for pair in run.chunks_exact(2) {
                out.push(before);
                before = b',';
                match pair[0] {
                    Node::Text(span) => push_string(out, self.record.bytes(span)),
                    other => self.key(other, out)?,
                }
                out.push(b':');
                self.node(pair[1], out)?;
            }
        }
        if before == b'{' {
            out.push(b'{');
        }
        out.push(b'}');
        Ok(())
    }

    /// A key that is no text: as the value would be written, between quotes.
    #[cold]
    fn key(&mut self, key: Node, out: &mut Vec<u8>) -> Result<(), PickleError> {
        let start = out.len();
        match key {
            Node::Held(Kind::List | Kind::Dict, _) => {
                return Err(PickleError::Damaged("a key of a dict is no key"));
            }
            _ => self.node(key, out)?,
        }
        if out.get(start) != Some(&b'"') {
            let text = out.split_off(start);
            push_string(out, &text);
        }
        Ok(())
    }
}

pub(super) fn push_int(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// JSON knows no infinity and no NaN: these become strings.
pub(super) fn push_float(out: &mut Vec<u8>, number: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = if number.is_finite() {
        buffer.format_finite(number)
    } else if number.is_nan() {
        "\"NaN\""
    } else if number > 0.0 {
        "\"Infinity\""
    } else {
        "\"-Infinity\""
    };
    out.extend_from_slice(text.as_bytes());
}
