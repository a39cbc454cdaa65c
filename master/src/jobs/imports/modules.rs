//! Which of the files is which module, and which module an import means.
//!
//! A file in a package is named from the outermost directory that has an `__init__.py`; any other, from the directory
//! that was given. An absolute import is looked for as Python would when it runs the importing file: beside its
//! outermost package, then in the directories that were given and their `src`, then among all outermost packages if only
//! one has that name.

use std::{
    collections::{BTreeSet, HashMap},
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf, absolute},
};

use brigade_protocol::jobs::imports::{Import, What};

use super::Scanned;

/// A module that is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Meant {
    /// Its full name.
    pub(crate) name: String,
    /// Its file, if that is one of those that were parsed.
    pub(crate) file: Option<usize>,
}

/// A file as a module.
#[derive(Debug)]
struct Module {
    name: String,
    /// Where it is: the file without its extension, or the directory of an `__init__.py`.
    key: PathBuf,
    /// The directory that its relative imports start from.
    package: PathBuf,
    /// Where its absolute imports are looked for first.
    root: PathBuf,
}

/// The files as modules.
#[derive(Debug)]
#[expect(clippy::struct_field_names, reason = "they are the modules")]
pub(crate) struct Modules {
    modules: Vec<Module>,
    by_key: HashMap<PathBuf, usize>,
    /// Directories that were given, and their `src`.
    given: Vec<PathBuf>,
    /// Of each outermost package, where it lies.
    tops: HashMap<String, BTreeSet<PathBuf>>,
}

impl Modules {
    /// The modules of these files, which were found under `given`.
    pub(crate) fn of(files: &[Scanned], given: &[PathBuf]) -> Self {
        let full = |path: &Path| absolute(path).unwrap_or_else(|_| path.to_owned());
        let given: Vec<PathBuf> = given
            .iter()
            .map(|path| full(path))
            .filter(|path| path.is_dir())
            .collect();
        let mut packages = Packages::default();
        let paths = files.iter().map(|file| full(&file.path));
        let modules: Vec<Module> = paths.map(|path| packages.module(&path, &given)).collect();
        let mut by_key = HashMap::new();
        let mut tops: HashMap<String, BTreeSet<PathBuf>> = HashMap::new();
        for (number, module) in modules.iter().enumerate() {
            // Of a package and a file of the same name, Python takes the package.
            if module.package == module.key {
                by_key.insert(module.key.clone(), number);
            } else {
                by_key.entry(module.key.clone()).or_insert(number);
            }
            if module.package != module.root {
                let top = module.name.split('.').next().unwrap_or_default().to_owned();
                tops.entry(top).or_default().insert(module.root.clone());
            }
        }
        let sources = given.iter().map(|path| path.join("src"));
        let given = given.iter().cloned().chain(sources).collect();
        Self {
            modules,
            by_key,
            given,
            tops,
        }
    }

    /// The full name of a file's module.
    pub(crate) fn name(&self, file: usize) -> &str {
        &self.modules[file].name
    }

    /// The packages among the files that a module is in, innermost first.
    pub(crate) fn around(&self, file: usize) -> impl Iterator<Item = usize> {
        let ancestors = self.modules[file].key.ancestors().skip(1);
        ancestors.map_while(|folder| self.by_key.get(folder).copied())
    }

    /// The modules that an import in this file means: those named, and what they are taken from where they are no
    /// modules themselves.
    pub(crate) fn meant(&self, file: usize, import: &Import) -> BTreeSet<Meant> {
        let own = &self.modules[file];
        let base = if import.level == 0 {
            Some((None, import.module.clone()))
        } else {
            let above = usize::try_from(import.level - 1).unwrap_or(usize::MAX);
            let from = own.package.ancestors().nth(above);
            from.map(|from| (Some(from), import.module.clone()))
        };
        let Some((from, module)) = base else {
            return BTreeSet::from([Meant {
                name: import.written(),
                file: None,
            }]);
        };
        let place = |dotted: &str| match from {
            Some(from) => self.by_key.get(&join(from, dotted)).copied(),
            None => self.place(own, dotted),
        };
        let means = |dotted: &str, file: Option<usize>| Meant {
            name: match (file, from) {
                (Some(file), _) => self.modules[file].name.clone(),
                (None, None) => dotted.to_owned(),
                (None, Some(_)) => import.written(),
            },
            file,
        };
        match &import.what {
            What::Module { .. } => {
                // `import a.b` where only `a` is known.
                let whole = std::iter::successors(Some(&*module), |dotted| {
                    Some(dotted.rsplit_once('.')?.0)
                });
                BTreeSet::from([means(&module, whole.into_iter().find_map(place))])
            }
            What::Names(names) => {
                let inner = |name: &str| {
                    let dotted = if module.is_empty() {
                        name.to_owned()
                    } else {
                        format!("{module}.{name}")
                    };
                    let inner = place(&dotted).filter(|_| name != "*");
                    let file = inner.or_else(|| place(&module));
                    means(&module, file)
                };
                names.iter().map(|name| inner(&name.name)).collect()
            }
        }
    }

