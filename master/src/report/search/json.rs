//! One JSON object a line; bytes that are no UTF-8 come as base64 beside the text with replacement characters.

use std::{
    borrow::Cow,
    io::{self, Write},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use brigade_protocol::jobs::search::Pattern;
use serde::Serialize;

use super::{Ending, Shown};

/// A line, or a file when there is nothing about a line.
#[derive(Debug, Default, Serialize)]
struct Object<'a> {
    pattern: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pattern_base64: Option<String>,
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    /// How many lines of the file match.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_match: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_base64: Option<String>,
    /// Matches as bytes of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<&'a [(u32, u32)]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_cut: Option<u64>,
}

/// A line.
pub(super) fn line(
    pattern: &Pattern,
    path: &[u8],
    shown: &Shown<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (text, text_base64) = both(shown.text);
    let object = Object {
        line: Some(shown.line.number),
        is_match: Some(shown.line.is_match),
        text: Some(text),
        text_base64,
        spans: Some(shown.spans),
        bytes_cut: (shown.line.cut > 0).then_some(shown.line.cut),
        ..head(pattern, path)
    };
    put(&object, out)
}

/// A file, and how many of its lines match.
pub(super) fn count(
    pattern: &Pattern,
    path: &[u8],
    lines: Option<u64>,
    out: &mut impl Write,
) -> io::Result<()> {
    let object = Object {
        lines,
        ..head(pattern, path)
    };
    put(&object, out)
}

/// The end of an answer.
#[derive(Debug, Serialize)]
struct End<'a> {
    pattern: Cow<'a, str>,
    found: u64,
    files: u64,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsearched: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// How much was found.
pub(super) fn end(
    pattern: &Pattern,
    (found, files): (u64, u64),
    ending: &Ending,
    elapsed: Duration,
    out: &mut impl Write,
) -> io::Result<()> {
    let end = End {
        pattern: String::from_utf8_lossy(&pattern.text),
        found,
        files,
        seconds: elapsed.as_secs_f64(),
        unsearched: Some(ending.unsearched).filter(|files| *files > 0),
        error: ending.error.as_deref(),
    };
    put(&end, out)
}

fn head<'a>(pattern: &'a Pattern, path: &'a [u8]) -> Object<'a> {
    let (pattern, pattern_base64) = both(&pattern.text);
    let (path, path_base64) = both(path);
    Object {
        pattern,
        pattern_base64,
        path,
        path_base64,
        ..Object::default()
    }
}

/// The bytes as text and, where that loses something, as base64.
fn both(bytes: &[u8]) -> (Cow<'_, str>, Option<String>) {
    let text = String::from_utf8_lossy(bytes);
    let exact = matches!(text, Cow::Owned(_)).then(|| BASE64_STANDARD.encode(bytes));
    (text, exact)
}

fn put(object: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}
