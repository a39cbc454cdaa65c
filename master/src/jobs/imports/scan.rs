//! Has the files parsed by a pool: batches first, and the files of a batch that failed one by one.

use std::{
    collections::HashMap,
    env,
    ffi::OsStr,
    ops::Range,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use brigade::{Handle, Pool, TaskError, as_completed};
use brigade_protocol::jobs::imports::{Batch, Fault, FaultKind, Scan, ScanFiles};

use super::{
    ImportsArgs,
    files::{Cutter, files},
};
use crate::cli::{Common, Narrator, signals};

/// How long a batch may take unless the user says otherwise: the largest file that is read takes some seconds, but the
/// parser's time may grow with the square of what it reads.
const PATIENCE: Duration = Duration::from_mins(1);

/// The allocator's settings for workers: by default, the C library gives the memory of each tree back to the system, and
/// fetches it again for the next one. That makes parsing take 1.6 times as long.
const ALLOCATOR: &str = "glibc.malloc.trim_threshold=268435456";

/// A file, and what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) path: Arc<Path>,
    pub(crate) scan: Scan,
}

/// What all files hold, by path; and what could not be looked into.
pub(super) struct Harvest {
    pub(super) files: Vec<Scanned>,
    pub(super) unseen: Vec<String>,
}

/// Finds and parses the files.
pub(super) fn scan(
    args: &ImportsArgs,
    common: &Common,
    narrator: &Narrator,
) -> anyhow::Result<Harvest> {
    let tunables = match env::var("GLIBC_TUNABLES") {
        Ok(others) if !others.is_empty() => format!("{ALLOCATOR}:{others}"),
        _ => ALLOCATOR.to_owned(),
    };
    let pool = common
        .pool("imports", narrator)
        .timeout(common.timeout_or(PATIENCE))
        .env("GLIBC_TUNABLES", tunables);
    let mut field = Field {
        pool: common.start_anywhere(pool)?,
        folder: common.is_elsewhere().then(env::current_dir).transpose()?,
        narrator,
        largest: args.max_filesize,
        paths: Vec::new(),
        scans: Vec::new(),
        done: 0,
        unseen: Vec::new(),
    };
    let batches = field.submit_all(args)?;
    let failed = field.gather(batches, true);
    let single = failed
        .into_iter()
        .map(|number| field.submit(number..number + 1));
    let single = single.collect::<anyhow::Result<Vec<_>>>()?;
    field.gather(single, false);
    Ok(field.close())
}

/// Files and their results, by number.
struct Field<'a> {
    pool: Pool,
    /// What paths begin with where another folder is the current one.
    folder: Option<PathBuf>,
    narrator: &'a Narrator,
    largest: u64,
    paths: Vec<Arc<Path>>,
    scans: Vec<Option<Scan>>,
    done: u64,
    unseen: Vec<String>,
}

/// The files of a batch, and their task.
type Pending = (Range<usize>, Handle<ScanFiles>);

impl Field<'_> {
    /// Submits batches while files are found: the first ones are parsed meanwhile.
    fn submit_all(&mut self, args: &ImportsArgs) -> anyhow::Result<Vec<Pending>> {
        let mut cutter = Cutter::new(self.largest);
        let mut pending = Vec::new();
        for found in files(args)? {
            match found {
                Ok(found) => {
                    let full = cutter.take(&found);
                    pending.extend(full.map(|batch| self.send(batch)).transpose()?);
                    self.paths.push(found.path);
                    self.scans.push(None);
                }
                Err(unseen) => self.unseen.push(unseen.to_string()),
            }
            if signals::caught().is_some() {
                break;
            }
        }
        pending.extend(cutter.cut().map(|batch| self.send(batch)).transpose()?);
        // Batches come in the order of the files.
        let mut first = 0;
        let place = |(length, handle): (usize, _)| {
            let range = first..first + length;
            first = range.end;
            (range, handle)
        };
        Ok(pending.into_iter().map(place).collect())
    }

    fn send(&self, mut batch: Batch) -> anyhow::Result<(usize, Handle<ScanFiles>)> {
        if let Some(folder) = &self.folder {
            for path in &mut batch.paths {
                let whole = folder.join(OsStr::from_bytes(path));
                *path = whole.into_os_string().into_vec().into();
            }
        }
        let length = batch.paths.len();
        Ok((length, self.pool.submit::<ScanFiles>(batch)?))
    }

    fn submit(&self, range: Range<usize>) -> anyhow::Result<Pending> {
        let paths = self.paths[range.clone()].iter();
        let paths = paths.map(|path| path.as_os_str().as_bytes().to_vec().into());
        let batch = Batch {
            paths: paths.collect(),
            largest: self.largest,
        };
        Ok((range, self.send(batch)?.1))
    }

    /// Takes in results as they come. Returns the files of batches that failed, if these can be told apart yet.
    fn gather(&mut self, pending: Vec<Pending>, shared: bool) -> Vec<usize> {
        let mut ranges = HashMap::new();
        let handles = pending.into_iter().map(|(range, handle)| {
            ranges.insert(handle.id(), range);
            handle
        });
        let handles: Vec<_> = handles.collect();
        let mut failed = Vec::new();
        for handle in as_completed(handles) {
            let Some(range) = ranges.remove(&handle.id()) else {
                continue;
            };
            match handle.wait() {
                Ok(scans) if scans.len() == range.len() => self.put(range, scans),
                Err(TaskError::Cancelled) if signals::caught().is_some() => {}
                _ if shared && range.len() > 1 && signals::caught().is_none() => {
                    failed.extend(range);
                }
                Ok(_) => self.lose(
                    range,
                    "its worker sent something else: rebuild master and worker together",
                ),
                Err(error) => self.lose(range, &error.to_string()),
            }
        }
        failed
    }

    fn put(&mut self, range: Range<usize>, scans: Vec<Scan>) {
        self.done += scans.len() as u64;
        for (slot, scan) in self.scans[range].iter_mut().zip(scans) {
            *slot = Some(scan);
        }
        let fraction = self.done as f64 / self.scans.len() as f64;
        self.narrator.progress(fraction, self.done, "files");
    }

    fn lose(&mut self, range: Range<usize>, why: &str) {
        let scan = Scan {
            fault: Some(Fault::of_file(FaultKind::Lost, why.to_owned())),
            ..Scan::default()
        };
        let scans = vec![scan; range.len()];
        self.put(range, scans);
    }

    fn close(self) -> Harvest {
        self.pool.join();
        let results = self.paths.into_iter().zip(self.scans);
        // Files without a result were given up when the user had seen enough.
        let mut files: Vec<Scanned> = results
            .filter_map(|(path, scan)| Some(Scanned { path, scan: scan? }))
            .collect();
        files.sort_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
        Harvest {
            files,
            unseen: self.unseen,
        }
    }
}
