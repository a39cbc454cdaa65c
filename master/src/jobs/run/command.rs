//! The command of every job, made of a template and a job's inputs.

use super::{
    quote::joined,
    records::Record,
    shell::Script,
    template::{Hole, Word},
    words::{WordsError, split},
};

/// What all jobs have in common.
#[derive(Debug, Clone)]
pub(super) enum Template {
    /// Words, each of which becomes an argument.
    Words(Vec<Word>),
    /// A script for this shell.
    Script { shell: Vec<u8>, script: Script },
    /// Each input is a command by itself, for this shell if there is one.
    Input { shell: Option<Vec<u8>> },
}

/// The command of one job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Composed {
    pub(super) argv: Vec<Vec<u8>>,
    /// The same for people, and for shells.
    pub(super) shown: Vec<u8>,
}

impl Template {
    /// From the words of the command line. One word alone is a whole command; none at all means that the inputs are
    /// the commands. Where nothing is to be filled in, the input comes at the end.
    pub(super) fn new(
        command: &[Vec<u8>],
        shell: Option<&[u8]>,
        names: &[Vec<u8>],
    ) -> Result<Self, WordsError> {
        let shell = shell.map(<[u8]>::to_vec);
        if command.is_empty() {
            return Ok(Self::Input { shell });
        }
        if let Some(shell) = shell {
            let mut script = Script::parse(&command.join(&b' '), names);
            if script.holes().next().is_none() {
                script.push_all();
            }
            return Ok(Self::Script { shell, script });
        }
        let words = match command {
            [whole] => split(whole)?,
            words => words.to_vec(),
        };
        let mut words: Vec<Word> = words.iter().map(|word| Word::parse(word, names)).collect();
        if words.iter().flat_map(Word::holes).next().is_none() {
            words.push(Word::all());
        }
        Ok(Self::Words(words))
    }

    /// The command for one job.
    pub(super) fn compose(&self, record: &Record) -> Result<Composed, WordsError> {
        match self {
            Self::Words(words) => {
                let mut argv = Vec::with_capacity(words.len());
                for word in words {
                    word.fill(record, &mut argv);
                }
                let shown = joined(&argv);
                Ok(Composed { argv, shown })
            }
            Self::Script { shell, script } => {
                let filled = script.fill(record);
                let mut argv = shell_argv(shell, filled.script);
                if !filled.values.is_empty() {
                    argv.push(shell.clone());
                    argv.extend(filled.values);
                }
                let shown = filled.shown;
                Ok(Composed { argv, shown })
            }
            Self::Input { shell } => {
                let text = record.columns.join(&b' ');
                let argv = match shell {
                    Some(shell) => shell_argv(shell, text.clone()),
                    None => split(&text)?,
                };
                Ok(Composed { argv, shown: text })
            }
        }
    }

    /// Whether the command depends on how many jobs run at the moment.
    pub(super) fn has_slot(&self) -> bool {
        match self {
            Self::Words(words) => words.iter().flat_map(Word::holes).any(Hole::is_slot),
            Self::Script { script, .. } => script.holes().any(Hole::is_slot),
            Self::Input { .. } => false,
        }
    }

    /// The program that every job runs, if it is always the same.
    pub(super) fn program(&self) -> Option<Vec<u8>> {
        match self {
            Self::Words(words) => words.first().and_then(Word::fixed),
            Self::Script { shell, .. } => Some(shell.clone()),
            Self::Input { shell } => shell.clone(),
        }
    }
}

fn shell_argv(shell: &[u8], script: Vec<u8>) -> Vec<Vec<u8>> {
    vec![shell.to_vec(), b"-c".to_vec(), script]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composed(command: &[&str], shell: Option<&[u8]>, columns: &[&str]) -> Vec<String> {
        let command: Vec<Vec<u8>> = command
            .iter()
            .map(|word| word.as_bytes().to_vec())
            .collect();
        let record = Record {
            sequence: 1,
            slot: 1,
            columns: columns
                .iter()
                .map(|column| column.as_bytes().to_vec())
                .collect(),
        };
        let template = Template::new(&command, shell, &[]).unwrap();
        let argv = template.compose(&record).unwrap().argv;
        argv.into_iter()
            .map(|word| String::from_utf8(word).unwrap())
            .collect()
    }

    #[test]
    fn one_word_is_a_command_and_several_are_its_words() {
        assert_eq!(composed(&["wc -l {}"], None, &["a b"]), ["wc", "-l", "a b"]);
        assert_eq!(composed(&["wc", "-l {}"], None, &["a b"]), ["wc", "-l a b"]);
        assert_eq!(composed(&["wc"], None, &["a b", "c"]), ["wc", "a b", "c"]);
        assert_eq!(composed(&["echo", "{#}"], None, &["a"]), ["echo", "1"]);
    }

    #[test]
    fn a_shell_gets_the_inputs_as_arguments() {
        let sh = Some(&b"sh"[..]);
        assert_eq!(
            composed(&["wc", "<", "{}"], sh, &["$x"]),
            ["sh", "-c", r#"wc < "${1}""#, "sh", "$x"]
        );
        assert_eq!(
            composed(&["ls | wc"], sh, &["a"]),
            ["sh", "-c", r#"ls | wc "${1}""#, "sh", "a"]
        );
    }

    #[test]
    fn without_a_command_the_inputs_are_commands() {
        assert_eq!(composed(&[], None, &["echo 'a b'"]), ["echo", "a b"]);
        assert_eq!(
            composed(&[], Some(b"sh"), &["a | b"]),
            ["sh", "-c", "a | b"]
        );
    }
}
