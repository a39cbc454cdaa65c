//! What comes of a question, as events.

use std::time::Duration;

use axum::body::Bytes;
use serde_json::json;

use super::{counted, frame::event, search::pieces};
use crate::jobs::search::Hit;

pub(crate) fn counts(lines: u64, files: u64) -> Bytes {
    let text = format!("{} in {}", counted(lines, "line"), counted(files, "file"));
    event(
        "counts",
        &json!({ "lines": lines, "files": files, "text": text }),
    )
}

/// A line that matches, also cut into pieces for whoever shows it.
pub(crate) fn hit(hit: &Hit) -> Bytes {
    let pieces = pieces(hit);
    event(
        "hit",
        &json!({ "path": hit.path, "line": hit.line, "text": hit.text, "matches": hit.matches, "pieces": pieces }),
    )
}

pub(crate) fn done(lines: u64, files: u64, elapsed: Duration) -> Bytes {
    let ms = elapsed.as_secs_f64() * 1e3;
    let text = format!(
        "{} in {} · {ms:.1} ms",
        counted(lines, "line"),
        counted(files, "file")
    );
    let seconds = elapsed.as_secs_f64();
    event(
        "done",
        &json!({ "lines": lines, "files": files, "seconds": seconds, "text": text }),
    )
}

pub(crate) fn failed(why: &str) -> Bytes {
    event("failed", &json!({ "detail": why }))
}
