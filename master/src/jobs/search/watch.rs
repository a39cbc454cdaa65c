//! Notices that files change, by inotify.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor},
};

/// What has happened since it was last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// Files that were written or have come.
    pub(super) written: BTreeSet<PathBuf>,
    /// Whether files or directories have come or gone, or nobody knows what has happened.
    pub(super) is_other_tree: bool,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && !self.is_other_tree
    }
}

/// Watches directories.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Inotify,
    /// A directory that was moved keeps its watch and gets another path.
    folders: HashMap<WatchDescriptor, PathBuf>,
    /// Directories in which only these names count.
    above: HashMap<WatchDescriptor, BTreeSet<OsString>>,
    /// Whether directories are watched whose entries were seen before.
    is_behind: bool,
}

impl Watch {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self {
            inotify: Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?,
            folders: HashMap::new(),
            above: HashMap::new(),
            is_behind: false,
        })
    }

    /// Watches a directory; nothing happens if it is watched already. What came into it before this is noticed
    /// too: the next changes say that the tree is another one.
    ///
    /// # Errors
    /// When the system watches as many as it may already.
    pub(super) fn folder(&mut self, folder: &Path) -> Result<(), Errno> {
        if let Some(descriptor) = self.add(folder)? {
            let before = self.folders.insert(descriptor, folder.to_owned());
            self.is_behind |= before.is_none_or(|before| before != folder);
        }
        Ok(())
    }

    /// Watches for a path that may go and come again, by the directory that it lies in.
    ///
    /// # Errors
    /// As [`folder`](Self::folder).
    pub(super) fn root(&mut self, path: &Path) -> Result<(), Errno> {
        // `.` and `/` do not come and go.
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(());
        };
        let is_here = above == Path::new("");
        let above = if is_here { Path::new(".") } else { above };
        if let Some(descriptor) = self.add(above)? {
            let names = self.above.entry(descriptor).or_default();
            names.insert(name.to_owned());
        }
        Ok(())
    }

    /// `None` for what is no directory, has gone already, or may not be looked into.
    fn add(&self, folder: &Path) -> Result<Option<WatchDescriptor>, Errno> {
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_MOVE_SELF
            | AddWatchFlags::IN_ONLYDIR;
        match self.inotify.add_watch(folder, flags) {
            Ok(descriptor) => Ok(Some(descriptor)),
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What has happened since it was last asked.
    pub(super) fn changes(&mut self) -> Changes {
        let mut changes = Changes {
            is_other_tree: std::mem::take(&mut self.is_behind),
            ..Changes::default()
        };
        while let Ok(events) = self.inotify.read_events() {
            for event in events {
                self.take_in(&event, &mut changes);
            }
        }
        changes
    }

    fn take_in(&mut self, event: &InotifyEvent, changes: &mut Changes) {
        if event.mask.contains(AddWatchFlags::IN_IGNORED) {
            // The directory is gone.
            self.folders.remove(&event.wd);
            self.above.remove(&event.wd);
            changes.is_other_tree = true;
            return;
        }
        if !self.folders.contains_key(&event.wd)
            && let Some(names) = self.above.get(&event.wd)
        {
            let name = event.name.as_deref().unwrap_or(OsStr::new(""));
            changes.is_other_tree |= names.contains(name);
            return;
        }
        let (Some(folder), Some(name)) = (self.folders.get(&event.wd), &event.name) else {
            // The directory itself has moved, or the kernel's queue ran over.
            changes.is_other_tree = true;
            return;
        };
        let is_file = !event.mask.contains(AddWatchFlags::IN_ISDIR);
        let is_written = event
            .mask
            .intersects(AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO);
        if is_file && is_written {
            let path = if folder == Path::new(".") {
                PathBuf::from(name)
            } else {
                folder.join(name)
            };
            changes.written.insert(path);
        } else {
            changes.is_other_tree = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, Instant},
    };

    use super::*;

    /// What has changed once some file was written. A file is closed only when it is in every process: one that another
    /// test has just forked may have it for a moment.
    fn written(watch: &mut Watch) -> Changes {
        let began = Instant::now();
        let mut all = Changes::default();
        while all.written.is_empty() && began.elapsed() < Duration::from_secs(10) {
            let more = watch.changes();
            all.is_other_tree |= more.is_other_tree;
            all.written.extend(more.written);
        }
        all
    }

    #[test]
    fn what_happens_in_a_directory_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::new().unwrap();
        watch.folder(folder.path()).unwrap();
        assert!(watch.changes().is_other_tree, "what came before the watch");
        assert!(watch.changes().is_empty());
        watch.folder(folder.path()).unwrap();
        assert!(watch.changes().is_empty(), "it was watched already");
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "x").unwrap();
        assert_eq!(written(&mut watch).written, [one.clone()].into());
        fs::write(&one, "y").unwrap();
        let changes = written(&mut watch);
        assert_eq!(changes.written, [one.clone()].into());
        assert!(!changes.is_other_tree, "the tree is the same");
        fs::rename(&one, &other).unwrap();
        let changes = watch.changes();
        assert_eq!(changes.written, [other.clone()].into());
        assert!(changes.is_other_tree);
        fs::remove_file(&other).unwrap();
        assert!(watch.changes().is_other_tree);
    }

    #[test]
    fn a_root_that_comes_and_goes_is_noticed_and_what_lies_beside_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let [root, other] = ["root", "other"].map(|name| folder.path().join(name));
        let mut watch = Watch::new().unwrap();
        for path in [&root, Path::new("/"), Path::new("."), Path::new("no/where")] {
            watch.root(path).unwrap();
        }
        fs::write(&other, "x").unwrap();
        assert!(watch.changes().is_empty());
        fs::create_dir(&root).unwrap();
        assert!(watch.changes().is_other_tree);
        watch.folder(&root).unwrap();
        let _ = watch.changes();
        fs::rename(&root, folder.path().join("away")).unwrap();
        assert!(watch.changes().is_other_tree);
        fs::write(&root, "a file now").unwrap();
        assert!(watch.changes().is_other_tree);
    }

    #[test]
    fn a_directory_that_has_moved_is_known_by_its_new_path() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
        fs::create_dir(&old).unwrap();
        let mut watch = Watch::new().unwrap();
        watch.folder(&old).unwrap();
        fs::rename(&old, &new).unwrap();
        fs::create_dir(&old).unwrap();
        for path in [&old, &new] {
            watch.folder(path).unwrap();
        }
        let _ = watch.changes();
        for path in [&old, &new] {
            fs::write(path.join("file"), "x").unwrap();
            assert_eq!(written(&mut watch).written, [path.join("file")].into());
        }
        fs::remove_dir_all(&new).unwrap();
        assert!(watch.changes().is_other_tree);
    }
}
