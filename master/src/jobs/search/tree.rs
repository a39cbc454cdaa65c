//! The tree as it is held: which files there are, and which shard has which.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use brigade_protocol::jobs::search::Holdings;
use nix::errno::Errno;

use super::{
    SearchArgs,
    deal::Deal,
    files::Files,
    remote::Held,
    shards::{News, Shards},
    walk::Walk,
    watch::Watch,
};
use crate::{
    cli::{Common, Narrator, RETRIES, signals},
    report::counted,
};

/// The files of a search, held by shards.
pub(super) struct Tree<'a> {
    args: &'a SearchArgs,
    walk: Walk,
    narrator: Narrator,
    is_verbose: bool,
    shards: Shards,
    deal: Deal,
    /// By number.
    paths: Vec<Arc<Path>>,
    /// Of each file.
    shard_of: Vec<usize>,
    watched: Option<Watched>,
    /// Files that were complained about.
    unread: BTreeSet<u32>,
    /// What was complained about beside them.
    told: BTreeSet<String>,
    left_out: LeftOut,
    /// Shards that were lost, or have not answered in time, with the number of their files.
    lost: BTreeMap<usize, usize>,
}

/// What could not be searched, and what was not to be.
#[derive(Debug, Default, Clone, Copy)]
struct LeftOut {
    faults: u64,
    binary: u64,
    large: u64,
}

/// What only a tree that is watched needs.
struct Watched {
    watch: Watch,
    numbers: BTreeMap<Arc<Path>, u32>,
    /// Files that are there no more.
    gone: BTreeSet<u32>,
}

impl<'a> Tree<'a> {
    /// Finds the files and gives them to the shards, which load them meanwhile.
    pub(super) fn load(
        args: &'a SearchArgs,
        common: &Common,
        narrator: &Narrator,
    ) -> anyhow::Result<Self> {
        let workers = common.workers();
        let walk = Walk::new(&args.glob, args.no_ignore, args.hidden)?;
        // It goes on while the workers start.
        let files = walk.files(&args.paths);
        let watch = || {
            let mut watch = Watch::new()?;
            args.paths.iter().try_for_each(|path| watch.root(path))?;
            Ok::<_, Errno>(watch)
        };
        let watched = args.watch.then(watch).transpose();
        let watched = watched.context("cannot watch files")?.map(|watch| Watched {
            watch,
            numbers: BTreeMap::new(),
            gone: BTreeSet::new(),
        });
        let mut tree = Self {
            args,
            walk,
            narrator: narrator.clone(),
            is_verbose: common.is_verbose(),
            shards: Shards::start(
                common.resident_pool("search", narrator),
                workers,
                args.terms(),
                common.retries_or(RETRIES),
                narrator,
            )?,
            deal: Deal::new(workers),
            paths: Vec::new(),
            shard_of: Vec::new(),
            watched,
            unread: BTreeSet::new(),
            told: BTreeSet::new(),
            left_out: LeftOut::default(),
            lost: BTreeMap::new(),
        };
        tree.find(files)?;
        Ok(tree)
    }

    /// Whom to ask, and the paths by number.
    pub(super) fn parts(&mut self) -> (&mut Shards, &[Arc<Path>]) {
        (&mut self.shards, &self.paths)
    }

    /// Gives all files to the shards that they do not have yet. Returns which are there.
    fn find(&mut self, mut files: Files) -> anyhow::Result<BTreeSet<u32>> {
        let mut there = BTreeSet::new();
        while let Some(found) = files.next() {
            match found {
                Ok(found) => {
                    let number = match self.number(&found.path) {
                        Some(number) => number,
                        None => self.give(found.path, found.bytes)?,
                    };
                    if self.watched.is_some() {
                        there.insert(number);
                    }
                }
                Err(unseen) => self.fault_once(unseen.to_string()),
            }
            if signals::caught().is_some() {
                break;
            }
            self.watch(files.take_entered())?;
        }
        self.watch(files.take_entered())?;
        self.shards.settle();
        Ok(there)
    }

    fn watch(&mut self, folders: Vec<PathBuf>) -> anyhow::Result<()> {
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
    fn number(&self, path: &Path) -> Option<u32> {
        self.watched.as_ref()?.numbers.get(path).copied()
    }

    fn give(&mut self, path: Arc<Path>, bytes: u64) -> anyhow::Result<u32> {
        let number = u32::try_from(self.paths.len())
            .context("there are more than 4,294,967,295 files: search fewer at a time")?;
        let shard = self.deal.next(bytes);
        let file = Held {
            number,
            path: Arc::clone(&path),
            bytes,
        };
        self.shards.give(shard, file)?;
        self.narrator.tally(u64::from(number), "files found");
        if let Some(watched) = &mut self.watched {
            watched.numbers.insert(Arc::clone(&path), number);
            // A file that was given may lie in a directory that was not.
            if self.args.paths.iter().any(|given| **given == *path) {
                let folder = path
                    .parent()
                    .filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).to_owned();
                self.watch(vec![folder])?;
            }
        }
        self.paths.push(path);
        self.shard_of.push(shard);
        Ok(number)
    }

    /// Has read again what has changed; whether anything has.
    pub(super) fn refresh(&mut self) -> anyhow::Result<bool> {
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

    /// Tells what happened to the shards meanwhile.
    pub(super) fn tell(&mut self) {
        for news in self.shards.news() {
            match news {
                News::Holds {
                    pid,
                    given,
                    holdings,
                } => self.held(pid, given, holdings),
                News::Lost { shard, files, why } => {
                    // One that is too slow for one question may be for the next: its files are the same.
                    self.lost.insert(shard, files);
                    self.narrator.say(&format!(
                        "warning: {} not searched: {why}",
                        counted(files as u64, "file")
                    ));
                }
            }
        }
    }

    fn held(&mut self, pid: u32, given: usize, holdings: Holdings) {
        if self.is_verbose {
            self.narrator.say(&format!("PID: {pid}, paths {given}"));
        }
        self.left_out.binary += holdings.binary;
        self.left_out.large += holdings.large;
        for (number, why) in holdings.unread {
            let is_gone = self
                .watched
                .as_ref()
                .is_some_and(|watched| watched.gone.contains(&number));
            if !is_gone && self.unread.insert(number) {
                let path = self.paths.get(number as usize);
                let path = path.map_or_else(String::new, |path| path.display().to_string());
                self.fault(&format!("{path}: {why}"));
            }
        }
    }

    fn fault(&mut self, what: &str) {
        self.left_out.faults += 1;
        self.narrator.say(&format!("warning: {what}"));
    }

    /// The same once, however often the tree is looked through.
    fn fault_once(&mut self, what: String) {
        if !self.told.contains(&what) {
            self.fault(&what);
            self.told.insert(what);
        }
    }

    /// How many files are not searched because their worker was lost.
    pub(super) fn lost(&self) -> usize {
        self.lost.values().sum()
    }

    /// Ends the shards. Returns how much could not be searched.
    pub(super) fn close(self) -> u64 {
        let LeftOut {
            faults,
            binary,
            large,
        } = self.left_out;
        let faults = faults + self.lost() as u64;
        let say = |count, what: &str| {
            if count > 0 {
                self.narrator.say(&format!("{count} {what}"));
            }
        };
        say(faults, "could not be searched; see the warnings above");
        if self.is_verbose {
            say(binary, "left out: they hold NUL bytes");
            say(large, "left out: they are larger than --max-filesize");
        }
        self.shards.stop();
        faults
    }
}
