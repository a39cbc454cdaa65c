//! Rotation: the file gets a number behind its name, older ones a higher one, and a new one is begun.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::output::Output;

/// How long to leave it after it did not work.
const RETRY: Duration = Duration::from_secs(10);

/// When a file is put aside, and how many are kept.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    /// How long a file may get, in bytes.
    pub(crate) size: Option<u64>,
    /// How old a file may get.
    pub(crate) every: Option<Duration>,
    /// How many are kept beside the one that is written.
    pub(crate) keep: u32,
    began: Instant,
    not_before: Instant,
}

impl Rotation {
    pub(crate) fn new(size: Option<u64>, every: Option<Duration>, keep: u32) -> Self {
        let now = Instant::now();
        Self {
            size,
            every,
            keep,
            began: now,
            not_before: now,
        }
    }

    /// Whether it is time to rotate, before a record of `next` bytes is written.
    pub(super) fn is_due(&self, output: &Output, next: Option<usize>) -> bool {
        if output.length() == 0 || !output.is_regular() || Instant::now() < self.not_before {
            return false;
        }
        let is_full = self
            .size
            .zip(next)
            .is_some_and(|(size, next)| output.length() + next as u64 > size);
        is_full
            || self
                .every
                .is_some_and(|every| self.began.elapsed() >= every)
    }

    /// When the next rotation by time is due.
    pub(super) fn due(&self, output: &Output) -> Option<Duration> {
        let due = self.every?.saturating_sub(self.began.elapsed());
        let wait = self.not_before.saturating_duration_since(Instant::now());
        (output.length() > 0 && output.is_regular()).then_some(due.max(wait))
    }

    /// How much more may be written to this file.
    pub(super) fn room(&self, output: &Output) -> Option<usize> {
        let is_waiting = Instant::now() < self.not_before;
        let size = self.size.filter(|_| output.is_regular() && !is_waiting)?;
        usize::try_from(size.saturating_sub(output.length())).ok()
    }

    /// Puts the file aside and begins another. If that does not work, the old one is written further.
    pub(super) fn rotate(&mut self, output: &mut Output) -> Result<PathBuf, String> {
        self.not_before = Instant::now() + RETRY;
        let Some(path) = output.path().map(Path::to_owned) else {
            return Err("what has no name cannot be rotated".into());
        };
        for number in (1..self.keep).rev() {
            shift(&numbered(&path, number), &numbered(&path, number + 1))?;
        }
        shift(&path, &numbered(&path, 1))?;
        output
            .reopen()
            .map_err(|error| format!("cannot rotate: {error}"))?;
        self.began = Instant::now();
        self.not_before = self.began;
        Ok(numbered(&path, 1))
    }
}

/// `records.jsonl` and 3: `records.jsonl.3`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

/// Renames a file if it is there.
fn shift(from: &Path, to: &Path) -> Result<(), String> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!(
            "cannot rotate: cannot rename {} to {}: {error}",
            from.display(),
            to.display()
        )),
        _ => Ok(()),
    }
}
