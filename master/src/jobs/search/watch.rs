//! Notices that files change, by inotify.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor},
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

/// Watches the directories of files.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Inotify,
    folders: HashMap<WatchDescriptor, PathBuf>,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    pub(super) fn new() -> Result<Self, Errno> {
        Ok(Self {
            inotify: Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?,
            folders: HashMap::new(),
            watched: BTreeSet::new(),
        })
    }

    /// Watches the directories from a root to a file below it.
    ///
    /// # Errors
    /// When the system watches as many as it may already.
    pub(super) fn file(&mut self, roots: &[PathBuf], file: &Path) -> Result<(), Errno> {
        for folder in file.ancestors().skip(1) {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            if self.watched.contains(folder) {
                return Ok(());
            }
            self.folder(folder)?;
            if roots.iter().any(|root| root == folder) || folder == Path::new(".") {
                return Ok(());
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path) -> Result<(), Errno> {
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVE
            | AddWatchFlags::IN_ONLYDIR;
        match self.inotify.add_watch(folder, flags) {
            Ok(descriptor) => {
                self.folders.insert(descriptor, folder.to_owned());
            }
            // It has gone already, or may not be looked into.
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES) => {}
            Err(error) => return Err(error),
        }
        self.watched.insert(folder.to_owned());
        Ok(())
    }

    /// What has happened since it was last asked.
    pub(super) fn changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        while let Ok(events) = self.inotify.read_events() {
            for event in events {
                let folder = self.folders.get(&event.wd);
                if event.mask.contains(AddWatchFlags::IN_IGNORED) {
                    // The directory is gone; one of the same name would have to be watched anew.
                    if let Some(folder) = self.folders.remove(&event.wd) {
                        self.watched.remove(&folder);
                    }
                    changes.is_other_tree = true;
                    continue;
                }
                let (Some(folder), Some(name)) = (folder, &event.name) else {
                    // The kernel's queue ran over.
                    changes.is_other_tree = true;
                    continue;
                };
                let is_file = !event.mask.contains(AddWatchFlags::IN_ISDIR);
                let path = folder.strip_prefix("./").unwrap_or(folder).join(name);
                let path = path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
                let is_written = event
                    .mask
                    .intersects(AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO);
                if is_file && is_written {
                    changes.written.insert(path);
                } else {
                    changes.is_other_tree = true;
                }
            }
        }
        changes
    }
}
