//! Which files are parsed, and how they are cut into batches.

use std::{
    collections::BTreeSet,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use brigade_protocol::jobs::imports::Batch;
use serde_bytes::ByteBuf;

use super::ImportsArgs;
use crate::jobs::search::walk::{Found, Unseen, Walk};

/// A batch is so much text at most, if it is more than one file: enough to make its way through the pool cheap, little
/// enough to keep all workers busy to the end. It takes about four milliseconds.
const BATCH_BYTES: u64 = 256 << 10;

/// What a file costs beside its bytes.
const FILE_BYTES: u64 = 4 << 10;

/// The files that are wanted, in the order of the paths that were given.
pub(super) fn files(
    args: &ImportsArgs,
) -> Result<impl Iterator<Item = Result<Found, Unseen>>, ignore::Error> {
    let walk = Walk::new(&args.glob, args.no_ignore, args.hidden)?;
    let is_chosen = args.glob.iter().any(|glob| !glob.starts_with('!'));
    let given: BTreeSet<PathBuf> = args
        .paths
        .iter()
        .map(|path| plain(path).to_owned())
        .collect();
    let mut seen = BTreeSet::new();
    let overlap = args.paths.len() > 1;
    let files = walk.files(&args.paths).filter(move |found| match found {
        Ok(found) => {
            let is_python = || found.path.as_os_str().as_bytes().ends_with(b".py");
            (is_chosen || is_python() || given.contains(&*found.path))
                && (!overlap || seen.insert(found.path.clone()))
        }
        Err(_) => true,
    });
    Ok(files)
}

/// A path as the walk shows it.
fn plain(path: &Path) -> &Path {
    path.strip_prefix("./").unwrap_or(path)
}

/// Collects files until they are a batch.
#[derive(Debug)]
pub(super) struct Cutter {
    batch: Batch,
    cost: u64,
}

impl Cutter {
    /// Files larger than `largest` will not be read.
    pub(super) fn new(largest: u64) -> Self {
        Self {
            batch: Batch {
                paths: Vec::new(),
                largest,
            },
            cost: 0,
        }
    }

    /// Takes a file; returns the batch before it, if that is full now.
    pub(super) fn take(&mut self, found: &Found) -> Option<Batch> {
        let cost = found.bytes.saturating_add(FILE_BYTES);
        let is_full = self.cost.saturating_add(cost) > BATCH_BYTES;
        let full = if is_full { self.cut() } else { None };
        self.cost += cost;
        let path = found.path.as_os_str().as_bytes();
        self.batch.paths.push(ByteBuf::from(path));
        full
    }

    /// What is there, if there is anything.
    pub(super) fn cut(&mut self) -> Option<Batch> {
        self.cost = 0;
        let largest = self.batch.largest;
        let empty = Batch {
            paths: Vec::new(),
            largest,
        };
        Some(std::mem::replace(&mut self.batch, empty)).filter(|batch| !batch.paths.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_share_a_batch_and_large_ones_have_their_own() {
        let mut cutter = Cutter::new(7);
        let sizes = [
            10,
            20,
            1 << 30,
            u64::MAX,
            0,
            100 << 10,
            100 << 10,
            100 << 10,
        ];
        let mut lengths = Vec::new();
        for bytes in sizes {
            let path = Path::new("a.py").into();
            lengths.extend(cutter.take(&Found { path, bytes }));
        }
        lengths.extend(cutter.cut());
        assert!(cutter.cut().is_none());
        assert!(lengths.iter().all(|batch| batch.largest == 7));
        let lengths: Vec<usize> = lengths.iter().map(|batch| batch.paths.len()).collect();
        assert_eq!(lengths, [2, 1, 1, 3, 1]);
    }
}
