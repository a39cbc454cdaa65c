//! What .gitignore and .ignore files say, those of a directory and all above it, in the order in which git and
//! ripgrep let them hold: .ignore before .gitignore, the nearest first, .gitignore only in a repository and up to its
//! root.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

/// The rules of one directory.
#[derive(Debug, Default)]
struct Frame {
    /// Of the entries of the directory; 0 for a directory above the root.
    depth: usize,
    ignore: Option<Gitignore>,
    gitignore: Option<Gitignore>,
    /// Those of the repository whose root this is.
    exclude: Option<Gitignore>,
    is_repository: bool,
}

/// The rules that hold where a walk is.
#[derive(Debug, Default)]
pub(super) struct Rules {
    frames: Vec<Frame>,
    /// The root of the walk as it was given, and where it really is.
    root: Option<(PathBuf, PathBuf)>,
}

impl Rules {
    /// Those of the directories above the root of a walk.
    pub(super) fn above(root: &Path) -> Self {
        let Ok(real) = fs::canonicalize(root) else {
            return Self::default();
        };
        let mut rules = Self {
            root: Some((root.to_owned(), real.clone())),
            ..Self::default()
        };
        let mut folders: Vec<&Path> = real.ancestors().skip(1).collect();
        folders.reverse();
        for folder in folders {
            let mut frame = Frame::default();
            for name in [".git", ".gitignore", ".ignore"] {
                let path = folder.join(name);
                if path.exists() {
                    frame.learn(&path, folder, name.as_bytes());
                }
            }
            rules.frames.push(frame);
        }
        rules
    }

    /// Forgets the rules of directories that are left; an entry of this depth comes next.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.frames.last().is_some_and(|last| last.depth > depth) {
            self.frames.pop();
        }
    }

    /// Takes in the rules in this file, which is an entry of this depth.
    pub(super) fn learn(&mut self, path: &Path, name: &[u8], depth: usize) {
        let Some(folder) = path.parent().and_then(|folder| self.real(folder)) else {
            return;
        };
        if self.frames.last().is_none_or(|last| last.depth != depth) {
            self.frames.push(Frame {
                depth,
                ..Frame::default()
            });
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.learn(path, &folder, name);
        }
    }

    /// Whether the rules want an entry; `None` when they say nothing about it.
    pub(super) fn wants(&self, path: &Path, is_dir: bool) -> Option<bool> {
        if self.frames.iter().all(Frame::is_empty) {
            return None;
        }
        let path = self.real(path)?;
        let by_ignore = self
            .frames
            .iter()
            .rev()
            .find_map(|frame| verdict(frame.ignore.as_ref(), &path, is_dir));
        by_ignore.or_else(|| {
            let root = self.frames.iter().rposition(|frame| frame.is_repository)?;
            let inside = &self.frames[root..];
            let by_git = inside
                .iter()
                .rev()
                .find_map(|frame| verdict(frame.gitignore.as_ref(), &path, is_dir));
            by_git.or_else(|| verdict(self.frames[root].exclude.as_ref(), &path, is_dir))
        })
    }

    /// Where a path below the root really is.
    fn real(&self, path: &Path) -> Option<PathBuf> {
        let (root, real) = self.root.as_ref()?;
        let below = path.strip_prefix(root).ok()?;
        Some(real.join(below))
    }
}

impl Frame {
    fn learn(&mut self, path: &Path, folder: &Path, name: &[u8]) {
        match name {
            b".ignore" => self.ignore = rules(path, folder),
            b".gitignore" => self.gitignore = rules(path, folder),
            _ => {
                self.is_repository = true;
                self.exclude = rules(&path.join("info/exclude"), folder);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.ignore.is_none() && self.gitignore.is_none() && self.exclude.is_none()
    }
}

/// The rules of a file, which hold in `folder`; `None` when there are none.
fn rules(path: &Path, folder: &Path) -> Option<Gitignore> {
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
