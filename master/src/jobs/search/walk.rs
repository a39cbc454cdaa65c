//! Which files of trees are wanted, and what is found of them.

use std::{
    fmt,
    fs::DirEntry,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::overrides::{Override, OverrideBuilder};

use super::{files::Files, rules::Rules};

/// Directories of what tools made of the sources.
const CACHES: [&[u8]; 4] = [b".tox", b".mypy_cache", b"__pycache__", b".idea"];

/// Which files are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    globs: Arc<Override>,
    takes_ignored: bool,
    takes_hidden: bool,
}

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Who keeps it shares it: there may be many.
    pub(crate) path: Arc<Path>,
    /// Its size when it was found.
    pub(crate) bytes: u64,
}

/// What could not be looked into, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen(pub(super) String);

impl Unseen {
    pub(super) fn new(path: &Path, why: &dyn fmt::Display) -> Self {
        Self(format!("{}: {why}", path.display()))
    }
}

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
        // Where a glob names directories, they are those below the current one.
        let here = std::env::current_dir().unwrap_or_default();
        let mut builder = OverrideBuilder::new(here);
        for glob in globs {
            builder.add(glob)?;
        }
        Ok(Self {
            globs: Arc::new(builder.build()?),
            takes_ignored,
            takes_hidden,
        })
    }

    /// The files under these paths, in the order of the paths and, in each, of their names. Symbolic links are
    /// followed only where they are given as a path. The finding begins at once, on threads of its own.
    pub(crate) fn files(&self, roots: &[PathBuf]) -> Files {
        Files::new(self.clone(), roots)
    }

    /// The rules above a root.
    pub(super) fn rules_above(&self, root: &Path) -> Rules {
        if self.takes_ignored {
            return Rules::default();
        }
        Rules::above(root)
    }

    /// The rules that hold for the entries of a directory.
    pub(super) fn rules_below<'a>(
        &self,
        rules: &Rules,
        folder: &Path,
        names: impl Iterator<Item = &'a [u8]>,
    ) -> Rules {
        if self.takes_ignored {
            return Rules::default();
        }
        rules.below(folder, names)
    }

    /// Whether an entry below a root is wanted, or to be looked into.
    pub(super) fn wants(&self, entry: &DirEntry, is_dir: bool, rules: &Rules) -> bool {
        let (name, path) = (entry.file_name(), entry.path());
        if is_dir && CACHES.contains(&name.as_bytes()) {
            return false;
        }
        let by_globs = self.globs.matched(&path, is_dir);
        if by_globs.is_ignore() {
            return false;
        }
        if by_globs.is_whitelist() {
            return true;
        }
        match rules.wants(&path, is_dir) {
            Some(is_wanted) => is_wanted,
            None => self.takes_hidden || !name.as_bytes().starts_with(b"."),
        }
    }
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
    fn the_files_of_a_real_tree_are_those_of_walkdir_in_its_order() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let expected: Vec<Arc<Path>> = walkdir::WalkDir::new(&root)
            .sort_by_file_name()
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| entry.into_path().into())
            .collect();
        let found: Vec<Arc<Path>> = Walk::new(&[], true, true)
            .unwrap()
            .files(&[root])
            .map(|found| found.unwrap().path)
            .collect();
        assert!(found.len() > 100, "the sources have moved");
        assert_eq!(found, expected);
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
            ".hidden/h.py .ignore a/data.txt a/out.log a/x.py b.py"
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
        assert_eq!(*files[0].as_ref().unwrap().path, *link);
        for (file, why) in files[1..]
            .iter()
            .zip(["No such file", "not a regular file"])
        {
            let error = file.as_ref().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
