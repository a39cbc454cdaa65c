//! What unknown samples come as: text, which may go on for ever, or an IDX or NumPy file; told by how it begins, and
//! compressed by gzip or not.

use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read},
    path::{Path, PathBuf},
};

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;

use super::{
    layout::Layout,
    source::{Batch, Known, Stopped},
};
use crate::table::{Unlabelled, is_array, is_gzip};

/// So many bytes tell the format.
const BEGINNING: usize = 6;

/// The input, open.
pub(super) enum Input {
    Text(Box<dyn Read + Send>),
    Array(Unlabelled),
}

impl Input {
    /// Opens a file, or standard input for `-`. Of a file of features, the classes are read as well if they are needed.
    pub(super) fn open(path: &Path, needs_class: bool) -> anyhow::Result<Self> {
        let is_input = path == Path::new("-");
        let name = if is_input {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let unreadable = || format!("{name} cannot be read");
        let raw: Box<dyn Read + Send> = if is_input {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).with_context(unreadable)?)
        };
        let (beginning, mut input) = begin(raw).with_context(unreadable)?;
        let mut beginning = beginning;
        if is_gzip(&beginning) {
            let unpacked = MultiGzDecoder::new(BufReader::new(input));
            (beginning, input) = begin(Box::new(unpacked)).with_context(unreadable)?;
        }
        if !is_array(&beginning) {
            return Ok(Self::Text(input));
        }
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).with_context(unreadable)?;
        let beside = (!is_input).then(|| PathBuf::from(path));
        let rows = Unlabelled::parse(&name, beside.as_deref(), bytes, needs_class)?;
        Ok(Self::Array(rows))
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
pub(super) fn feed(
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
