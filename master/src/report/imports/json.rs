//! One JSON object a line; a path that is no UTF-8 comes as base64 beside it.

use std::{
    borrow::Cow,
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use brigade_protocol::jobs::imports::{Fault, FaultKind, Import, What};
use serde::Serialize;

use super::Focus;
use crate::jobs::imports::Scanned;

/// A path.
#[derive(Debug, Serialize)]
pub(super) struct PathFields<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
}

impl<'a> PathFields<'a> {
    pub(super) fn of(path: &'a Path) -> Self {
        let text = path.to_string_lossy();
        let is_changed = matches!(text, Cow::Owned(_));
        Self {
            path_base64: is_changed.then(|| BASE64_STANDARD.encode(path.as_os_str().as_bytes())),
            path: text,
        }
    }
}

#[derive(Debug, Serialize)]
struct FileObject<'a> {
    #[serde(flatten)]
    path: PathFields<'a>,
    focus: bool,
    imports: Vec<ImportObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject<'a>>,
}

#[derive(Debug, Serialize)]
struct ImportObject<'a> {
    line: u32,
    level: u32,
    module: &'a str,
    /// Of `import a as b`.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    /// Of `from a import b`.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<NameObject<'a>>>,
    typing: bool,
    deferred: bool,
    guarded: bool,
}

#[derive(Debug, Serialize)]
struct NameObject<'a> {
    name: &'a str,
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ErrorObject<'a> {
    kind: &'static str,
    line: Option<u32>,
    column: Option<u32>,
    message: &'a str,
    count: u32,
}

/// A file with its imports.
pub(super) fn file(focus: &Focus<'_>, file: &Scanned, out: &mut impl Write) -> io::Result<()> {
    let object = FileObject {
        path: PathFields::of(&file.path),
        focus: focus.is_on(&file.scan.imports),
        imports: file.scan.imports.iter().map(import).collect(),
        error: file.scan.fault.as_ref().map(error),
    };
    put(&object, out)
}

fn import(import: &Import) -> ImportObject<'_> {
    let (alias, names) = match &import.what {
        What::Module { alias } => (alias.as_deref(), None),
        What::Names(names) => {
            let names = names.iter().map(|name| NameObject {
                name: &name.name,
                alias: name.alias.as_deref(),
            });
            (None, Some(names.collect()))
        }
    };
    ImportObject {
        line: import.line,
        level: import.level,
        module: &import.module,
        alias,
        names,
        typing: import.when.is_typing,
        deferred: import.when.is_deferred,
        guarded: import.when.is_guarded,
    }
}

fn error(fault: &Fault) -> ErrorObject<'_> {
    ErrorObject {
        kind: match fault.kind {
            FaultKind::Syntax => "syntax",
            FaultKind::Encoding => "encoding",
            FaultKind::Unread => "unread",
            FaultKind::Lost => "lost",
        },
        line: fault.place.map(|place| place.line),
        column: fault.place.map(|place| place.column),
        message: &fault.message,
        count: fault.count,
    }
}

/// Writes an object and ends its line.
pub(super) fn put(object: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, object)?;
    out.write_all(b"\n")
}
