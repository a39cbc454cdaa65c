//! What is told on standard error.

use std::{collections::BTreeMap, path::Path, time::Duration};

use brigade_protocol::jobs::imports::{Fault, FaultKind};

use crate::{jobs::imports::Modules, report::layout::printable};

/// So many modules of a cycle are named.
const NAMED: usize = 6;

/// What is wrong with a file, as editors read it: `path:line:column: message`.
pub(crate) fn fault(path: &Path, fault: &Fault) -> String {
    let place = fault
        .place
        .map(|place| format!("{}:{}:", place.line, place.column));
    let kind = match fault.kind {
        FaultKind::Syntax => "syntax error",
        FaultKind::Encoding => "cannot be decoded",
        FaultKind::Unread => "cannot be read",
        FaultKind::Lost => "cannot be parsed",
    };
    let more = match fault.count {
        0 | 1 => String::new(),
        2 => " (and 1 more)".to_owned(),
        count => format!(" (and {} more)", count - 1),
    };
    let text = format!(
        "{}:{} {kind}: {}{more}",
        path.display(),
        place.unwrap_or_default(),
        fault.message
    );
    printable(&text)
}

/// What could not be looked into.
pub(crate) fn unseen(what: &str) -> String {
    printable(&format!("{what} (not looked into)"))
}

/// How many files are faulty, in each way; `None` when none is.
pub(crate) fn faults(kinds: impl Iterator<Item = FaultKind>, unseen: usize) -> Option<String> {
    let mut counts: BTreeMap<FaultKind, usize> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    let mut parts: Vec<String> = counts
        .into_iter()
        .map(|(kind, count)| match kind {
            FaultKind::Syntax => format!("{count} with syntax errors"),
            FaultKind::Encoding => format!("{count} that cannot be decoded"),
            FaultKind::Unread => format!("{count} that cannot be read"),
            FaultKind::Lost => format!("{count} that cannot be parsed"),
        })
        .collect();
    if unseen > 0 {
        parts.push(format!("{unseen} not looked into"));
    }
    (!parts.is_empty()).then(|| format!("files: {}", parts.join(", ")))
}

/// A cycle of imports.
pub(crate) fn cycle(cycle: &[usize], modules: &Modules) -> String {
    let names: Vec<&str> = cycle
        .iter()
        .take(NAMED)
        .map(|&file| modules.name(file))
        .collect();
    let more = match cycle.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    printable(&format!(
        "cycle of {} modules: {}{more}",
        cycle.len(),
        names.join(", ")
    ))
}

/// The chapter's last line.
pub(crate) fn summary(files: usize, elapsed: Duration) -> String {
    if files == 0 {
        return "Searched 0 files: no Python file was found".to_owned();
    }
    let noun = if files == 1 { "file" } else { "files" };
    let ms = elapsed.as_secs_f64() * 1e3 / files as f64;
    format!("Searched {files} {noun} at {ms:.3}ms/file")
}
