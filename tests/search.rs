//! `master search`, through the binaries: what it shows and how it ends.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, process::Command};

use brigade_tests::{Output, binary, master, within};
use tempfile::TempDir;

/// A small tree: two Python files and a text.
fn tree() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("a.py", "import os\n# no more\nimport sys\n"),
        ("b/c.py", "from os import path\n\n\n\nIMPORT = 'importer'\n"),
        ("notes.txt", "an import of tea\n"),
    ];
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Searches in a folder, from within.
fn search<S: AsRef<OsStr>>(folder: &TempDir, arguments: &[S]) -> Output {
    let mut command = Command::new(binary("master"));
    command.current_dir(folder.path()).arg("search");
    command.args(arguments);
    brigade_tests::Running::start(command).end()
}

/// What is found, without the summary, which must be there.
fn found(folder: &TempDir, arguments: &[&str]) -> String {
    let output = search(folder, arguments);
    assert_eq!(output.code, 0, "{arguments:?}: {}", output.stderr);
    assert!(output.stderr.starts_with("Found "), "{}", output.stderr);
    output.stdout
}

#[test]
fn lines_come_in_order_and_the_summary_is_the_chapters() {
    within(30, || {
        let output = search(&tree(), &["-e", "import"]);
        assert_eq!(
            output.stdout,
            "a.py:1:import os\na.py:3:import sys\nb/c.py:1:from os import path\n\
             b/c.py:5:IMPORT = 'importer'\nnotes.txt:1:an import of tea\n"
        );
        let summary = output.stderr.trim_end();
        let time = summary.strip_prefix("Found 5 'import' in 3 files in ");
        let ms = time.and_then(|time| time.strip_suffix("ms")).unwrap();
        assert_eq!(ms.split('.').nth(1).map(str::len), Some(3), "{summary}");
        assert!(ms.parse::<f64>().unwrap() > 0.0);
    });
}

#[test]
fn options_say_what_is_looked_for_and_what_is_shown() {
    within(60, || {
        let tree = tree();
        let cases: [(&[&str], &str); 13] = [
            (&["-c", "-e", "import"], "a.py:2\nb/c.py:2\nnotes.txt:1\n"),
            (&["-l", "-e", "import", "b", "a.py"], "b/c.py\na.py\n"),
            (&["-N", "-e", "sys"], "a.py:import sys\n"),
            (&["-n", "-e", "sys"], "a.py:3:import sys\n"),
            (
                &["-c", "-w", "-e", "import"],
                "a.py:2\nb/c.py:1\nnotes.txt:1\n",
            ),
            (
                &["-c", "-i", "-w", "-e", "import"],
                "a.py:2\nb/c.py:2\nnotes.txt:1\n",
            ),
            (&["-g", "*.py", "-l", "-e", "import"], "a.py\nb/c.py\n"),
            (&["-g", "!*.py", "-l", "-e", "import"], "notes.txt\n"),
            (&["--regex", "-c", "-e", "^(from|import) os$"], "a.py:1\n"),
            (
                &["-A1", "-e", "os"],
                "a.py:1:import os\na.py-2-# no more\n--\nb/c.py:1:from os import path\nb/c.py-2-\n",
            ),
            (
                &["-B1", "-A0", "-e", "sys"],
                "a.py-2-# no more\na.py:3:import sys\n",
            ),
            (
                &["-C1", "-e", "more"],
                "a.py-1-import os\na.py:2:# no more\na.py-3-import sys\n",
            ),
            (
                &["-e", "sys", "-e", "tea"],
                "a.py:3:import sys\nnotes.txt:1:an import of tea\n",
            ),
        ];
        for (arguments, expected) in cases {
            assert_eq!(found(&tree, arguments), expected, "{arguments:?}");
        }
    });
}

#[test]
fn patterns_are_what_they_are_whatever_they_begin_with() {
    within(30, || {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("x"), b"-v\n--help\n\xffa\xc3\n^$\n\n").unwrap();
        for (pattern, count) in [("-v", 1), ("--help", 1), ("^$", 1), ("", 5), ("é", 0)] {
            let output = search(&tree, &["-c", "-e", pattern]);
            let expected = if count > 0 {
                format!("x:{count}\n")
            } else {
                String::new()
            };
            assert_eq!(output.stdout, expected, "{pattern}");
            assert_eq!(output.code, i32::from(count == 0));
        }
        let bytes = [b"-c", &b"-e"[..], b"\xffa"].map(OsStr::from_bytes);
        assert_eq!(search(&tree, &bytes).stdout, "x:1\n");
    });
}

