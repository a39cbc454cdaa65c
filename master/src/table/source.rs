//! Gets a file's bytes, without gzip's compression, and makes sure that they are text where they have to be.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

use super::TableError;

/// What gzip's files begin with.
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The source's name for people, and all it holds. `-` is standard input.
pub(super) fn read(path: &Path) -> Result<(String, Vec<u8>), TableError> {
    let (source_name, bytes) = raw(path)?;
    if !bytes.starts_with(&GZIP) {
        return Ok((source_name, bytes));
    }
    match all(MultiGzDecoder::new(bytes.as_slice())) {
        Ok(bytes) => Ok((source_name, bytes)),
        Err(cause) => Err(TableError::Gzip { source_name, cause }),
    }
}

fn raw(path: &Path) -> Result<(String, Vec<u8>), TableError> {
    if path == Path::new("-") {
        let source_name = "standard input".to_owned();
        return match all(io::stdin().lock()) {
            Ok(bytes) => Ok((source_name, bytes)),
            Err(cause) => Err(TableError::Unreadable { source_name, cause }),
        };
    }
    let source_name = path.display().to_string();
    match File::open(path).and_then(all) {
        Ok(bytes) => Ok((source_name, bytes)),
        Err(cause) => Err(match cause.kind() {
            io::ErrorKind::NotFound => TableError::Missing { source_name },
            io::ErrorKind::IsADirectory => TableError::Directory { source_name },
            _ => TableError::Unreadable { source_name, cause },
        }),
    }
}

fn all(mut from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text without a byte order mark, if it is text and not blank.
pub(super) fn text<'a>(source: &str, bytes: &'a [u8]) -> Result<&'a str, TableError> {
    let binary = |at: usize, found| {
        let before = &bytes[..at];
        let line_start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |newline| newline + 1);
        let line = before.split(|&byte| byte == b'\n').count();
        TableError::Binary {
            source_name: source.to_owned(),
            line,
            byte: at - line_start + 1,
            found,
        }
    };
    let text =
        std::str::from_utf8(bytes).map_err(|error| binary(error.valid_up_to(), "not UTF-8"))?;
    if let Some(at) = text.find('\0') {
        return Err(binary(at, "a NUL byte"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(TableError::Empty {
            source_name: source.to_owned(),
        });
    }
    Ok(text)
}
