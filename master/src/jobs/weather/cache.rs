//! Forecasts of earlier runs, in a folder: a file each, which is replaced as a whole, so several runs may share it.
//!
//! A file is one line of JSON about the text and then the text itself. Whatever does not add up is taken for absent.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::fetch::Tags;
use crate::{model, whole};

/// What the line at the top may need.
const LARGEST_HEAD: u64 = 64 << 10;

/// Drafts that have lain so long are those of a run that was killed.
const ABANDONED: Duration = Duration::from_hours(1);

/// The format of the files.
const VERSION: u32 = 1;

/// A folder of forecasts.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// The largest text that is read.
    largest: u64,
}

/// A forecast of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    pub(super) tags: Tags,
    /// When the server last said that this is the text.
    pub(super) checked: SystemTime,
}

/// The line at the top.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    brigade_forecast: u32,
    url: String,
    checked_unix_ms: u64,
    #[serde(flatten)]
    tags: Tags,
    bytes: u64,
    sha256: String,
}

impl Kept {
    /// How old it is; `None` if its time lies in the future, because a clock was set back.
    pub(super) fn age(&self, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.checked).ok()
    }
}

impl Cache {
    /// Makes the folder, unless it is there, and clears away what killed runs have left.
    pub(super) fn open(folder: &Path, largest: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(folder)?.flatten() {
            let is_draft = is_draft(&entry.file_name().to_string_lossy());
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|time| time.elapsed().ok());
            if is_draft && age.is_some_and(|age| age > ABANDONED) {
                // Another run may have been quicker.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            largest,
        })
    }

    /// The text of an address, if it was kept and is whole.
    pub(super) fn find(&self, code: &str, url: &Url) -> Option<Kept> {
        let mut file = File::open(self.path(code, url)).ok()?;
        let mut content = Vec::new();
        let limit = self.largest.saturating_add(LARGEST_HEAD);
        Read::by_ref(&mut file)
            .take(limit)
            .read_to_end(&mut content)
            .ok()?;
        let end = content.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&content[..end]).ok()?;
        let bytes = content.split_off(end + 1);
        let is_whole = head.brigade_forecast == VERSION
            && head.url == url.as_str()
            && model::fingerprint_of(&bytes) == (head.bytes, head.sha256);
        let checked = UNIX_EPOCH.checked_add(Duration::from_millis(head.checked_unix_ms))?;
        is_whole.then_some(Kept {
            bytes,
            tags: head.tags,
            checked,
        })
    }

    /// Keeps a text, in the place of an older one.
    pub(super) fn keep(&self, code: &str, url: &Url, kept: &Kept) -> io::Result<()> {
        let since = kept.checked.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (bytes, sha256) = model::fingerprint_of(&kept.bytes);
        let head = Head {
            brigade_forecast: VERSION,
            url: url.as_str().to_owned(),
            checked_unix_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            tags: kept.tags.clone(),
            bytes,
            sha256,
        };
        let mut content = serde_json::to_vec(&head)?;
        content.push(b'\n');
        content.extend_from_slice(&kept.bytes);
        whole::write(&self.path(code, url), &content)
    }

    /// Named by the zone for people, and by the address because several servers have the same zones.
    fn path(&self, code: &str, url: &Url) -> PathBuf {
        let (_, digest) = model::fingerprint_of(url.as_str().as_bytes());
        let short = digest.get(..16).unwrap_or(&digest);
        self.folder.join(format!("{code}-{short}.forecast"))
    }
}

/// Whether it is what `whole::write` has begun: `.ANZ540-0123456789abcdef.forecast.4711`.
fn is_draft(name: &str) -> bool {
    let middle = name
        .strip_prefix('.')
        .and_then(|rest| rest.rsplit_once('.'));
    middle.is_some_and(|(name, pid)| {
        name.ends_with(".forecast") && pid.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept {
            bytes: b"a\n...GALE \xff...\n".to_vec(),
            tags: Tags {
                etag: Some("\"1\"".into()),
                last_modified: None,
            },
            checked: UNIX_EPOCH + Duration::from_millis(1_764_105_300_123),
        }
    }

    fn opened(largest: u64) -> (tempfile::TempDir, Cache, Url) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("new/cache"), largest).unwrap();
        let url = Url::parse("http://localhost/anz540.txt").unwrap();
        (folder, cache, url)
    }

    #[test]
    fn what_is_kept_is_found_again_under_its_own_address_only() {
        let (_folder, cache, url) = opened(1 << 20);
        assert_eq!(cache.find("ANZ540", &url), None);
        cache.keep("ANZ540", &url, &kept()).unwrap();
        assert_eq!(cache.find("ANZ540", &url), Some(kept()));
        let other = Url::parse("http://elsewhere/anz540.txt").unwrap();
        assert_eq!(cache.find("ANZ540", &other), None);
        assert_eq!(kept().age(kept().checked - Duration::from_secs(1)), None);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let (_folder, cache, url) = opened(1 << 20);
        let path = cache.path("ANZ540", &url);
        cache.keep("ANZ540", &url, &kept()).unwrap();
        let content = fs::read(&path).unwrap();
        for at in 0..content.len() {
            // Cut short, and with one bit turned over.
            fs::write(&path, &content[..at]).unwrap();
            assert_eq!(cache.find("ANZ540", &url), None, "{at}");
            let mut turned = content.clone();
            turned[at] ^= 1;
            fs::write(&path, &turned).unwrap();
            let found = cache.find("ANZ540", &url);
            assert!(
                found.is_none_or(|found| found.bytes == kept().bytes),
                "{at}"
            );
        }
    }

    #[test]
    fn a_file_that_has_grown_out_of_all_measure_is_not_read() {
        let (_folder, cache, url) = opened(1 << 10);
        let mut large = kept();
        large.bytes = vec![b'x'; 1 << 20];
        cache.keep("ANZ540", &url, &large).unwrap();
        assert_eq!(cache.find("ANZ540", &url), None);
    }

    #[test]
    fn drafts_of_killed_runs_are_cleared_away_when_they_are_old() {
        let (_folder, cache, _) = opened(1);
        let old = SystemTime::now() - 2 * ABANDONED;
        for (name, time) in [
            (".ANZ540-00.forecast.12", old),
            (".ANZ541-00.forecast.12", SystemTime::now()),
            (".mine", old),
            ("ANZ540-00.forecast", old),
        ] {
            let file = File::create(cache.folder.join(name)).unwrap();
            file.set_modified(time).unwrap();
        }
        Cache::open(&cache.folder, 1).unwrap();
        let entries = fs::read_dir(&cache.folder).unwrap().flatten();
        let mut left: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        left.sort();
        let expected = [".ANZ541-00.forecast.12", ".mine", "ANZ540-00.forecast"];
        assert_eq!(left, expected);
    }
}
