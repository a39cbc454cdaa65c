//! By file: what it imports.

use std::io::{self, Write};

use brigade_protocol::jobs::imports::{Import, What};

use super::{Focus, csv_rows, json, path_bytes, written};
use crate::{
    jobs::imports::Scanned,
    report::{
        Format,
        layout::{printable, right, sheet},
    },
};

/// Shows the files, in order.
pub(crate) fn files(
    format: Format,
    focus: &Focus<'_>,
    files: &[Scanned],
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        Format::Lines => files.iter().try_for_each(|file| line(focus, file, out)),
        Format::Json => files
            .iter()
            .try_for_each(|file| json::file(focus, file, out)),
        Format::Csv => csv(files, out),
        Format::Table => table(focus, files, out),
    }
}

/// `-> path {names}`, or blanks where the mark is.
fn line(focus: &Focus<'_>, file: &Scanned, out: &mut impl Write) -> io::Result<()> {
    let imports = &file.scan.imports;
    let blanks = focus.mark.chars().count();
    if focus.is_on(imports) {
        write!(out, "{} ", focus.mark)?;
    } else {
        write!(out, "{:blanks$} ", "")?;
    }
    out.write_all(&path_bytes(&file.path))?;
    let names: Vec<String> = written(imports).into_iter().collect();
    writeln!(out, " {{{}}}", names.join(", "))
}

fn csv(files: &[Scanned], out: &mut impl Write) -> io::Result<()> {
    csv_rows(out, |rows| {
        rows.write_record([
            "path", "line", "level", "module", "name", "alias", "typing", "deferred", "guarded",
        ])?;
        for file in files {
            use std::os::unix::ffi::OsStrExt;
            let path = file.path.as_os_str().as_bytes();
            for import in &file.scan.imports {
                for (name, alias) in names(import) {
                    let (line, level) = (import.line.to_string(), import.level.to_string());
                    let when = import.when;
                    let flags = [when.is_typing, when.is_deferred, when.is_guarded];
                    let flags = flags.map(|flag| if flag { &b"true"[..] } else { b"false" });
                    let fields = [
                        path,
                        line.as_bytes(),
                        level.as_bytes(),
                        import.module.as_bytes(),
                        name,
                        alias,
                    ];
                    rows.write_record(fields.into_iter().chain(flags))?;
                }
            }
        }
        Ok(())
    })
}

/// The names that an import takes, each with what it is called here; one without a name for the module itself.
fn names(import: &Import) -> Vec<(&[u8], &[u8])> {
    match &import.what {
        What::Module { alias } => vec![(b"", alias.as_deref().unwrap_or_default().as_bytes())],
        What::Names(names) => {
            let pair = names.iter().map(|name| {
                let alias = name.alias.as_deref().unwrap_or_default();
                (name.name.as_bytes(), alias.as_bytes())
            });
            pair.collect()
        }
    }
}

fn table(focus: &Focus<'_>, files: &[Scanned], out: &mut impl Write) -> io::Result<()> {
    let mut table = sheet(&["", "file", "imports", "modules"]);
    for file in files {
        let imports = &file.scan.imports;
        let mark = if focus.is_on(imports) { focus.mark } else { "" };
        let names: Vec<String> = written(imports).into_iter().collect();
        table.add_row([
            mark.into(),
            printable(&file.path.to_string_lossy()).into(),
            right(imports.len().to_string()),
            names.join(", ").into(),
        ]);
    }
    if files.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", table.trim_fmt())
}
