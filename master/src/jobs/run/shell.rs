//! Commands that a shell runs. What is filled in never becomes part of the script: it travels as the script's
//! arguments, and a hole becomes `"${1}"`, or what means the same inside of quotes. So no input is ever carried out.

use super::{
    quote::{in_double_quotes, in_single_quotes, quoted},
    records::Record,
    template::Hole,
};

/// What stands around a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Nothing,
    Double,
    Single,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Hole(Hole, Around),
}

/// A script with holes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Script(Vec<Part>);

/// A script for one job.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) script: Vec<u8>,
    /// What the script calls `${1}` and so on.
    pub(super) values: Vec<Vec<u8>>,
    /// The same as one text with the values in it, for people.
    pub(super) shown: Vec<u8>,
}

impl Script {
    /// Finds the holes, and what quotes they stand in. `${…}` is the shell's.
    pub(super) fn parse(text: &[u8], names: &[Vec<u8>]) -> Self {
        let mut parts = Vec::new();
        let mut quotes = Quotes::default();
        let mut at = 0;
        while at < text.len() {
            let hole = Hole::at(&text[at..], names).filter(|_| !quotes.after_dollar);
            if let Some((hole, length)) = hole {
                parts.push(Part::Hole(hole, quotes.around()));
                quotes.pass_hole();
                at += length;
                continue;
            }
            quotes.pass(text[at]);
            if let Some(Part::Text(text_before)) = parts.last_mut() {
                text_before.push(text[at]);
            } else {
                parts.push(Part::Text(vec![text[at]]));
            }
            at += 1;
        }
        Self(parts)
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = Hole> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(hole, _) => Some(*hole),
            Part::Text(_) => None,
        })
    }

    /// Appends a blank and `{}`.
    pub(super) fn push_all(&mut self) {
        self.0.push(Part::Text(vec![b' ']));
        self.0.push(Part::Hole(Hole::ALL, Around::Nothing));
    }

    pub(super) fn fill(&self, record: &Record) -> Filled {
        let (mut script, mut shown) = (Vec::new(), Vec::new());
        let mut values = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => {
                    script.extend_from_slice(text);
                    shown.extend_from_slice(text);
                }
                Part::Hole(hole, around) => {
                    for (number, value) in hole.values(record).into_iter().enumerate() {
                        if number > 0 {
                            script.push(b' ');
                            shown.push(b' ');
                        }
                        shown.extend(around.value(&value));
                        values.push(value);
                        script.extend(around.argument(values.len()).bytes());
                    }
                }
            }
        }
        Filled {
            script,
            values,
            shown,
        }
    }
}

impl Around {
    /// The argument with this number, as one word or part of one.
    fn argument(self, number: usize) -> String {
        match self {
            Self::Nothing => format!("\"${{{number}}}\""),
            Self::Double => format!("${{{number}}}"),
            Self::Single => format!("'\"${{{number}}}\"'"),
        }
    }

    /// A value that means the same here.
    fn value(self, value: &[u8]) -> Vec<u8> {
        match self {
            Self::Nothing => quoted(value),
            Self::Double => in_double_quotes(value),
            Self::Single => in_single_quotes(value),
        }
    }
}

/// What a script's reader is inside of, the innermost last.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Quotes {
    open: Vec<Open>,
    after_dollar: bool,
    /// Whether the next byte stands for itself.
    is_escaped: bool,
    in_comment: bool,
    /// Whether a word has begun, in which `#` is nothing special.
    in_word: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Single,
    Double,
    Backquote,
    Parenthesis,
}

impl Quotes {
    fn around(&self) -> Around {
        match self.open.last() {
            Some(Open::Single) => Around::Single,
            Some(Open::Double) => Around::Double,
            _ => Around::Nothing,
        }
    }

    fn pass_hole(&mut self) {
        (self.is_escaped, self.in_word) = (false, true);
    }

    #[expect(clippy::match_same_arms, reason = "the first arm that fits counts")]
    fn pass(&mut self, byte: u8) {
        let after_dollar = std::mem::take(&mut self.after_dollar);
        if std::mem::take(&mut self.is_escaped) {
            self.in_word = true;
            return;
        }
        if self.in_comment {
            self.in_comment = byte != b'\n';
            return;
        }
        match (self.open.last(), byte) {
            (Some(Open::Single), b'\'') | (Some(Open::Double), b'"') => drop(self.open.pop()),
            (Some(Open::Single), _) => {}
            (_, b'\\') => self.is_escaped = true,
            (_, b'$') => self.after_dollar = true,
            (_, b'`') => self.backquote(),
            (_, b'(') if after_dollar => self.open.push(Open::Parenthesis),
            (Some(Open::Double), _) => {}
            (_, b'\'') => self.open.push(Open::Single),
            (_, b'"') => self.open.push(Open::Double),
            (_, b'(') => self.open.push(Open::Parenthesis),
            (Some(Open::Parenthesis), b')') => drop(self.open.pop()),
            (_, b'#') if !self.in_word => self.in_comment = true,
            _ => {}
        }
        self.in_word = !b" \t\n;&|()".contains(&byte);
    }

