//! Looks for records in a server's file.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

use brigade_protocol::jobs::logs::{Sent, fingerprint};
use serde::Deserialize;

use crate::report::logs::Missing;

/// What the file has, by client.
#[derive(Debug, Default)]
pub(super) struct Found {
    clients: BTreeMap<String, (u64, u64)>,
    pub(super) corrupted: u64,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    name: String,
    #[serde(default)]
    msg: String,
}

impl Found {
    /// Reads a file from `start` on.
    pub(super) fn look(file: &Path, start: u64) -> io::Result<Self> {
        let mut file = fs::File::open(file)?;
        file.seek(SeekFrom::Start(start))?;
        let mut found = Self::default();
        for line in BufReader::new(file).split(b'\n') {
            match serde_json::from_slice::<Line>(&line?) {
                Ok(line) => found.add(&line),
                Err(_) => found.corrupted += 1,
            }
        }
        Ok(found)
    }

    fn add(&mut self, Line { name, msg }: &Line) {
        let client = name.split('.').next().unwrap_or_default();
        if !client.starts_with("app_") {
            return;
        }
        let (records, sum) = self.clients.entry(client.to_owned()).or_default();
        *records += 1;
        *sum = sum.wrapping_add(fingerprint(name, msg));
    }

    /// The clients whose records are not all there, or not as they were sent.
    pub(super) fn missing(&self, sent: &[Sent]) -> Vec<Missing> {
        // Several clients have one name if they have run in one process.
        let mut expected: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for client in sent {
            let (records, sum) = expected.entry(&client.name).or_default();
            *records += client.records;
            *sum = sum.wrapping_add(client.fingerprint);
        }
        expected
            .into_iter()
            .filter_map(|(name, sent)| {
                let found = self.clients.get(name).copied().unwrap_or_default();
                (found != sent).then(|| Missing {
                    name: name.to_owned(),
                    sent: sent.0,
                    found: found.0,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_missing_or_changed_is_found() {
        let client = |name: &str, messages: &[&str]| Sent {
            name: name.into(),
            records: messages.len() as u64,
            bytes: 0,
            collections: 0,
            steps: 0,
            fingerprint: messages
                .iter()
                .fold(0, |sum, text| sum.wrapping_add(fingerprint(name, text))),
            took: Duration::ZERO,
        };
        let sent = [
            client("app_1", &["a", "b"]),
            client("app_2", &["c"]),
            client("app_3", &["d"]),
        ];
        let mut found = Found::default();
        for (name, msg) in [
            ("app_1", "a"),
            ("app_2", "other"),
            ("app_3", "d"),
            ("else", "x"),
        ] {
            found.add(&Line {
                name: name.into(),
                msg: msg.into(),
            });
        }
        let missing: Vec<_> = found
            .missing(&sent)
            .into_iter()
            .map(|missing| missing.name)
            .collect();
        assert_eq!(missing, ["app_1", "app_2"]);
    }
}
