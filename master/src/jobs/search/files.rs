//! Finds the files of trees on several threads, in an order that does not depend on them.
//!
//! Who iterates wants the files as a walk of a single thread would meet them. Others list directories meanwhile,
//! those first that are wanted soonest; what is wanted and was not listed yet, the iterating thread lists itself.

use std::{
    collections::VecDeque,
    fs::{self, DirEntry},
    mem,
    os::unix::ffi::OsStrExt,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread, vec,
};

use super::{
    folder::{Entry, Folder},
    rules::{Rules, is_rule},
    walk::{Found, Unseen, Walk},
};

/// More threads than this only wait for the kernel's locks.
const MOST_THREADS: usize = 8;

/// The files of a walk.
#[derive(Debug)]
pub(crate) struct Files {
    shared: Arc<Shared>,
    roots: VecDeque<Root>,
    /// What is left of the directories from the root to where the walk is.
    open: Vec<vec::IntoIter<Entry>>,
    entered: Vec<PathBuf>,
    has_threads: bool,
}

#[derive(Debug)]
enum Root {
    Entry(Entry),
    /// What is to be looked at only after all before it.
    Path(PathBuf),
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    walk: Walk,
    pile: Mutex<Pile>,
    is_more: Condvar,
}

/// Directories that are to be listed, the next one last.
#[derive(Debug, Default)]
struct Pile {
    folders: Vec<Arc<Folder>>,
    is_over: bool,
}

impl Files {
    pub(super) fn new(walk: Walk, roots: &[PathBuf]) -> Self {
        let shared = Arc::new(Shared {
            walk,
            pile: Mutex::default(),
            is_more: Condvar::new(),
        });
        let mut files = Self {
            shared,
            roots: roots.iter().cloned().map(Root::Path).collect(),
            open: Vec::new(),
            entered: Vec::new(),
            has_threads: false,
        };
        // Who iterates may have other things to do first.
        if let Some(Root::Path(first)) = files.roots.pop_front() {
            let entry = files.given(first);
            files.roots.push_front(Root::Entry(entry));
        }
        files
    }

    /// What was given as a path, which others begin to list if it is a directory.
    fn given(&mut self, path: PathBuf) -> Entry {
        let entry = self.shared.given(path);
        if let Entry::Folder(folder) = &entry {
            self.shared.add([Arc::clone(folder)]);
            if !self.has_threads {
                self.has_threads = true;
                self.start_threads();
            }
        }
        entry
    }

    fn start_threads(&self) {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..cores.min(MOST_THREADS) {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().name("walk".into());
            // Without them it takes longer.
            let _ = thread.spawn(move || shared.list_all());
        }
    }

    /// The directories that the walk has entered since this was last asked.
    pub(super) fn take_entered(&mut self) -> Vec<PathBuf> {
        mem::take(&mut self.entered)
    }

    /// The next entry, of the innermost directory first.
    fn next_entry(&mut self) -> Option<Entry> {
        while let Some(entries) = self.open.last_mut() {
            if let Some(entry) = entries.next() {
                return Some(entry);
            }
            self.open.pop();
        }
        Some(match self.roots.pop_front()? {
            Root::Entry(entry) => entry,
            Root::Path(path) => self.given(path),
        })
    }
}

impl Iterator for Files {
    type Item = Result<Found, Unseen>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_entry()? {
                Entry::File(found) => return Some(Ok(found)),
                Entry::Unseen(unseen) => return Some(Err(unseen)),
                Entry::Folder(folder) => {
                    self.open.push(self.shared.entries(&folder).into_iter());
                    self.entered.push(shown(folder.path.clone()));
                }
            }
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.shared.pile().is_over = true;
        self.shared.is_more.notify_all();
    }
}

