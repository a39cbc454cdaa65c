//! What strangers may send, thrown at what reads it. Each reader must come back without a panic, and keep what it promises
//! whatever the bytes.
//!
//! `fuzz.rs` makes a program for libFuzzer of this; as a unit test, the readers get the seeds in `seeds/`.

use brigade_protocol::{
    FromWorker, Hello, ToWorker, codec,
    frame::{self, Decoder},
    shm::{HEADER_BYTES, LayoutError, Samples, Segment},
    split_item,
};
use brigade_worker::jobs::{
    imports,
    search::{Matcher, PatternError},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    logs::{JsonWriter, Machine},
    table::{Reading, Table, Unlabelled, is_array},
};

/// A reader, by the name of the folder of its seeds.
pub(crate) type Reader = (&'static str, fn(&[u8]));

/// All readers.
pub(crate) const READERS: [Reader; 8] = [
    ("frames", frames),
    ("messages", messages),
    ("samples", samples),
    ("tables", tables),
    ("pickles", pickles),
    ("cluster", cluster),
    ("patterns", patterns),
    ("imports", scan),
];

/// Splits the bytes at the first newline.
fn line_and_rest(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == b'\n');
    let end = end.unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

/// A stream from a worker: in whatever pieces it comes, the same frames are cut out of it, and these are what it was
/// made of. The first byte says how large the pieces are.
fn frames(bytes: &[u8]) {
    let Some((&step, stream)) = bytes.split_first() else {
        return;
    };
    let (mut at_once, mut in_pieces) = (Decoder::default(), Decoder::default());
    at_once.push(stream);
    let mut whole = Vec::new();
    let mut again = Vec::new();
    let ending = loop {
        match at_once.next_frame() {
            Ok(Some(content)) => {
                let content = content.to_vec();
                let appended = frame::append(&mut again, |out| {
                    out.extend_from_slice(&content);
                    Ok(())
                });
                assert!(appended.is_ok());
                whole.push(content);
            }
            ending => break ending.map(|_| ()),
        }
    };
    assert!(stream.starts_with(&again));
    let mut seen = Vec::new();
    let mut piecewise = Ok(());
    for piece in stream.chunks(usize::from(step) + 1) {
        in_pieces.push(piece);
        while let Some(content) = match in_pieces.next_frame() {
            Ok(content) => content,
            Err(error) => {
                piecewise = Err(error);
                None
            }
        } {
            seen.push(content.to_vec());
        }
    }
    assert_eq!(seen, whole);
    assert_eq!(piecewise.is_err(), ending.is_err());
}

/// Messages between a master and a worker: what can be decoded is encoded into what decodes to the same.
fn messages(bytes: &[u8]) {
    fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
        let Ok((value, _)) = codec::decode_prefix::<T>(bytes) else {
            return;
        };
        let mut encoded = Vec::new();
        assert!(codec::encode_into(&value, &mut encoded).is_ok());
        assert_eq!(codec::decode::<T>(&encoded).ok().as_ref(), Some(&value));
    }
    round_trip::<Hello>(bytes);
    round_trip::<ToWorker>(bytes);
    round_trip::<FromWorker>(bytes);
    let mut rest = bytes;
    while let Some((item, after)) = split_item(rest) {
        assert_eq!(item.len() + after.len() + 4, rest.len());
        rest = after;
    }
}

/// A segment of samples. A wrong checksum is made right, or nothing would come further.
fn samples(bytes: &[u8]) {
    let share = |bytes: &[u8]| Segment::create("seed", bytes.len(), |to| to.copy_from_slice(bytes));
    let mut bytes = bytes.to_vec();
    let Ok(mut segment) = share(&bytes) else {
        return assert!(bytes.is_empty());
    };
    if let Err(LayoutError::Checksum { found, .. }) = Samples::parse(segment.bytes()) {
        bytes[HEADER_BYTES - 8..HEADER_BYTES - 4].copy_from_slice(&found.to_ne_bytes());
        segment = share(&bytes).expect("as before");
    }
    let bytes = segment.bytes();
    let Ok(samples) = Samples::parse(bytes) else {
        return;
    };
    for row in 0..samples.len() {
        let _ = samples.sample(row).class();
        assert_eq!(samples.row(row).to_vec().len(), samples.feature_count());
    }
    assert!(samples.class_names().iter().count() <= bytes.len());
}

