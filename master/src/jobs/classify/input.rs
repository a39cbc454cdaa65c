//! What unknown samples come as: text, which may go on for ever, or an IDX or NumPy file; told by how it begins, and
//! compressed by gzip or not.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use anyhow::anyhow;
use flate2::bufread::MultiGzDecoder;

use super::{
    layout::Layout,
    source::{Batch, Cutter, Known, Stopped, Wanted},
};
use crate::{
    table::{Unlabelled, is_array, is_gzip},
    unseen::unreadable,
};

/// So many bytes tell the format.
const BEGINNING: usize = 6;

/// The input, open and not yet read: a pipe may have nothing to say for now.
pub(super) struct Input {
    name: String,
    /// Where it lies, if it is a file.
    path: Option<PathBuf>,
    raw: Box<dyn Read + Send>,
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                name: "standard input".to_owned(),
                path: None,
                raw: Box::new(io::stdin()),
            });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|cause| anyhow!(unreadable(&name, &cause)))?;
        Ok(Self {
            name,
            path: Some(path.to_owned()),
            raw: Box::new(file),
        })
    }

    /// Sends all rows in batches, in order.
    pub(super) fn feed(
        self,
        wanted: Wanted,
        send: impl FnMut(Batch) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let (mut beginning, mut input) = begin(self.raw)?;
        if is_gzip(&beginning) {
            let unpacked = MultiGzDecoder::new(BufReader::new(input));
            (beginning, input) = begin(Box::new(unpacked))?;
        }
        if !is_array(&beginning) {
            return Cutter::new(wanted, send).feed(input);
        }
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let (path, needs_class) = (self.path.as_deref(), wanted.needs_class);
        let rows = Unlabelled::parse(&self.name, path, bytes, needs_class)?;
        feed_array(&rows, &wanted.layout, wanted.batch_rows, send)
    }
}

/// How the input begins, and all of it.
fn begin(mut input: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut beginning = Vec::new();
    // No more than there is: a text may be shorter than this and go on later.
    while beginning.len() < BEGINNING && is_open(&beginning) {
        let mut bytes = [0; BEGINNING];
        let room = BEGINNING - beginning.len();
        match input.read(&mut bytes[..room]) {
            Ok(0) => break,
            Ok(count) => beginning.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let all = Cursor::new(beginning.clone()).chain(input);
    Ok((beginning, Box::new(all)))
}

/// Whether these bytes may still begin something other than text.
fn is_open(beginning: &[u8]) -> bool {
    matches!(beginning.first(), None | Some(0 | 0x1f | 0x93 | b'P')) && !beginning.contains(&b'\n')
}

/// Sends the rows of an array, in batches.
fn feed_array(
    rows: &Unlabelled,
    layout: &Layout,
    batch_rows: usize,
    mut send: impl FnMut(Batch) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    // Whether there are classes, which an array has in a file of their own, does not matter to its columns.
    let Some(places) = layout.by_count(rows.width(), false) else {
        return Err(Stopped::Width {
            expected: layout.expected(false),
            found: rows.width(),
        });
    };
    let mut numbers = Vec::with_capacity(rows.width());
    for first in (0..rows.len()).step_by(batch_rows) {
        let mut batch = Batch::default();
        for row in first..(first + batch_rows).min(rows.len()) {
            rows.copy_row(row, &mut numbers);
            batch
                .features
                .extend(places.features.iter().map(|&at| numbers[at]));
            batch.rows.push(Known {
                row: row as u64 + 1,
                line: None,
                class: rows.class(row).map(str::to_owned),
            });
        }
        send(batch)?;
    }
    Ok(())
}
