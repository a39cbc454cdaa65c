//! `master search` finds what ripgrep finds, file by file, in the Python installation at hand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use brigade_tests::{binary, within};

const REGEXES: [&str; 50] = [
    r"import\s+\w+",
    r"^class \w+",
    r"^\s*def \w+\(self",
    r"[A-Z]{4,}_\w+",
    r"\bself\b",
    r"^$",
    r"^",
    r"$",
    r"x*",
    r"\d+",
    r"0x[0-9a-fA-F]+",
    r"#.*$",
    r#""[^"]*""#,
    r"'[^']*'",
    r"(?i)error",
    r"(?i)todo|fixme|xxx",
    r"return (None|True|False)$",
    r"^from \.+ import",
    r"^import \w+(, \w+)+",
    r"raise \w+Error\(",
    r"\.\w+\(\)\.\w+",
    r"lambda \w+:",
    r"except\s*:",
    r"except \(.*\)",
    r"\s+$",
    r"\t",
    r"[^\x00-\x7F]",
    r"\w+\s*=\s*\[\]",
    r"if .* is not None",
    r"^@\w+",
    r"async|await",
    r"__\w+__",
    r"\\n",
    r"%[sdr]",
    r"\{\w+\}",
    r"(\w)\w*=",
    r"[a-z]+_[a-z]+_[a-z]+",
    r"\bin\b.*\bin\b",
    r"^.{80,}$",
    r"^.{1,10}$",
    r"e{2,}",
    r"\Bing\b",
    r"(foo|bar)+",
    r"[[:upper:]]{3}",
    r"[[:punct:]]{4}",
    r"\p{Greek}",
    r"(?-u)\w+ed\b",
    r"https?://\S+",
    r"for \w+ in range\(\d+\)",
    r"zzzz|qqqq|xyzzy",
];