/// A table of samples, as text, IDX or NumPy: what is read fits together and fits into a segment.
fn tables(bytes: &[u8]) {
    if is_array(bytes) {
        if let Ok(rows) = Unlabelled::parse("seed", None, bytes.to_vec(), false) {
            let mut row = Vec::new();
            for number in 0..rows.len() {
                rows.copy_row(number, &mut row);
                assert_eq!(row.len(), rows.width());
                assert!(row.iter().all(|number| number.is_finite()));
            }
        }
        return;
    }
    if let Ok(table) = Table::parse("seed", bytes, &Reading::default()) {
        assert!(table.rows() > 0 && table.width > 0);
        assert!(table.segment().is_ok());
    }
}

/// A record of Python's `SocketHandler`: its line is one line of JSON.
fn pickles(bytes: &[u8]) {
    const MOST: usize = 1 << 20;
    let mut machine = Machine::default();
    let Ok(record) = machine.read(bytes) else {
        return;
    };
    let mut line = Vec::new();
    match JsonWriter::default().line(&record, MOST, &mut line) {
        Ok(()) => {
            assert!(line.len() <= MOST + 1);
            assert_eq!(
                line.iter().position(|&byte| byte == b'\n'),
                Some(line.len() - 1)
            );
            let read = serde_json::from_slice::<serde_json::Value>(&line);
            assert!(read.is_ok(), "{read:?}: {}", String::from_utf8_lossy(&line));
        }
        // Of a value that contains itself, only this is noticed.
        Err(_) => assert!(line.is_empty()),
    }
}

/// A message that came over NATS.
fn cluster(bytes: &[u8]) {
    brigade::cluster::read_any_message(bytes);
}

/// A query: the first byte its options, then a line with the pattern, then a text. The count is that of the lines, and a
/// literal's is that of a plain loop.
fn patterns(bytes: &[u8]) {
    let Some((&options, rest)) = bytes.split_first() else {
        return;
    };
    let (pattern, text) = line_and_rest(rest);
    let mut pattern = brigade_protocol::jobs::search::Pattern::literal(pattern);
    pattern.is_regex = options & 1 != 0;
    pattern.ignores_case = options & 2 != 0;
    pattern.is_word = options & 4 != 0;
    let matcher: Result<Matcher, PatternError> = Matcher::new(&pattern);
    let Ok(matcher) = matcher else { return };
    let count = matcher.count(text);
    let is_plain = !(pattern.is_regex || pattern.ignores_case || pattern.is_word);
    if is_plain && !pattern.text.is_empty() {
        let is_in = |line: &&[u8]| {
            let mut windows = line.windows(pattern.text.len());
            windows.any(|window| window == &pattern.text[..])
        };
        let lines = text.split(|&byte| byte == b'\n').filter(is_in).count();
        assert_eq!(count, lines as u64);
    }
    assert!(count <= text.split(|&byte| byte == b'\n').count() as u64);
}

/// A Python file.
fn scan(bytes: &[u8]) {
    let scan = imports::scan(bytes);
    let lines = bytes.split(|&byte| byte == b'\n' || byte == b'\r').count();
    for import in &scan.imports {
        assert!(import.line as usize <= lines);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn every_seed_is_read_without_a_panic() {
        for (name, reader) in READERS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("seeds")
                .join(name);
            let mut seeds = 0;
            for seed in fs::read_dir(folder).unwrap() {
                reader(&fs::read(seed.unwrap().path()).unwrap());
                seeds += 1;
            }
            assert!(seeds > 0, "no seed for {name}");
        }
    }
}