#[test]
fn each_pattern_has_its_summary_and_nothing_found_is_code_1() {
    within(30, || {
        let tree = tree();
        let output = search(&tree, &["-e", "import", "-e", "tea", "-e", "absent"]);
        assert_eq!(output.code, 0);
        let said: Vec<&str> = output.stderr.lines().collect();
        for (line, begin) in said.iter().zip([
            "Found 5 'import' in 3 files in ",
            "Found 1 'tea' in 1 file in ",
            "Found 0 'absent' in 0 files in ",
        ]) {
            assert!(line.starts_with(begin), "{line}");
        }
        let output = search(&tree, &["-e", "absent"]);
        assert_eq!((output.code, output.stdout.as_str()), (1, ""));
    });
}

#[test]
fn each_worker_says_how_many_files_it_has() {
    within(30, || {
        let output = search(&tree(), &["-v", "-j", "3", "-e", "import"]);
        let mut paths = Vec::new();
        for line in output
            .stderr
            .lines()
            .filter(|line| line.starts_with("PID: "))
        {
            let (pid, count) = line["PID: ".len()..].split_once(", paths ").unwrap();
            assert!(pid.parse::<u32>().unwrap() > 1);
            paths.push(count.parse::<u32>().unwrap());
        }
        paths.sort_unstable();
        assert_eq!(paths, [1, 1, 1], "{}", output.stderr);
    });
}

#[test]
fn json_has_a_line_for_each_line_and_loses_no_byte() {
    within(30, || {
        let tree = tempfile::tempdir().unwrap();
        let name = OsStr::from_bytes(b"name\xff");
        fs::write(tree.path().join(name), b"a\nkey \xfe key\nb\n").unwrap();
        let output = search(&tree, &["--format", "json", "-B1", "-e", "key"]);
        let lines: Vec<serde_json::Value> = output
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["is_match"], false);
        let line = &lines[1];
        assert_eq!(line["pattern"], "key");
        assert_eq!(line["path_base64"], "bmFtZf8=");
        assert_eq!(
            (&line["line"], &line["is_match"]),
            (&2.into(), &true.into())
        );
        assert_eq!(line["text"], "key \u{fffd} key");
        assert_eq!(line["text_base64"], "a2V5IP4ga2V5");
        assert_eq!(line["spans"], serde_json::json!([[0, 3], [6, 9]]));
        let output = search(&tree, &["--format", "csv", "-c", "-e", "key"]);
        assert_eq!(output.stdout, "pattern,path,lines\nkey,name\u{fffd},1\n");
    });
}

#[test]
fn colour_marks_paths_numbers_and_matches() {
    within(30, || {
        let output = search(&tree(), &["--color", "always", "-e", "sys"]);
        assert_eq!(
            output.stdout,
            "\x1b[35ma.py\x1b[0m:\x1b[32m3\x1b[0m:import \x1b[1;31msys\x1b[0m\n"
        );
    });
}

#[test]
fn what_cannot_be_looked_for_is_refused_before_anything_is_read() {
    within(30, || {
        let tree = tree();
        let cases: [(&[&str], &str); 7] = [
            (&[], "as in `master search -e TODO src`"),
            (&["TODO", "."], "as in `master search -e TODO .`"),
            (
                &["--regex", "-e", "a("],
                "unclosed group; leave out --regex",
            ),
            (&["-e", "a\nb"], "give one pattern for each line"),
            (&["-g", "[", "-e", "a"], "["),
            (&["-c", "-l", "-e", "a"], "cannot be used with"),
            (
                &["--max-filesize", "5Q", "-e", "a"],
                "expected K, M, G or T",
            ),
        ];
        for (arguments, why) in cases {
            let output = search(&tree, arguments);
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (2, ""),
                "{arguments:?}"
            );
            assert!(
                output.stderr.contains(why),
                "{arguments:?}: {}",
                output.stderr
            );
        }
    });
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    within(30, || {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("x"), "line\n".repeat(500_000)).unwrap();
        let master = binary("master");
        let script = format!(
            "{} search {} -e line | head -n 2",
            master.display(),
            tree.path().display()
        );
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    });
}

#[test]
fn threads_find_what_processes_find() {
    within(30, || {
        let tree = tree();
        let by_processes = found(&tree, &["-C1", "-e", "import"]);
        let by_threads = found(&tree, &["-C1", "-e", "import", "--backend", "threads"]);
        assert_eq!(by_threads, by_processes);
        assert_eq!(master(["search", "--help"]).end().code, 0);
    });
}