/// The standard library of the Python that is there, with or without what is not part of it and its tests.
fn library() -> PathBuf {
    let say = "import sysconfig; print(sysconfig.get_path('stdlib'))";
    let output = Command::new("python3").args(["-c", say]).output();
    let output = output.unwrap_or_else(|e| panic!("python3 is needed, see scripts/setup: {e}"));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Lines with `path:count` of a program, which may have found nothing.
fn counts(mut command: Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|e| panic!("{command:?}: {e}; see scripts/setup"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code < 2), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn ripgrep(library: &Path, globs: &[&str], pattern: &str, options: &[&str]) -> String {
    let mut command = Command::new("rg");
    command.args(["--no-config", "--sort", "path", "--no-heading"]);
    command.args(options).args(globs);
    counts({
        command.arg("-e").arg(pattern).arg(library);
        command
    })
}

/// The same of ours for many patterns at once, by pattern.
fn ours(
    library: &Path,
    globs: &[&str],
    patterns: &[String],
    options: &[&str],
) -> BTreeMap<String, String> {
    let mut command = Command::new(binary("master"));
    command.args(["search", "--format", "json", "-c"]);
    command.args(options).args(globs).arg(library);
    for pattern in patterns {
        command.arg("-e").arg(pattern);
    }
    let mut all: BTreeMap<_, _> = patterns
        .iter()
        .map(|one| (one.clone(), String::new()))
        .collect();
    for line in counts(command).lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let [pattern, path] = ["pattern", "path"].map(|key| line[key].as_str().unwrap());
        let count = format!("{path}:{}\n", line["lines"]);
        all.get_mut(pattern).unwrap().push_str(&count);
    }
    all
}

/// So many words that are there, and some that are not.
fn words(library: &Path, count: usize) -> Vec<String> {
    let mut all = BTreeSet::new();
    for name in [
        "argparse.py",
        "inspect.py",
        "typing.py",
        "decimal.py",
        "_pydecimal.py",
        "pydoc.py",
    ] {
        let text = fs::read_to_string(library.join(name)).unwrap_or_default();
        let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        all.extend(words.filter(|word| word.len() > 1).map(str::to_owned));
    }
    let all: Vec<String> = all.into_iter().collect();
    assert!(
        all.len() > count,
        "{} has hardly any words",
        library.display()
    );
    // As good as random, and the same every time.
    let mut state = 20_261_125_u64;
    let mut chosen = BTreeSet::from(["absent_everywhere".to_owned()]);
    while chosen.len() < count {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let at = usize::try_from(state >> 33).unwrap() % all.len();
        chosen.insert(all[at].clone());
    }
    chosen.into_iter().collect()
}

fn compare(globs: &[&str]) {
    let library = library();
    let words = words(&library, 200);
    let mut lines = 0;
    for (options, theirs) in [
        (&[][..], &["-F", "-c"][..]),
        (&["-w", "-i"], &["-F", "-c", "-w", "-i"]),
    ] {
        let words = if options.is_empty() {
            &words[..]
        } else {
            &words[..20]
        };
        let ours = ours(&library, globs, words, options);
        for word in words {
            let expected = ripgrep(&library, globs, word, theirs);
            assert!(ours[word] == expected, "`{word}` {options:?}: ours differ");
            lines += expected.lines().count();
        }
    }
    let regexes = REGEXES.map(str::to_owned);
    let ours = ours(&library, globs, &regexes, &["--regex"]);
    for regex in &regexes {
        let expected = ripgrep(&library, globs, regex, &["-c"]);
        assert!(ours[regex] == expected, "`{regex}`: ours differ");
        lines += expected.lines().count();
    }
    assert!(lines > 10_000, "only {lines} counts were compared");
}

#[test]
fn counts_of_200_words_and_50_regexes_are_the_same_file_by_file() {
    // Enough to differ in, and quick.
    within(240, || {
        compare(&["-g", "*.py", "-g", "!site-packages", "-g", "!test"]);
    });
}

#[test]
#[ignore = "takes minutes: every file of the installation"]
fn counts_in_the_whole_installation_are_the_same_file_by_file() {
    within(1800, || compare(&["-g", "*"]));
}

#[test]
fn lines_and_context_are_the_same_byte_by_byte() {
    within(60, || {
        let library = library();
        let globs = ["-g", "*.py", "-g", "!site-packages", "-g", "!test"];
        for (pattern, options) in [
            ("raise", &["-n"][..]),
            ("nonlocal", &["-n", "-C3"]),
            ("yield from", &["-n", "-B2"]),
            ("__slots__", &["-n", "-A5"]),
            ("__slots__", &["-N"]),
        ] {
            let expected = ripgrep(&library, &globs, pattern, &[&["-F"], options].concat());
            let mut command = Command::new(binary("master"));
            command.arg("search").args(globs).args(options);
            command.arg("-e").arg(pattern).arg(&library);
            assert!(counts(command) == expected, "{pattern} {options:?}");
        }
    });
}

#[test]
fn ignore_rules_leave_out_the_same_files() {
    within(30, || {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(".git/info/exclude", "excluded.txt\n");
        write(
            ".gitignore",
            "*.log\n!keep.log\n/top.txt\nbuild/\n**/deep/*.txt\n!.shown\n# no\n\\#x\n",
        );
        write("sub/.gitignore", "/top.txt\n!*.log\n");
        write("sub/.ignore", "!top.txt\nsecret*\n");
        write("sub/inner/.git/HEAD", "");
        write("sub/inner/.gitignore", "b.txt\n");
        for folder in [
            "",
            "sub/",
            "sub/inner/",
            "a/deep/",
            "build/",
            "sub/build/",
            ".hid/",
            "__init__/",
        ] {
            for name in [
                "a.log",
                "keep.log",
                "top.txt",
                "b.txt",
                "excluded.txt",
                "secret.txt",
                "#x",
                ".shown",
                ".hidden",
            ] {
                write(&format!("{folder}{name}"), "word\n");
            }
        }
        for options in [
            &[][..],
            &["--no-ignore"],
            &["--hidden"],
            &["-g", "*.txt"],
            &["-g", "!sub"],
            &["-g", "/top.txt"],
        ] {
            for root in [".", "sub", "sub/inner", "build", "./sub/"] {
                let run = |program: &Path, first: &[&str]| {
                    let mut command = Command::new(program);
                    command.current_dir(tree.path()).args(first).args(options);
                    counts({
                        command.args(["-e", "word", root]);
                        command
                    })
                };
                let expected = run(Path::new("rg"), &["--no-config", "--sort", "path", "-l"]);
                let ours = run(&binary("master"), &["search", "-l", "--format", "lines"]);
                // A path that begins with ./ is shown without.
                let mut expected: Vec<&str> = expected
                    .lines()
                    .map(|line| line.trim_start_matches("./"))
                    .collect();
                let mut ours: Vec<&str> = ours.lines().collect();
                expected.sort_unstable();
                ours.sort_unstable();
                assert_eq!(ours, expected, "{options:?} {root}");
            }
        }
    });
}
