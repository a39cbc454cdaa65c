//! Finds the files of trees one after another, so that they can be read while more are being found.

use std::{
    cmp::Ordering,
    collections::VecDeque,
    fmt,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use ignore::overrides::{Override, OverrideBuilder};
use memchr::memrchr;
use walkdir::{DirEntry, IntoIter, WalkDir};

use super::rules::Rules;

/// Directories of what tools made of the sources.
const CACHES: [&[u8]; 4] = [b".tox", b".mypy_cache", b"__pycache__", b".idea"];

/// These come first in their directory, because they say what of the rest is wanted.
const RULES: [&[u8]; 3] = [b".git", b".gitignore", b".ignore"];

/// Which files are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    globs: Override,
    takes_ignored: bool,
    takes_hidden: bool,
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Its size when it was found.
    pub(crate) bytes: u64,
}

/// What could not be looked into, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen(String);

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Walk {
    /// Globs that files must match, or with `!` before them must not; whether ignored and hidden ones are wanted.
    ///
    /// # Errors
    /// When a glob is none.
    pub(crate) fn new(
        globs: &[String],
        takes_ignored: bool,
        takes_hidden: bool,
    ) -> Result<Self, ignore::Error> {
        let mut builder = OverrideBuilder::new("");
        for glob in globs {
            builder.add(glob)?;
        }
        Ok(Self {
            globs: builder.build()?,
            takes_ignored,
            takes_hidden,
        })
    }

    /// The files under these paths, in the order of the paths and, in each, of their names. Symbolic links are
    /// followed only where they are given as a path.
    pub(crate) fn files(&self, roots: &[PathBuf]) -> Files {
        Files {
            walk: self.clone(),
            roots: roots.iter().cloned().collect(),
            entries: None,
            rules: Rules::default(),
        }
    }

    /// Whether an entry below a root is wanted, or to be looked into. `rules` know all that applies.
    fn wants(&self, entry: &DirEntry, name: &[u8], rules: &Rules) -> bool {
        let is_dir = entry.file_type().is_dir();
        if is_dir && CACHES.contains(&name) {
            return false;
        }
        let by_globs = self.globs.matched(entry.path(), is_dir);
        if by_globs.is_ignore() {
            return false;
        }
        if by_globs.is_whitelist() {
            return true;
        }
        match (!self.takes_ignored).then(|| rules.wants(entry.path(), is_dir)) {
            Some(Some(is_wanted)) => is_wanted,
            _ => self.takes_hidden || !name.starts_with(b"."),
        }
    }
}

/// The files of a walk.
#[derive(Debug)]
pub(crate) struct Files {
    walk: Walk,
    roots: VecDeque<PathBuf>,
    entries: Option<IntoIter>,
    rules: Rules,
}

impl Iterator for Files {
    type Item = Result<Found, Unseen>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(entry) = self.entries.as_mut().and_then(Iterator::next) else {
                let root = self.roots.pop_front()?;
                if !self.walk.takes_ignored {
                    self.rules = Rules::above(&root);
                }
                self.entries = Some(WalkDir::new(root).sort_by(compare).into_iter());
                continue;
            };
            let found = match entry {
                Ok(entry) => self.consider(&entry),
                Err(error) => Some(Err(unseen(&error))),
            };
            if found.is_some() {
                return found;
            }
        }
    }
}

impl Files {
    /// The file of an entry, if it is one and wanted.
    fn consider(&mut self, entry: &DirEntry) -> Option<Result<Found, Unseen>> {
        if entry.depth() == 0 {
            return given(entry);
        }
        let name = name(entry.path());
        if !self.walk.takes_ignored {
            self.rules.leave(entry.depth());
            if RULES.contains(&name) {
                self.rules.learn(entry.path(), name, entry.depth());
            }
        }
        if !self.walk.wants(entry, name, &self.rules) {
            if entry.file_type().is_dir()
                && let Some(entries) = &mut self.entries
            {
                entries.skip_current_dir();
            }
            return None;
        }
        if !entry.file_type().is_file() {
            return None;
        }
        Some(match entry.metadata() {
            Ok(metadata) => Ok(file(entry.path(), metadata.len())),
            Err(error) => Err(unseen(&error)),
        })
    }
}

/// What is given as a path is taken whatever it is called, and through links.
fn given(entry: &DirEntry) -> Option<Result<Found, Unseen>> {
    let complain =
        |why: &dyn fmt::Display| Some(Err(Unseen(format!("{}: {why}", entry.path().display()))));
    match entry.path().metadata() {
        Ok(metadata) if metadata.is_dir() => None,
        Ok(metadata) if metadata.is_file() => Some(Ok(file(entry.path(), metadata.len()))),
        Ok(_) => complain(&"not a regular file"),
        Err(error) => complain(&error),
    }
}