impl Shared {
    fn pile(&self) -> MutexGuard<'_, Pile> {
        self.pile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a thread that lists.
    fn list_all(&self) {
        loop {
            let mut pile = self.pile();
            let folder = loop {
                if pile.is_over {
                    return;
                }
                match pile.folders.pop() {
                    Some(folder) => break folder,
                    None => {
                        pile = self
                            .is_more
                            .wait(pile)
                            .unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            drop(pile);
            if folder.begin() {
                let entries = self.list(&folder);
                folder.end(entries);
            }
        }
    }

    /// Has directories listed, the first one soonest.
    fn add(&self, folders: impl IntoIterator<Item = Arc<Folder>, IntoIter: DoubleEndedIterator>) {
        self.pile().folders.extend(folders.into_iter().rev());
        self.is_more.notify_all();
    }

    /// What a directory holds, listed here if nobody has begun to.
    fn entries(&self, folder: &Folder) -> Vec<Entry> {
        if folder.begin() {
            return self.list(folder);
        }
        folder.wait()
    }

    /// What is wanted of a directory, by name.
    fn list(&self, folder: &Folder) -> Vec<Entry> {
        let mut unseen = Vec::new();
        let mut entries = Vec::new();
        match fs::read_dir(&folder.path) {
            Ok(all) => {
                for entry in all {
                    match entry {
                        Ok(entry) => entries.push(entry),
                        Err(error) => unseen.push(Unseen::new(&folder.path, &error)),
                    }
                }
            }
            Err(error) => unseen.push(Unseen::new(&folder.path, &error)),
        }
        let names: Vec<_> = entries.iter().map(DirEntry::file_name).collect();
        let with_rules = names.iter().map(|name| name.as_bytes());
        let rules = self.walk.rules_below(
            &folder.rules,
            &folder.path,
            with_rules.filter(|name| is_rule(name)),
        );
        let mut wanted: Vec<_> = entries
            .iter()
            .zip(names)
            .filter_map(|(entry, name)| Some((name, self.entry(entry, &rules)?)))
            .collect();
        wanted.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let unseen = unseen.into_iter().map(Entry::Unseen);
        let wanted: Vec<Entry> = unseen
            .chain(wanted.into_iter().map(|(_, entry)| entry))
            .collect();
        let folders = wanted.iter().filter_map(|entry| match entry {
            Entry::Folder(folder) => Some(Arc::clone(folder)),
            _ => None,
        });
        self.add(folders.collect::<Vec<_>>());
        wanted
    }

    /// An entry, if it is wanted.
    fn entry(&self, entry: &DirEntry, rules: &Rules) -> Option<Entry> {
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return Some(Entry::Unseen(Unseen::new(&entry.path(), &error))),
        };
        // Neither links nor what is no file.
        if !(kind.is_dir() || kind.is_file()) || !self.walk.wants(entry, kind.is_dir(), rules) {
            return None;
        }
        let path = entry.path();
        if kind.is_dir() {
            return Some(folder(path, rules.clone()));
        }
        Some(match entry.metadata() {
            Ok(metadata) => file(path, metadata.len()),
            Err(error) => Entry::Unseen(Unseen::new(&path, &error)),
        })
    }

    /// What is given as a path is taken whatever it is called, and through links.
    fn given(&self, path: PathBuf) -> Entry {
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                let rules = self.walk.rules_above(&path);
                folder(path, rules)
            }
            Ok(metadata) if metadata.is_file() => file(path, metadata.len()),
            Ok(_) => Entry::Unseen(Unseen::new(&path, &"not a regular file")),
            Err(error) => Entry::Unseen(Unseen::new(&path, &error)),
        }
    }
}

fn folder(path: PathBuf, rules: Rules) -> Entry {
    Entry::Folder(Arc::new(Folder::new(path, rules)))
}

fn file(path: PathBuf, bytes: u64) -> Entry {
    let path = shown(path).into();
    Entry::File(Found { path, bytes })
}

/// What lies in the current directory is shown as grep shows it.
fn shown(path: PathBuf) -> PathBuf {
    match path.as_os_str().as_bytes().strip_prefix(b"./") {
        Some(rest) if !rest.is_empty() => PathBuf::from(std::ffi::OsStr::from_bytes(rest)),
        _ => path,
    }
}