    /// Where an absolute name is found from this module.
    fn place(&self, from: &Module, dotted: &str) -> Option<usize> {
        let top = dotted.split('.').next().unwrap_or_default();
        let only = self.tops.get(top).filter(|roots| roots.len() == 1);
        std::iter::once(&from.root)
            .chain(&self.given)
            .chain(only.into_iter().flatten())
            .find_map(|root| self.by_key.get(&join(root, dotted)).copied())
    }
}

/// `a.b` below a directory.
fn join(folder: &Path, dotted: &str) -> PathBuf {
    let mut path = folder.to_owned();
    path.extend(dotted.split('.').filter(|part| !part.is_empty()));
    path
}

/// Which directories are packages.
#[derive(Debug, Default)]
struct Packages(HashMap<PathBuf, bool>);

impl Packages {
    fn is_package(&mut self, folder: &Path) -> bool {
        if let Some(&is_package) = self.0.get(folder) {
            return is_package;
        }
        let is_package = folder.join("__init__.py").is_file();
        self.0.insert(folder.to_owned(), is_package);
        is_package
    }

    fn module(&mut self, path: &Path, given: &[PathBuf]) -> Module {
        let folder = path.parent().unwrap_or(path);
        let key = match path.file_name() {
            Some(name) if name == OsStr::new("__init__.py") => folder.to_owned(),
            _ => path.with_extension(""),
        };
        let outer = folder
            .ancestors()
            .take_while(|folder| self.is_package(folder))
            .last();
        let root = outer.and_then(Path::parent).unwrap_or(folder).to_owned();
        let longest = |roots: &mut dyn Iterator<Item = &PathBuf>| {
            roots
                .filter(|root| folder.starts_with(root))
                .max_by_key(|root| root.as_os_str().len())
                .cloned()
        };
        let named_from = match outer {
            Some(_) => root.clone(),
            None => longest(&mut given.iter()).unwrap_or_else(|| root.clone()),
        };
        let parts = key.strip_prefix(&named_from).unwrap_or(&key).iter();
        let parts: Vec<_> = parts
            .map(|part| String::from_utf8_lossy(part.as_bytes()))
            .collect();
        Module {
            name: parts.join("."),
            package: folder.to_owned(),
            key,
            root,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use brigade_protocol::jobs::imports::{Name, Scan, When};

    use super::*;

    fn import(text: &str) -> Import {
        let (module, names) = match text.split_once(' ') {
            Some((module, names)) => (module, Some(names)),
            None => (text, None),
        };
        let bare = module.trim_start_matches('.');
        let name = |name: &str| Name {
            name: name.to_owned(),
            alias: None,
        };
        Import {
            line: 1,
            level: u32::try_from(module.len() - bare.len()).unwrap(),
            module: bare.to_owned(),
            what: match names {
                Some(names) => What::Names(names.split(',').map(name).collect()),
                None => What::Module { alias: None },
            },
            when: When::default(),
        }
    }

    #[test]
    fn imports_are_told_where_they_go() {
        let tree = tempfile::tempdir().unwrap();
        let paths = [
            "lib/pkg/__init__.py",
            "lib/pkg/a.py",
            "lib/pkg/sub/__init__.py",
            "lib/pkg/sub/b.py",
            "tools/run.py",
            "tools/near.py",
            "space/deep/c.py",
            "src/d.py",
        ];
        let scanned = |path: &&str| {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "").unwrap();
            Scanned {
                path: path.into(),
                scan: Scan::default(),
            }
        };
        let files: Vec<Scanned> = paths.iter().map(scanned).collect();
        let modules = Modules::of(&files, &[tree.path().to_owned()]);
        let names: Vec<&str> = (0..files.len()).map(|file| modules.name(file)).collect();
        assert_eq!(
            names,
            [
                "pkg",
                "pkg.a",
                "pkg.sub",
                "pkg.sub.b",
                "tools.run",
                "tools.near",
                "space.deep.c",
                "src.d"
            ]
        );
        for (from, text, expected) in [
            (1, "os.path", "os.path?"),
            (1, ". sub", "pkg.sub"),
            (1, ". x", "pkg"),
            (1, ".sub b,x", "pkg.sub pkg.sub.b"),
            (2, ". b", "pkg.sub.b"),
            (3, "..a x", "pkg.a"),
            (3, ".. a", "pkg.a"),
            (3, "..none x", "..none?"),
            (3, "pkg.a", "pkg.a"),
            (3, "pkg.a.x", "pkg.a"),
            (4, "near", "tools.near"),
            (4, "tools.near", "tools.near"),
            (4, "pkg sub,*", "pkg pkg.sub"),
            (4, "space.deep c", "space.deep.c"),
            (4, "d", "src.d"),
            (1, "near", "near?"),
            (1, "....................... x", ".......................?"),
        ] {
            let meant = modules.meant(from, &import(text));
            let shown = |meant: &Meant| {
                format!(
                    "{}{}",
                    meant.name,
                    if meant.file.is_some() { "" } else { "?" }
                )
            };
            let shown: Vec<String> = meant.iter().map(shown).collect();
            assert_eq!(shown.join(" "), expected, "{text} in {}", names[from]);
        }
        assert!(modules.around(3).eq([2, 0]));
    }
}
