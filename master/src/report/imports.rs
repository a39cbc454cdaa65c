//! What `master imports` shows, in each format.

mod dot;
mod files;
mod json;
mod modules;
mod told;

use std::{collections::BTreeSet, io, os::unix::ffi::OsStrExt, path::Path};

use brigade_protocol::jobs::imports::Import;

use crate::jobs::imports::is_in;

pub(crate) use dot::graph;
pub(crate) use files::files;
pub(crate) use modules::{Users, modules, unused};
pub(crate) use told::{cycle, fault, faults, summary, unseen};

/// Which files are marked, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Focus<'a> {
    pub(crate) module: &'a str,
    pub(crate) mark: &'a str,
}

impl Focus<'_> {
    fn is_on(&self, imports: &[Import]) -> bool {
        imports
            .iter()
            .any(|import| is_in(&import.written(), self.module))
    }
}

/// The modules of some imports as they are written, in order.
fn written(imports: &[Import]) -> BTreeSet<String> {
    imports.iter().map(Import::written).collect()
}

/// A path as bytes that neither tear a line nor reach a terminal as a command. Whatever else it holds stays as it is.
fn path_bytes(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_bytes().iter();
    bytes
        .map(|&byte| if byte.is_ascii_control() { b'?' } else { byte })
        .collect()
}

/// Rows of comma-separated values.
fn csv_rows(
    out: &mut impl io::Write,
    rows: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut writer = csv::Writer::from_writer(&mut bytes);
    rows(&mut writer).map_err(io::Error::other)?;
    writer.flush()?;
    drop(writer);
    out.write_all(&bytes)
}

#[cfg(test)]
mod tests;