    /// The second one ends what the first has begun, and what was begun in between.
    fn backquote(&mut self) {
        match self.open.iter().rposition(|open| *open == Open::Backquote) {
            Some(at) => self.open.truncate(at),
            None => self.open.push(Open::Backquote),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, process::Command};

    use proptest::prelude::*;

    use super::*;

    fn record(values: &[&[u8]]) -> Record {
        Record {
            sequence: 3,
            slot: 1,
            columns: values.iter().map(|value| value.to_vec()).collect(),
        }
    }

    fn run(shell: &str, script: &str, value: &[u8]) -> Vec<u8> {
        let filled = Script::parse(script.as_bytes(), &[]).fill(&record(&[value]));
        let mut command = Command::new(shell);
        command
            .arg("-c")
            .arg(OsStr::from_bytes(&filled.script))
            .arg(shell);
        command.args(filled.values.iter().map(|value| OsStr::from_bytes(value)));
        command.output().unwrap().stdout
    }

    #[test]
    fn holes_become_arguments_in_every_kind_of_quotes() {
        let fill = |script: &str| {
            let filled = Script::parse(script.as_bytes(), &[]).fill(&record(&[b"a b", b"$c"]));
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (text(filled.script), text(filled.shown), filled.values.len())
        };
        for (script, expected, shown, values) in [
            (
                "cat {1} > {1/}.out",
                r#"cat "${1}" > "${2}".out"#,
                "cat 'a b' > 'a b'.out",
                2,
            ),
            ("echo {}", r#"echo "${1}" "${2}""#, "echo 'a b' '$c'", 2),
            (
                r#"echo "{} {#}""#,
                r#"echo "${1} ${2} ${3}""#,
                r#"echo "a b \$c 3""#,
                3,
            ),
            ("echo '{1}'", r#"echo ''"${1}"''"#, "echo 'a b'", 1),
            (
                r#"x="$(f "{1}" {2})""#,
                r#"x="$(f "${1}" "${2}")""#,
                r#"x="$(f "a b" '$c')""#,
                2,
            ),
            (r#"echo \"{2}"#, r#"echo \""${1}""#, r#"echo \"'$c'"#, 1),
            (
                "echo ${1} \\${2} {print}",
                r#"echo ${1} \$"${1}" {print}"#,
                r"echo ${1} \$'$c' {print}",
                1,
            ),
            (
                "# don't\necho {1}",
                "# don't\necho \"${1}\"",
                "# don't\necho 'a b'",
                1,
            ),
        ] {
            let expected = (expected.to_owned(), shown.to_owned(), values);
            assert_eq!(fill(script), expected, "{script}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn no_input_is_ever_carried_out(value in prop::collection::vec(1..=255_u8, 0..24), evil in 0..6_usize) {
            let evil = ["", "$(echo x)", "`echo x`", "'; echo x; '", "\"; echo x; \"", "\n echo x\n"][evil];
            let value = [&value[..], evil.as_bytes()].concat();
            for shell in ["sh", "bash"] {
                for script in [
                    "printf %s {}",
                    "printf %s \"{}\"",
                    "printf %s '{}'",
                    "printf %s \"$(printf %s {}; printf .)\" | sed '$s/[.]$//'",
                ] {
                    let output = run(shell, script, &value);
                    if script.contains("sed") {
                        // `sed` ends the last line.
                        let trimmed = output.strip_suffix(b"\n").unwrap_or(&output);
                        let expected = value.strip_suffix(b"\n").unwrap_or(&value);
                        prop_assert_eq!(trimmed.strip_suffix(b"\n").unwrap_or(trimmed), expected.strip_suffix(b"\n").unwrap_or(expected));
                    } else {
                        prop_assert_eq!(&output, &value, "{} {}", shell, script);
                    }
                }
            }
        }

        #[test]
        fn what_is_shown_does_the_same(value in prop::collection::vec(1..=255_u8, 0..24)) {
            for script in ["printf %s {}", "printf %s \"{}\"", "printf %s '{}'"] {
                let filled = Script::parse(script.as_bytes(), &[]).fill(&record(&[&value]));
                let output = Command::new("bash").arg("-c").arg(OsStr::from_bytes(&filled.shown)).output().unwrap();
                prop_assert_eq!(&output.stdout, &value, "{}", script);
            }
        }
    }
}
