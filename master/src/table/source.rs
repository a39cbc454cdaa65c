//! Gets a file's bytes, without gzip's compression, and makes sure that they are text where they have to be.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
};

use brigade_protocol::side_by_side;
use flate2::bufread::MultiGzDecoder;

use super::{TableError, threads::threads};

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
    match File::open(path).and_then(file) {
        Ok(bytes) => Ok((source_name, bytes)),
        Err(cause) => Err(match cause.kind() {
            io::ErrorKind::NotFound => TableError::Missing { source_name },
            io::ErrorKind::IsADirectory => TableError::Directory { source_name },
            _ => TableError::Unreadable { source_name, cause },
        }),
    }
}

/// All that a file holds; a large one is read by several threads, each of which has its share of new pages to be cleared.
fn file(file: File) -> io::Result<Vec<u8>> {
    let about = file.metadata()?;
    let length = usize::try_from(about.len()).unwrap_or(usize::MAX);
    let threads = if about.is_file() { threads(length) } else { 1 };
    if threads == 1 {
        return all(file);
    }
    in_parts(file, length, threads)
}

/// All of a file of this length or more, by so many threads.
fn in_parts(mut file: File, length: usize, threads: usize) -> io::Result<Vec<u8>> {
    // An error where there is no room: the next line would end the program.
    Vec::<u8>::new().try_reserve_exact(length)?;
    let mut bytes = vec![0; length];
    let share = length.div_ceil(threads);
    let parts = bytes.chunks_mut(share).zip((0_u64..).step_by(share));
    let read = side_by_side(parts.collect(), |(part, at)| file.read_exact_at(part, at));
    read.into_iter().collect::<io::Result<()>>()?;
    // What came since.
    file.seek(SeekFrom::Start(length as u64))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_large_file_is_read_whole_whatever_the_number_of_threads() {
        let all: Vec<u8> = (0_u32..5_000_011).flat_map(u32::to_le_bytes).collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&all).unwrap();
        let (_, read) = read(file.path()).unwrap();
        assert!(read == all);
        for threads in [1, 2, 3, 7] {
            let read = in_parts(file.reopen().unwrap(), all.len(), threads).unwrap();
            assert!(read == all, "{threads}");
        }
        let grown = in_parts(file.reopen().unwrap(), all.len() - 9, 2).unwrap();
        assert!(grown == all);
        assert!(in_parts(file.reopen().unwrap(), all.len() + 1, 2).is_err());
    }
}
