//! The tree as it is held: which files there are, and which shard has which.

mod watched;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use anyhow::Context;
use brigade_protocol::jobs::search::Holdings;

use watched::Watched;

use super::{
    SearchArgs,
    deal::Deal,
    files::Files,
    remote::Held,
    shards::{News, Shards},
    walk::Walk,
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
        let watched = args.watch.then(|| Watched::new(&args.paths));
        let watched = watched.transpose().context("cannot watch files")?;
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
        self.watch_file(&path, number)?;
        self.paths.push(path);
        self.shard_of.push(shard);
        Ok(number)
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

    /// How many files the last answer says nothing of.
    pub(super) fn unsearched(&self) -> usize {
        self.shards.unsearched()
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
