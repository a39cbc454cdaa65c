//! Where inputs come from: `:::` and its relatives, files, standard input.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

/// One list of inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    List(Vec<Vec<u8>>),
    File(PathBuf),
    Input,
}

/// Sources that advance together.
pub(super) type Linked = Vec<Source>;

/// Why a command line makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SourcesError {
    #[error("`{0}` is followed by no file name; it takes files, and `:::` takes inputs")]
    NoFile(String),
    #[error(
        "`{0}` links inputs with those before it, and there are none: begin with `:::` or `::::`"
    )]
    NothingToLink(String),
    #[error("standard input can be read once, and is named twice")]
    InputTwice,
}

/// A command, and where its inputs come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Divided {
    pub(super) command: Vec<Vec<u8>>,
    /// Every combination of these is a job. Standard input alone, if nothing was named.
    pub(super) groups: Vec<Linked>,
}

/// Divides what stands on the command line. `files` come first.
pub(super) fn divide(words: &[OsString], files: &[PathBuf]) -> Result<Divided, SourcesError> {
    let mut groups: Vec<Linked> = files.iter().map(|file| vec![of_file(file)]).collect();
    let words = words.iter().map(|word| word.clone().into_vec());
    let mut command = Vec::new();
    let mut current: Option<(Sign, Vec<Vec<u8>>)> = None;
    for word in words {
        match (Sign::of(&word), &mut current) {
            (Some(sign), _) => {
                if let Some((before, values)) = current.replace((sign, Vec::new())) {
                    before.add(values, &mut groups)?;
                }
            }
            (None, Some((_, values))) => values.push(word),
            (None, None) => command.push(word),
        }
    }
    if let Some((sign, values)) = current {
        sign.add(values, &mut groups)?;
    }
    if groups.is_empty() {
        groups.push(vec![Source::Input]);
    }
    let inputs = groups
        .iter()
        .flatten()
        .filter(|source| **source == Source::Input);
    if inputs.count() > 1 {
        return Err(SourcesError::InputTwice);
    }
    Ok(Divided { command, groups })
}

/// `-` is standard input.
fn of_file(path: &Path) -> Source {
    if path == Path::new("-") {
        Source::Input
    } else {
        Source::File(path.to_owned())
    }
}

/// `:::`, `::::`, `:::+` or `::::+`.
#[derive(Debug, Clone, Copy)]
struct Sign {
    is_of_files: bool,
    is_linked: bool,
}

impl Sign {
    fn of(word: &[u8]) -> Option<Self> {
        let (is_of_files, is_linked) = match word {
            b":::" => (false, false),
            b":::+" => (false, true),
            b"::::" => (true, false),
            b"::::+" => (true, true),
            _ => return None,
        };
        Some(Self {
            is_of_files,
            is_linked,
        })
    }

    fn text(self) -> String {
        let colons = if self.is_of_files { "::::" } else { ":::" };
        let plus = if self.is_linked { "+" } else { "" };
        format!("{colons}{plus}")
    }

    fn add(self, values: Vec<Vec<u8>>, groups: &mut Vec<Linked>) -> Result<(), SourcesError> {
        let sources: Linked = if self.is_of_files {
            if values.is_empty() {
                return Err(SourcesError::NoFile(self.text()));
            }
            let paths = values
                .into_iter()
                .map(|path| PathBuf::from(OsString::from_vec(path)));
            paths.map(|path| of_file(&path)).collect()
        } else {
            vec![Source::List(values)]
        };
        if self.is_linked {
            let last = groups.last_mut();
            last.ok_or_else(|| SourcesError::NothingToLink(self.text()))?
                .extend(sources);
        } else {
            groups.extend(sources.into_iter().map(|source| vec![source]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(line: &str) -> Result<Divided, SourcesError> {
        let words: Vec<OsString> = line
            .split(' ')
            .filter(|w| !w.is_empty())
            .map(OsString::from)
            .collect();
        divide(&words, &[])
    }

    fn list(line: &str) -> Source {
        Source::List(
            line.split(' ')
                .map(|word| word.as_bytes().to_vec())
                .collect(),
        )
    }

    #[test]
    fn the_command_ends_where_inputs_begin() {
        let found = divided("echo -n {} ::: a b ::: 1 2 :::+ x y :::: file -").unwrap();
        assert_eq!(
            found.command,
            [b"echo".to_vec(), b"-n".to_vec(), b"{}".to_vec()]
        );
        let groups = [
            vec![list("a b")],
            vec![list("1 2"), list("x y")],
            vec![Source::File("file".into())],
            vec![Source::Input],
        ];
        assert_eq!(found.groups, groups);
        assert_eq!(divided("wc -l").unwrap().groups, [vec![Source::Input]]);
        assert_eq!(divided("::: ls").unwrap().command, Vec::<Vec<u8>>::new());
        assert_eq!(
            divided("echo :::").unwrap().groups,
            [vec![Source::List(vec![])]]
        );
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (line, expected) in [
            ("echo ::::", SourcesError::NoFile("::::".into())),
            ("echo :::+ a", SourcesError::NothingToLink(":::+".into())),
            ("echo :::: - -", SourcesError::InputTwice),
        ] {
            assert_eq!(divided(line).unwrap_err(), expected);
        }
        let files = [PathBuf::from("-")];
        let found = divide(&[OsString::from("cat")], &files).unwrap();
        assert_eq!(found.groups, [vec![Source::Input]]);
    }
}
