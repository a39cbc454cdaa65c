//! A tree that is watched: what has changed in it is read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use nix::errno::Errno;

use super::{
    super::{remote::Held, watch::Watch},
    Tree,
};

/// What only a tree that is watched needs.
pub(super) struct Watched {
    watch: Watch,
    numbers: BTreeMap<Arc<Path>, u32>,
    /// Files that are there no more.
    pub(super) gone: BTreeSet<u32>,
}

impl Watched {
    /// Watches what was given.
    ///
    /// # Errors
    /// When the system lets nobody watch, or no more.
    pub(super) fn new(roots: &[PathBuf]) -> Result<Self, Errno> {
        let mut watch = Watch::new()?;
        roots.iter().try_for_each(|path| watch.root(path))?;
        Ok(Self {
            watch,
            numbers: BTreeMap::new(),
            gone: BTreeSet::new(),
        })
    }
}

impl Tree<'_> {
    /// Watches folders, if anything is watched.
    pub(super) fn watch(&mut self, folders: Vec<PathBuf>) -> anyhow::Result<()> {
        let Some(watched) = &mut self.watched else {
            return Ok(());
        };
        for folder in folders {
            watched.watch.folder(&folder).context(
                "cannot watch more directories; raise fs.inotify.max_user_watches, or leave out --watch",
            )?;
        }
        Ok(())
    }

    /// The number of a file that was there before.
    pub(super) fn number(&self, path: &Path) -> Option<u32> {
        self.watched.as_ref()?.numbers.get(path).copied()
    }

    /// Knows a file by its path, if anything is watched, and watches its folder if only the file was given.
    pub(super) fn watch_file(&mut self, path: &Arc<Path>, number: u32) -> anyhow::Result<()> {
        let Some(watched) = &mut self.watched else {
            return Ok(());
        };
        watched.numbers.insert(Arc::clone(path), number);
        if self.args.paths.iter().any(|given| **given == **path) {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).to_owned();
            self.watch(vec![folder])?;
        }
        Ok(())
    }

    /// Has read again what has changed; whether anything has.
    pub(in super::super) fn refresh(&mut self) -> anyhow::Result<bool> {
        self.shards.listen()?;
        let Some(watched) = &mut self.watched else {
            return Ok(false);
        };
        let changes = watched.watch.changes();
        if changes.is_empty() {
            return Ok(false);
        }
        let mut is_other_tree = changes.is_other_tree;
        let mut has_changed = false;
        for path in changes.written {
            match self.number(&path) {
                Some(number) => {
                    self.reload(number);
                    has_changed = true;
                }
                None => is_other_tree = true,
            }
        }
        if is_other_tree {
            let before = self.paths.len();
            let there = self.find(self.walk.files(&self.args.paths))?;
            has_changed |= self.compare(&there) || self.paths.len() > before;
        }
        if has_changed {
            self.shards.settle();
        }
        Ok(has_changed)
    }

    /// Forgets what is gone, and reads what has come again; whether there was any of it.
    fn compare(&mut self, there: &BTreeSet<u32>) -> bool {
        let Some(watched) = &mut self.watched else {
            return false;
        };
        let all = 0..u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        let (came, went): (Vec<u32>, Vec<u32>) = all
            .filter(|number| there.contains(number) == watched.gone.contains(number))
            .partition(|number| there.contains(number));
        watched.gone.extend(&went);
        for number in &came {
            watched.gone.remove(number);
        }
        let has_changed = !(came.is_empty() && went.is_empty());
        // What is not there any more cannot be read, and so is held no more.
        for number in came.into_iter().chain(went) {
            self.reload(number);
        }
        has_changed
    }

    fn reload(&mut self, number: u32) {
        let at = number as usize;
        if let (Some(path), Some(&shard)) = (self.paths.get(at), self.shard_of.get(at)) {
            self.unread.remove(&number);
            let bytes = path.metadata().map_or(0, |metadata| metadata.len());
            let file = Held {
                number,
                path: Arc::clone(path),
                bytes,
            };
            self.shards.reload(shard, &file);
        }
    }
}
