//! What .gitignore and .ignore files say, those of a directory and all above it, in the order in which git and
//! ripgrep let them hold: .ignore before .gitignore, the nearest first, .gitignore only in a repository and up to its
//! root, and last what the user has git ignore everywhere.

use std::{
    fs, iter,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

/// What a directory may hold that says what of the rest is wanted.
const NAMES: [&[u8]; 3] = [b".git", b".gitignore", b".ignore"];

/// The rules of one directory.
#[derive(Debug, Default)]
struct Frame {
    above: Option<Arc<Self>>,
    ignore: Option<Gitignore>,
    gitignore: Option<Gitignore>,
    /// Those of the repository whose root this is.
    exclude: Option<Gitignore>,
    is_repository: bool,
}

/// Where a walk began.
#[derive(Debug)]
struct Root {
    /// As it was given, and where it really is.
    given: PathBuf,
    real: PathBuf,
    /// What the user has git ignore everywhere.
    global: Option<Gitignore>,
}

/// The rules that hold for the entries of a directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    root: Option<Arc<Root>>,
    nearest: Option<Arc<Frame>>,
}

/// Whether an entry of this name holds rules.
pub(super) fn is_rule(name: &[u8]) -> bool {
    name.starts_with(b".") && NAMES.contains(&name)
}

impl Rules {
    /// Those of the directories above the root of a walk.
    pub(super) fn above(root: &Path) -> Self {
        let Ok(real) = fs::canonicalize(root) else {
            return Self::default();
        };
        let mut nearest = None;
        let mut folders: Vec<&Path> = real.ancestors().skip(1).collect();
        folders.reverse();
        for folder in folders {
            let there = NAMES.into_iter().filter(|name| {
                let name = std::str::from_utf8(name).unwrap_or_default();
                folder.join(name).exists()
            });
            nearest = Frame::of(folder, folder, there, nearest);
        }
        // Which part of it is no rule does not matter to the rest, nor does it to git.
        let (global, _) = GitignoreBuilder::new(&real).build_global();
        let root = Root {
            given: root.to_owned(),
            real,
            global: Some(global).filter(|rules| !rules.is_empty()),
        };
        Self {
            root: Some(Arc::new(root)),
            nearest,
        }
    }

    /// Those that hold in a directory, of whose entries `names` hold rules.
    pub(super) fn below<'a>(&self, folder: &Path, names: impl Iterator<Item = &'a [u8]>) -> Self {
        let above = self.nearest.clone();
        let nearest = match self.real(folder) {
            Some(real) => Frame::of(folder, &real, names, above),
            None => above,
        };
        Self {
            root: self.root.clone(),
            nearest,
        }
    }

    /// Whether the rules want an entry; `None` when they say nothing about it.
    pub(super) fn wants(&self, path: &Path, is_dir: bool) -> Option<bool> {
        self.nearest.as_ref()?;
        let path = self.real(path)?;
        let by_ignore = self
            .frames()
            .find_map(|frame| verdict(frame.ignore.as_ref(), &path, is_dir));
        by_ignore.or_else(|| self.wanted_by_git(&path, is_dir))
    }

    fn wanted_by_git(&self, path: &Path, is_dir: bool) -> Option<bool> {
        let repository = self.frames().find(|frame| frame.is_repository)?;
        let above = repository.above.as_ref().map(Arc::as_ptr);
        let mut inside = self
            .frames()
            .take_while(|frame| Some(std::ptr::from_ref::<Frame>(frame)) != above);
        inside
            .find_map(|frame| verdict(frame.gitignore.as_ref(), path, is_dir))
            .or_else(|| verdict(repository.exclude.as_ref(), path, is_dir))
            .or_else(|| verdict(self.root.as_ref()?.global.as_ref(), path, is_dir))
    }

    /// The nearest first.
    fn frames(&self) -> impl Iterator<Item = &Frame> {
        iter::successors(self.nearest.as_deref(), |frame| frame.above.as_deref())
    }

    /// Where a path below the root really is.
    fn real(&self, path: &Path) -> Option<PathBuf> {
        let root = self.root.as_ref()?;
        let below = path.strip_prefix(&root.given).ok()?;
        Some(root.real.join(below))
    }
}

impl Frame {
    /// What the entries of these names say about a directory; where they say nothing, what holds above it.
    fn of<'a>(
        folder: &Path,
        real: &Path,
        names: impl Iterator<Item = &'a [u8]>,
        above: Option<Arc<Self>>,
    ) -> Option<Arc<Self>> {
        let mut frame = Self::default();
        for name in names {
            match name {
                b".ignore" => frame.ignore = rules(&folder.join(".ignore"), real),
                b".gitignore" => frame.gitignore = rules(&folder.join(".gitignore"), real),
                b".git" => {
                    frame.is_repository = true;
                    frame.exclude = rules(&folder.join(".git/info/exclude"), real);
                }
                _ => {}
            }
        }
        let says_nothing =
            frame.ignore.is_none() && frame.gitignore.is_none() && !frame.is_repository;
        if says_nothing {
            return above;
        }
        frame.above = above;
        Some(Arc::new(frame))
    }
}

/// The rules of a file, which hold in `folder`; `None` when there are none.
fn rules(path: &Path, folder: &Path) -> Option<Gitignore> {
    if !path.is_file() {
        // To open a FIFO would wait for ever.
        return None;
    }
    let mut builder = GitignoreBuilder::new(folder);
    // A line that is no rule leaves the others as they are, and so do git and ripgrep.
    let _ = builder.add(path);
    let rules = builder.build().ok()?;
    (!rules.is_empty()).then_some(rules)
}

fn verdict(rules: Option<&Gitignore>, path: &Path, is_dir: bool) -> Option<bool> {
    match rules?.matched(path, is_dir) {
        Match::None => None,
        Match::Ignore(_) => Some(false),
        Match::Whitelist(_) => Some(true),
    }
}
