//! Commands as they are shown, so that they can be given to a shell again.

/// A word as a shell wants it: as it is if nothing in it is special, or else in quotes.
pub(super) fn quoted(word: &[u8]) -> Vec<u8> {
    if !word.is_empty() && word.iter().all(|byte| is_plain(*byte)) {
        return word.to_vec();
    }
    if word.iter().any(u8::is_ascii_control) || std::str::from_utf8(word).is_err() {
        return escaped(word);
    }
    let mut out = vec![b'\''];
    out.extend(in_single_quotes(word));
    out.push(b'\'');
    out
}

/// Several words.
pub(super) fn joined(words: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let words: Vec<Vec<u8>> = words.iter().map(|word| quoted(word.as_ref())).collect();
    words.join(&b' ')
}

/// What stands between single quotes so that `word` is what is meant.
pub(super) fn in_single_quotes(word: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = word.split(|byte| *byte == b'\'').collect();
    parts.join(&b"'\\''"[..])
}

/// What stands between double quotes so that `word` is what is meant.
pub(super) fn in_double_quotes(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    for byte in word {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out
}

/// Line breaks and what is no text stay on one line, and off the terminal.
fn escaped(word: &[u8]) -> Vec<u8> {
    let mut out = b"$'".to_vec();
    for chunk in word.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\n' => out.extend(b"\\n"),
                '\t' => out.extend(b"\\t"),
                '\'' => out.extend(b"\\'"),
                '\\' => out.extend(b"\\\\"),
                control if control.is_ascii_control() => {
                    out.extend(format!("\\{:03o}", control as u32).bytes());
                }
                letter => out.extend(letter.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        for byte in chunk.invalid() {
            out.extend(format!("\\{byte:03o}").bytes());
        }
    }
    out.push(b'\'');
    out
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_./:=,+@%^".contains(&byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::process::Command;

    use super::*;

    #[test]
    fn plain_words_stay_as_they_are() {
        for (word, shown) in [
            ("a.b/c-d", "a.b/c-d"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("é", "é"),
            ("a\nb", r"$'a\nb'"),
        ] {
            assert_eq!(quoted(word.as_bytes()), shown.as_bytes());
        }
        assert_eq!(quoted(b"\xff\x1b"), br"$'\377\033'");
        assert_eq!(joined(&["echo", "a b"]), b"echo 'a b'");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_shell_reads_what_was_meant(words in prop::collection::vec(prop::collection::vec(1..=255_u8, 0..12), 1..6)) {
            let mut script = b"printf '%s\\0' ".to_vec();
            script.extend(joined(&words));
            let script = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&script);
            let output = Command::new("bash").arg("-c").arg(script).output().unwrap();
            let mut expected = Vec::new();
            for word in &words {
                expected.extend(word);
                expected.push(0);
            }
            prop_assert_eq!(output.stdout, expected);
        }
    }
}
