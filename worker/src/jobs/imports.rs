//! `imports`: what Python files import, found by parsing them with Ruff's parser.
//!
//! | file | what |
//! | --- | --- |
//! | `cookie.rs` | which encoding a file declares |
//! | `decode.rs` | its bytes as text, or where they are none |
//! | `parse.rs` | the text as a tree, and what is wrong with it |
//! | `statements.rs` | the imports in a tree |
//! | `place.rs` | lines and columns |

mod charset;
mod cookie;
mod decode;
mod parse;
mod place;
mod statements;

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use brigade_protocol::jobs::imports::{Batch, Fault, FaultKind, Scan, ScanFiles};

use super::search::open;
use crate::Registry;

/// The parser counts bytes in 32 bits.
const MOST_BYTES: u64 = u32::MAX as u64;

pub(super) fn register(registry: &mut Registry) {
    registry.register::<ScanFiles, _>(|batch, _| Ok(parse::with_stack(|| scan_files(&batch))));
}

/// Reads and parses each file of the batch. What is wrong with a file is told in its result.
fn scan_files(batch: &Batch) -> Vec<Scan> {
    let mut bytes = Vec::new();
    let paths = batch.paths.iter();
    let scan_file = |path: &_| scan_file(path, batch.largest, &mut bytes);
    paths
        .map(|path| OsStr::from_bytes(path))
        .map(scan_file)
        .collect()
}

fn scan_file(path: &OsStr, largest: u64, bytes: &mut Vec<u8>) -> Scan {
    match read(Path::new(path), largest.min(MOST_BYTES), bytes) {
        Ok(()) => scan(bytes),
        Err(why) => Scan {
            fault: Some(Fault::of_file(FaultKind::Unread, why)),
            ..Scan::default()
        },
    }
}

/// Reads a file, or says why not.
fn read(path: &Path, largest: u64, bytes: &mut Vec<u8>) -> Result<(), String> {
    bytes.clear();
    let (file, size) = open_regular(path).map_err(|error| error.to_string())?;
    if size > largest {
        return Err(too_large(size, largest));
    }
    bytes.reserve_exact(usize::try_from(size).map_or(0, |size| size + 1));
    // It may grow meanwhile.
    let read = (&file).take(largest + 1).read_to_end(bytes);
    let size = read.map_err(|error| error.to_string())? as u64;
    if size > largest {
        return Err(too_large(size, largest));
    }
    Ok(())
}

/// Opens a file that is one, and tells its size.
fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((file, metadata.len()))
}

fn too_large(size: u64, largest: u64) -> String {
    format!("{size} bytes are more than the {largest} that are read; see --max-filesize")
}

/// Finds the imports in the bytes of a Python file.
///
/// ```
/// use brigade_worker::jobs::imports::scan;
///
/// let scan = scan(b"# coding: latin-1\nif True:\n    from ..a import b as c # \xe9\n");
/// assert_eq!(scan.fault, None);
/// assert_eq!((scan.imports[0].line, scan.imports[0].written().as_str()), (3, "..a"));
/// ```
#[must_use]
pub fn scan(bytes: &[u8]) -> Scan {
    let size = bytes.len() as u64;
    let (imports, fault) = match decode::decode(bytes) {
        Ok(text) => parse::parse(&text),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    Scan {
        bytes: size,
        imports,
        fault,
    }
}

#[cfg(test)]
mod tests;
