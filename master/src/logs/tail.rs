//! The last lines that came, for whoever looks on.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::batch::Batch;

/// Lines that are kept, and how much of each.
const KEPT: usize = 100;
const LONGEST: usize = 400;

/// Keeps the last lines of all clients.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: Mutex<VecDeque<String>>,
}

impl Tail {
    /// Keeps the end of a batch. However much comes, no more is copied than is kept.
    pub(super) fn keep(&self, batch: &Batch) {
        let first = batch.ends.len().saturating_sub(KEPT);
        let mut start = match first.checked_sub(1) {
            Some(before) => batch.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for &end in batch.ends.get(first..).unwrap_or_default() {
            if let Some(record) = batch.bytes.get(start..end) {
                if lines.len() == KEPT {
                    lines.pop_front();
                }
                lines.push_back(shown(record));
            }
            start = end;
        }
    }

    /// The lines, the newest last.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }
}

/// A record as text, cut to a length that a page has room for.
fn shown(record: &[u8]) -> String {
    let record = record.strip_suffix(b"\n").unwrap_or(record);
    let cut = record.get(..LONGEST).unwrap_or(record);
    let mut text = String::from_utf8_lossy(cut).into_owned();
    if cut.len() < record.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(lines: &[String]) -> Batch {
        let mut batch = Batch::default();
        for line in lines {
            batch.bytes.extend_from_slice(line.as_bytes());
            batch.bytes.push(b'\n');
            batch.end_record();
        }
        batch
    }

    #[test]
    fn the_last_lines_are_kept_whatever_the_batches() {
        let all: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        for size in [1, 7, 99, 100, 101, 1000] {
            let tail = Tail::default();
            for lines in all.chunks(size) {
                tail.keep(&batch(lines));
            }
            assert_eq!(tail.lines(), all[all.len() - KEPT..], "{size}");
        }
    }

    #[test]
    fn long_lines_are_cut() {
        let tail = Tail::default();
        tail.keep(&batch(&["ä".repeat(5000)]));
        let lines = tail.lines();
        assert!(lines[0].chars().count() <= LONGEST + 1);
        assert!(lines[0].ends_with('…'));
    }
}
