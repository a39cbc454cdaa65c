//! Imports: what Python files import, found by parsing them, many files a task.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::Task;

/// Parses each file of a batch.
#[derive(Debug)]
pub struct ScanFiles;

impl Task for ScanFiles {
    const KIND: &'static str = "imports.scan";
    type Input = Batch;
    /// One for each file, in the same order.
    type Output = Vec<Scan>;
}

/// What one task is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The files' paths, as the system takes them.
    pub paths: Vec<ByteBuf>,
    /// Files of more bytes than this are not read.
    pub largest: u64,
}

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// The file's size.
    pub bytes: u64,
    /// In the order of the text. Of a file with a syntax error, those that could be made out all the same.
    pub imports: Vec<Import>,
    /// Why this is not all there is in the file, if it is not.
    pub fault: Option<Fault>,
}

/// `import a.b as c`, or `from .a import b, c`: of a plain `import` with several modules, one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// The line on which the statement begins, from 1.
    pub line: u32,
    /// How many dots stand before the module: 0 when it is absolute.
    pub level: u32,
    /// The module, `a.b`; empty in `from . import x`.
    pub module: String,
    /// What is taken from it.
    pub what: What,
    /// When the statement is carried out.
    pub when: When,
}

/// What an import takes from its module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The module itself: `import a`, `import a as b`.
    Module {
        /// The `b` of `import a as b`.
        alias: Option<String>,
    },
    /// Names in it: `from a import b, c as d`; a lone `*` for all.
    Names(Vec<Name>),
}

/// A name that is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// What it is called in its module.
    pub name: String,
    /// What it is called here, if otherwise.
    pub alias: Option<String>,
}

/// When an import is carried out; all false when that is as soon as its file is imported, come what may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// Never: it stands under `if TYPE_CHECKING:`, for type checkers only.
    pub is_typing: bool,
    /// Later: it stands in a function, or is a `lazy` import.
    pub is_deferred: bool,
    /// It may fail: it stands in the body of a `try` that has handlers.
    pub is_guarded: bool,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Of which kind it is.
    pub kind: FaultKind,
    /// Where the first of them is, if it is about a place.
    pub place: Option<Place>,
    /// What it is, as a lower-case fragment.
    pub message: String,
    /// How many there are in all.
    pub count: u32,
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FaultKind {
    /// It is no Python.
    Syntax,
    /// Its bytes are no text in the encoding that it declares.
    Encoding,
    /// It cannot be read, or is too large.
    Unread,
    /// The workers that parsed it died of it.
    Lost,
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

impl Fault {
    /// One that is not about a place.
    #[must_use]
    pub fn of_file(kind: FaultKind, message: String) -> Self {
        Self {
            kind,
            place: None,
            message,
            count: 1,
        }
    }
}

impl Import {
    /// The module as the statement names it, with its dots: `..a.b`.
    ///
    /// ```
    /// use brigade_protocol::jobs::imports::{Import, What, When};
    ///
    /// let import = Import {
    ///     line: 1,
    ///     level: 2,
    ///     module: "a.b".into(),
    ///     what: What::Names(Vec::new()),
    ///     when: When::default(),
    /// };
    /// assert_eq!(import.written(), "..a.b");
    /// ```
    #[must_use]
    pub fn written(&self) -> String {
        let dots = usize::try_from(self.level).unwrap_or(usize::MAX);
        // A level is as many dots as there were in the text, so it was in memory before.
        let mut text = ".".repeat(dots.min(1 << 16));
        text.push_str(&self.module);
        text
    }
}
