//! Lines of text for people, by a template such as `{asctime} {levelname} {name}: {message}`.

use std::time::{Duration, UNIX_EPOCH};

use super::{
    json::{Escape, JsonWriter, push_repr, push_text},
    pickle::{Node, PickleError, Record},
};

/// A line's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field { name: String, width: usize },
}

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TemplateError {
    #[error("`{{` without `}}`: a field is written {{levelname}}, a brace {{{{")]
    Open,
    #[error("`}}` without `{{`: a brace is written }}}}")]
    Close,
    #[error("a field without a name: such as {{levelname}} or {{levelname:8}}")]
    NoName,
    #[error("the width of `{0}` is no number up to 1000: such as {{levelname:8}}")]
    Width(String),
    #[error("a line break: one record is one line, and its traceback follows by itself")]
    LineBreak,
}

impl Template {
    /// What is used unless another one is given.
    pub(crate) const DEFAULT: &str = "{asctime} {levelname:8} {name}: {message}";

    /// Reads a template: `{name}` is a field of the record, `{name:8}` one that takes at least eight letters.
    pub(crate) fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.contains(['\n', '\r']) {
            return Err(TemplateError::LineBreak);
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '{' | '}' if letters.peek() == Some(&letter) => {
                    letters.next();
                    plain.push(letter);
                }
                '{' => {
                    let mut field = String::new();
                    loop {
                        match letters.next().ok_or(TemplateError::Open)? {
                            '}' => break,
                            other => field.push(other),
                        }
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Self::field(&field)?);
                }
                '}' => return Err(TemplateError::Close),
                _ => plain.push(letter),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    fn field(field: &str) -> Result<Part, TemplateError> {
        let (name, width) = field.split_once(':').unwrap_or((field, "0"));
        if name.is_empty() {
            return Err(TemplateError::NoName);
        }
        let width = width.parse().ok().filter(|width| *width <= 1000);
        Ok(Part::Field {
            name: name.to_owned(),
            width: width.ok_or_else(|| TemplateError::Width(name.to_owned()))?,
        })
    }

    /// Appends a record's line, and below it, indented, its traceback if it has one; or leaves `out` as it was.
    pub(super) fn line(
        &self,
        json: &mut JsonWriter,
        record: &Record<'_>,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), PickleError> {
        let start = out.len();
        let result = self.write(json, record, most, out);
        if result.is_err() {
            out.truncate(start);
        } else {
            out.push(b'\n');
        }
        result
    }

    fn write(
        &self,
        json: &mut JsonWriter,
        record: &Record<'_>,
        most: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), PickleError> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field { name, width } => {
                    let start = out.len();
                    push_field(json, record, name, most, out)?;
                    let letters = String::from_utf8_lossy(&out[start..]).chars().count();
                    out.resize(out.len() + width.saturating_sub(letters), b' ');
                }
            }
        }
        for name in ["exc_text", "stack_info"] {
            if let Some(Node::Text(span)) = record.field(name.as_bytes()) {
                out.extend_from_slice(b"\n    ");
                push_text(out, record.bytes(span), Escape::Text);
            }
        }
        Ok(())
    }
}

/// A field as text; nothing if the record has none of this name.
fn push_field(
    json: &mut JsonWriter,
    record: &Record<'_>,
    name: &str,
    most: usize,
    out: &mut Vec<u8>,
) -> Result<(), PickleError> {
    let found = match name {
        "asctime" => {
            push_time(record, out);
            return Ok(());
        }
        // Python's formatter has made the message of `msg` and `args` before it was sent.
        "message" => record.field(b"message").or_else(|| record.field(b"msg")),
        _ => record.field(name.as_bytes()),
    };
    match found {
        None => {}
        Some(Node::Text(span)) => push_text(out, record.bytes(span), Escape::Text),
        Some(Node::Bytes(span)) => push_repr(out, record.bytes(span), Escape::Text),
        Some(other) => json.value(record, other, most, out)?,
    }
    Ok(())
}

/// When the record was made, in UTC: `2026-11-25T18:50:54.123Z`.
fn push_time(record: &Record<'_>, out: &mut Vec<u8>) {
    // The last second of the year 9999, which has the last number that this form can hold.
    const LAST: f64 = 253_402_300_799.0;
    let seconds = match record.field(b"created") {
        Some(Node::Float(seconds)) => seconds,
        #[expect(clippy::cast_precision_loss, reason = "a time")]
        Some(Node::Int(seconds)) => seconds as f64,
        _ => return,
    };
    if !(0.0..LAST).contains(&seconds) {
        return;
    }
    let time = UNIX_EPOCH + Duration::from_secs_f64(seconds);
    out.extend_from_slice(
        humantime::format_rfc3339_millis(time)
            .to_string()
            .as_bytes(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::pickle::Machine;

    fn line(template: &str, pickle: &[u8]) -> String {
        let mut machine = Machine::default();
        let record = machine.read(pickle).unwrap();
        let template = Template::parse(template).unwrap();
        let mut out = Vec::new();
        template
            .line(&mut JsonWriter::default(), &record, 1000, &mut out)
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    /// `{"msg": "two\nlines", "created": 1795632654.1234, "n": 7, "b": b"x", "exc_text": "Traceback\n  x"}`
    const PICKLE: &[u8] = b"(U\x03msgU\x09two\nlinesU\x07createdF1795632654.1234\nU\x01nK\x07U\x01bC\x01xU\x08exc_textU\x0dTraceback\n  xd.";

    #[test]
    fn fields_stand_where_the_template_has_them() {
        assert_eq!(
            line("{asctime} <{n:3}> {b} {{}} {nothing}{message}", PICKLE),
            "2026-11-25T18:50:54.123Z <7  > b'x' {} two\n    lines\n    Traceback\n      x\n"
        );
    }

    #[test]
    fn times_that_are_none_leave_nothing() {
        for time in ["nan", "inf", "-1", "1e300"] {
            let pickle = format!("(U\x07createdF{time}\nd.");
            assert_eq!(line("<{asctime}>", pickle.as_bytes()), "<>\n");
        }
    }

    #[test]
    fn templates_that_are_none_say_why() {
        for (text, error) in [
            ("{", TemplateError::Open),
            ("}", TemplateError::Close),
            ("{}", TemplateError::NoName),
            ("{a:x}", TemplateError::Width("a".into())),
            ("{a:9999}", TemplateError::Width("a".into())),
            ("a\nb", TemplateError::LineBreak),
        ] {
            assert_eq!(Template::parse(text), Err(error), "{text}");
        }
        assert!(Template::parse(Template::DEFAULT).is_ok());
    }
}
