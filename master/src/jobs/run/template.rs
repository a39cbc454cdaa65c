//! Commands with holes in them: `{}` and its relatives.

use super::records::Record;

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(Vec<u8>),
    Hole(Hole),
}

/// What is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hole {
    what: What,
    cut: Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// All columns of the input.
    All,
    /// One column, from 1 on; negative ones count from the end.
    Column(i64),
    /// The number of the job.
    Sequence,
    /// Which of the jobs that run at the same time it is.
    Slot,
}

/// What of a path is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Whole,
    /// Without what follows the last dot of its name.
    Stem,
    /// What follows the last slash.
    Name,
    /// The folder that it is in.
    Folder,
    /// The name without what follows its last dot.
    NameStem,
}

impl Hole {
    /// `{}`.
    pub(super) const ALL: Self = Self {
        what: What::All,
        cut: Cut::Whole,
    };

    /// The hole that `text` begins with, and how long it is. `names` are those of columns.
    pub(super) fn at(text: &[u8], names: &[Vec<u8>]) -> Option<(Self, usize)> {
        let inner = text.strip_prefix(b"{")?;
        let length = inner.iter().position(|byte| *byte == b'}')?;
        let inner = &inner[..length];
        let hole = match inner {
            b"#" => Self {
                what: What::Sequence,
                cut: Cut::Whole,
            },
            b"%" => Self {
                what: What::Slot,
                cut: Cut::Whole,
            },
            _ => Self::of_path(inner, names)?,
        };
        Some((hole, length + 2))
    }

    fn of_path(inner: &[u8], names: &[Vec<u8>]) -> Option<Self> {
        // The longest first: each is the end of another.
        let cuts = [
            (&b"/."[..], Cut::NameStem),
            (b"//", Cut::Folder),
            (b"/", Cut::Name),
            (b".", Cut::Stem),
            (b"", Cut::Whole),
        ];
        cuts.into_iter().find_map(|(end, cut)| {
            let what = match inner.strip_suffix(end)? {
                b"" => What::All,
                column => What::Column(column_of(column, names)?),
            };
            Some(Self { what, cut })
        })
    }

    /// The values for one job: none for a column that its input has not, several where all columns are meant.
    pub(super) fn values(self, record: &Record) -> Vec<Vec<u8>> {
        match self.what {
            What::All => record
                .columns
                .iter()
                .map(|value| self.cut.of(value))
                .collect(),
            What::Column(number) => {
                let value = record.column(number);
                value.map(|value| self.cut.of(value)).into_iter().collect()
            }
            What::Sequence => vec![record.sequence.to_string().into_bytes()],
            What::Slot => vec![record.slot.to_string().into_bytes()],
        }
    }

    pub(super) fn is_slot(self) -> bool {
        self.what == What::Slot
    }
}

fn column_of(text: &[u8], names: &[Vec<u8>]) -> Option<i64> {
    if let Some(at) = names.iter().position(|name| name == text) {
        return i64::try_from(at + 1).ok();
    }
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number != 0).then_some(number)
}

impl Cut {
    fn of(self, value: &[u8]) -> Vec<u8> {
        match self {
            Self::Whole => value.to_vec(),
            Self::Stem => stem(value).to_vec(),
            Self::Name => name(value).to_vec(),
            Self::NameStem => stem(name(value)).to_vec(),
            Self::Folder => folder(value).to_vec(),
        }
    }
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

fn stem(path: &[u8]) -> &[u8] {
    let begin = path.len() - name(path).len();
    let dot = path[begin..].iter().rposition(|byte| *byte == b'.');
    dot.map_or(path, |dot| &path[..begin + dot])
}

fn folder(path: &[u8]) -> &[u8] {
    let trimmed = without_slashes(path);
    let begin = trimmed.len() - name(trimmed).len();
    match (begin, without_slashes(&trimmed[..begin])) {
        (0, _) if path.starts_with(b"/") => b"/",
        (0, _) => b".",
        (_, b"") => b"/",
        (_, folder) => folder,
    }
}

fn without_slashes(path: &[u8]) -> &[u8] {
    let end = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(0, |at| at + 1);
    &path[..end]
}

/// One word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word(Vec<Part>);

impl Word {
    /// Finds the holes of a word. Braces around anything else are text.
    pub(super) fn parse(text: &[u8], names: &[Vec<u8>]) -> Self {
        let mut parts = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if let Some((hole, length)) = Hole::at(&text[at..], names) {
                parts.push(Part::Hole(hole));
                at += length;
                continue;
            }
            push_text(&mut parts, text[at]);
            at += 1;
        }
        Self(parts)
    }

    /// The word `{}`.
    pub(super) fn all() -> Self {
        Self(vec![Part::Hole(Hole::ALL)])
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(*hole),
            Part::Text(_) => None,
        })
    }

    /// The word itself, if nothing is filled in.
    pub(super) fn fixed(&self) -> Option<Vec<u8>> {
        match &self.0[..] {
            [] => Some(Vec::new()),
            [Part::Text(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// Appends the arguments that the word becomes. It is one, whatever is filled in; but a hole that stands alone
    /// becomes as many as it has values.
    pub(super) fn fill(&self, record: &Record, arguments: &mut Vec<Vec<u8>>) {
        if let [Part::Hole(hole)] = &self.0[..] {
            arguments.extend(hole.values(record));
            return;
        }
        arguments.push(self.text(record));
    }

    /// The word as one text, several values with a blank between them.
    pub(super) fn text(&self, record: &Record) -> Vec<u8> {
        let mut text = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(bytes) => text.extend_from_slice(bytes),
                Part::Hole(hole) => text.extend(hole.values(record).join(&b' ')),
            }
        }
        text
    }
}

/// Appends a byte of text.
pub(super) fn push_text(parts: &mut Vec<Part>, byte: u8) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push(byte),
        _ => parts.push(Part::Text(vec![byte])),
    }
}

#[cfg(test)]
mod tests;
