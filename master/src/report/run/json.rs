//! One JSON object a job. Output may be larger than memory, so it is written piece by piece.

use std::io::{self, Write};

use brigade_protocol::jobs::run::Captured;
use serde::Serialize;

use crate::jobs::run::{Ended, Spool};

/// All but the output.
#[derive(Serialize)]
struct Head<'a> {
    job: u64,
    command: std::borrow::Cow<'a, str>,
    exit: i32,
    signal: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    attempts: u32,
    began: f64,
    seconds: f64,
}

/// Writes a job as one line. What is no UTF-8 becomes U+FFFD.
pub(super) fn write(ended: &Ended, spool: &Spool, out: &mut impl Write) -> io::Result<()> {
    let head = Head {
        job: ended.sequence,
        command: String::from_utf8_lossy(&ended.command),
        exit: ended.status.exit_value(),
        signal: ended.status.signal(),
        error: ended.status.is_untold().then(|| ended.status.to_string()),
        attempts: ended.attempts,
        began: ended.began.as_secs_f64(),
        seconds: ended.took.as_secs_f64(),
    };
    let head = serde_json::to_vec(&head)?;
    out.write_all(head.strip_suffix(b"}").unwrap_or(&head))?;
    for (name, captured) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        write!(out, ",\"{name}\":\"")?;
        text(captured, spool, out)?;
        out.write_all(b"\"")?;
    }
    out.write_all(b"}\n")
}

fn text(captured: &Captured, spool: &Spool, out: &mut impl Write) -> io::Result<()> {
    // The beginning of a letter that the next piece goes on with.
    let mut begun: Vec<u8> = Vec::new();
    spool.read(captured, |piece| {
        begun.extend_from_slice(piece);
        let whole = begun.len() - unfinished(&begun);
        let rest = begun.split_off(whole);
        escape(&begun, out)?;
        begun = rest;
        Ok(())
    })?;
    escape(&begun, out)
}

/// How many bytes at the end may be the beginning of a letter.
fn unfinished(bytes: &[u8]) -> usize {
    match std::str::from_utf8(&bytes[bytes.len().saturating_sub(3)..]) {
        Ok(_) => 0,
        Err(_) => (1..=bytes.len().min(3))
            .find(|count| {
                let end = &bytes[bytes.len() - count..];
                end[0] >= 0xC0
                    && std::str::from_utf8(end).is_err_and(|error| error.error_len().is_none())
            })
            .unwrap_or(0),
    }
}

fn escape(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let quoted = serde_json::to_vec(&String::from_utf8_lossy(bytes))?;
    out.write_all(&quoted[1..quoted.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_cut_are_put_together() {
        for (bytes, expected) in [
            (&b"abc"[..], 0),
            ("é".as_bytes(), 0),
            (b"a\xc3", 1),
            (b"a\xe2\x82", 2),
            (b"\xf0\x9f\x98", 3),
            (b"\xff", 0),
            (b"\xa9", 0),
            (b"", 0),
        ] {
            assert_eq!(unfinished(bytes), expected, "{bytes:?}");
        }
        let mut out = Vec::new();
        escape("\"a\\\n\u{1}é".as_bytes(), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), r#"\"a\\\n\u0001é"#);
    }
}