fn file(path: &Path, bytes: u64) -> Found {
    // What lies in the current directory is shown as grep shows it.
    let shown = path.as_os_str().as_bytes().strip_prefix(b"./");
    let path = shown.map_or(path, |shown| Path::new(std::ffi::OsStr::from_bytes(shown)));
    Found {
        path: path.to_owned(),
        bytes,
    }
}

fn unseen(error: &walkdir::Error) -> Unseen {
    let why = error
        .io_error()
        .map_or_else(|| "a loop of links".to_owned(), ToString::to_string);
    let path = error.path().unwrap_or_else(|| Path::new("?"));
    Unseen(format!("{}: {why}", path.display()))
}

/// The last part of a path.
fn name(path: &Path) -> &[u8] {
    let path = path.as_os_str().as_bytes();
    memrchr(b'/', path).map_or(path, |at| &path[at + 1..])
}

/// Entries of one directory by name, those with rules first.
fn compare(one: &DirEntry, other: &DirEntry) -> Ordering {
    let (one, other) = (name(one.path()), name(other.path()));
    let has_rules = |name: &[u8]| name.starts_with(b".") && RULES.contains(&name);
    has_rules(other)
        .cmp(&has_rules(one))
        .then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn names(walk: &Walk, root: &Path) -> String {
        let name = |found: Result<Found, Unseen>| {
            let found = found.unwrap();
            let path = found.path.strip_prefix(root).unwrap().display();
            path.to_string()
        };
        let all: Vec<_> = walk.files(&[root.to_owned()]).map(name).collect();
        all.join(" ")
    }

    fn walk(globs: &[&str]) -> Walk {
        let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
        Walk::new(&globs, false, false).unwrap()
    }

    #[test]
    fn files_come_in_order_without_caches_links_and_pipes() {
        let tree = tree(&[
            ("b.py", "b"),
            ("a/x.py", "xx"),
            ("a/__pycache__/x.pyc", ""),
            ("a/out.log", ""),
            ("a/data.txt", ""),
            (".hidden/h.py", "h"),
            (".ignore", "*.log\n"),
        ]);
        symlink(tree.path(), tree.path().join("a/loop")).unwrap();
        nix::unistd::mkfifo(&tree.path().join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(names(&walk(&[]), tree.path()), "a/data.txt a/x.py b.py");
        assert_eq!(names(&walk(&["*.py"]), tree.path()), "a/x.py b.py");
        assert_eq!(names(&walk(&["!a"]), tree.path()), "b.py");
        let all = Walk::new(&[], true, true).unwrap();
        assert_eq!(
            names(&all, tree.path()),
            ".ignore .hidden/h.py a/data.txt a/out.log a/x.py b.py"
        );
        assert!(Walk::new(&["[".to_owned()], false, false).is_err());
    }

    #[test]
    fn gitignore_holds_in_a_repository_and_the_nearest_rule_wins() {
        let files = [
            (".gitignore", "*.log\n/build/\nsub/secret\n"),
            ("keep.txt", ""),
            ("x.log", ""),
            ("build/out.txt", ""),
            ("sub/.gitignore", "!y.log\nz.txt\n"),
            ("sub/y.log", ""),
            ("sub/z.txt", ""),
            ("sub/build/in.txt", ""),
            ("sub/secret", ""),
        ];
        let tree = tree(&files);
        let everything =
            "build/out.txt keep.txt sub/build/in.txt sub/secret sub/y.log sub/z.txt x.log";
        assert_eq!(names(&walk(&[]), tree.path()), everything, "no repository");
        fs::create_dir_all(tree.path().join(".git/info")).unwrap();
        fs::write(tree.path().join(".git/info/exclude"), "keep.txt\n").unwrap();
        assert_eq!(names(&walk(&[]), tree.path()), "sub/build/in.txt sub/y.log");
        // The rules above the root hold as well.
        let sub = tree.path().join("sub");
        assert_eq!(names(&walk(&[]), &sub), "build/in.txt y.log");
        let all = Walk::new(&[], true, false).unwrap();
        assert_eq!(names(&all, tree.path()), everything);
    }

    #[test]
    fn what_is_given_is_taken_or_complained_about() {
        let tree = tree(&[("b.py", "b")]);
        let [link, fifo] = ["link.py", "fifo"].map(|name| tree.path().join(name));
        symlink(tree.path().join("b.py"), &link).unwrap();
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let given = [link.clone(), tree.path().join("none"), fifo];
        let files: Vec<_> = walk(&[]).files(&given).collect();
        assert_eq!(files[0].as_ref().unwrap().path, link);
        for (file, why) in files[1..]
            .iter()
            .zip(["No such file", "not a regular file"])
        {
            let error = file.as_ref().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
