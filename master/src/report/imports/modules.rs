//! By module: who imports it; and modules that nobody imports.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::Serialize;

use super::{
    csv_rows,
    json::{PathFields, put},
    path_bytes,
};
use crate::{
    jobs::imports::{Modules, Scanned},
    report::{
        Format,
        layout::{printable, right, sheet},
    },
};

/// Who imports a module.
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// Its own file, if that is one of those that were parsed.
    pub(crate) file: Option<usize>,
    /// The files that import it, by number, and on which lines.
    pub(crate) places: Vec<(usize, u32)>,
}

impl Users {
    fn files(&self) -> usize {
        let mut files: Vec<usize> = self.places.iter().map(|(file, _)| *file).collect();
        files.dedup();
        files.len()
    }
}

#[derive(Debug, Serialize)]
struct ModuleObject<'a> {
    module: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathFields<'a>>,
    imported_by: Vec<PlaceObject<'a>>,
}

#[derive(Debug, Serialize)]
struct PlaceObject<'a> {
    #[serde(flatten)]
    path: PathFields<'a>,
    line: u32,
}

/// Shows the modules by name.
pub(crate) fn modules(
    format: Format,
    users: &BTreeMap<String, Users>,
    files: &[Scanned],
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Format::Lines => {
            for (name, users) in users {
                for &(file, line) in &users.places {
                    write!(out, "{} ", printable(name))?;
                    out.write_all(&path_bytes(&files[file].path))?;
                    writeln!(out, ":{line}")?;
                }
            }
            Ok(())
        }
        Format::Json => users.iter().try_for_each(|(module, users)| {
            let place = |&(file, line): &(usize, u32)| PlaceObject {
                path: PathFields::of(&files[file].path),
                line,
            };
            let object = ModuleObject {
                module,
                file: users.file.map(|file| PathFields::of(&files[file].path)),
                imported_by: users.places.iter().map(place).collect(),
            };
            put(&object, out)
        }),
        Format::Csv => csv_rows(out, |rows| {
            rows.write_record(["module", "path", "line"])?;
            for (name, users) in users {
                for &(file, line) in &users.places {
                    use std::os::unix::ffi::OsStrExt;
                    let path = files[file].path.as_os_str().as_bytes();
                    rows.write_record([name.as_bytes(), path, line.to_string().as_bytes()])?;
                }
            }
            Ok(())
        }),
        Format::Table => {
            let mut table = sheet(&["module", "files", "imports", "here"]);
            for (name, users) in users {
                let here = users
                    .file
                    .map(|file| printable(&files[file].path.to_string_lossy()));
                table.add_row([
                    printable(name).into(),
                    right(users.files().to_string()),
                    right(users.places.len().to_string()),
                    here.unwrap_or_default().into(),
                ]);
            }
            if users.is_empty() {
                return Ok(());
            }
            writeln!(out, "{}", table.trim_fmt())
        }
    }
}

#[derive(Debug, Serialize)]
struct UnusedObject<'a> {
    module: &'a str,
    #[serde(flatten)]
    path: PathFields<'a>,
}

/// Shows modules that nobody imports.
pub(crate) fn unused(
    format: Format,
    unused: &[usize],
    files: &[Scanned],
    modules: &Modules,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut each = unused
        .iter()
        .map(|&file| (modules.name(file), &files[file].path));
    match format {
        Format::Lines => each.try_for_each(|(name, path)| {
            write!(out, "{} ", printable(name))?;
            out.write_all(&path_bytes(path))?;
            out.write_all(b"\n")
        }),
        Format::Json => each.try_for_each(|(module, path)| {
            let path = PathFields::of(path);
            put(&UnusedObject { module, path }, out)
        }),
        Format::Csv => csv_rows(out, |rows| {
            rows.write_record(["module", "path"])?;
            each.try_for_each(|(name, path)| {
                use std::os::unix::ffi::OsStrExt;
                rows.write_record([name.as_bytes(), path.as_os_str().as_bytes()])
            })
        }),
        Format::Table => {
            let mut table = sheet(&["module", "file"]);
            for (name, path) in each {
                table.add_row([printable(name), printable(&path.to_string_lossy())]);
            }
            if unused.is_empty() {
                return Ok(());
            }
            writeln!(out, "{}", table.trim_fmt())
        }
    }
}
