//! `master imports`, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt, fs::symlink},
    path::Path,
    process::{Command, Stdio},
};

use brigade_tests::{Output, Running, binary, eventually, kill, master, within, write};
use nix::sys::{signal::Signal, stat::Mode};
use tempfile::TempDir;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, text);
    }
    folder
}

/// Runs in a folder, so that paths are short.
fn imports(folder: &Path, arguments: &str) -> Output {
    start(folder, arguments).end()
}

fn start(folder: &Path, arguments: &str) -> Running {
    let mut command = Command::new(binary("master"));
    command
        .arg("imports")
        .args(arguments.split_whitespace())
        .current_dir(folder);
    Running::start(command)
}

/// Standard error without the line that tells the time.
fn said(output: &Output) -> String {
    let lines = output
        .stderr
        .lines()
        .filter(|line| !line.starts_with("Searched "));
    lines.collect::<Vec<_>>().join("\n")
}

fn sample() -> TempDir {
    tree(&[
        (
            "app.py",
            "import os.path as p\nfrom typing import Any\nfrom pkg import a\nimport requests\n",
        ),
        ("pkg/__init__.py", "from . import a\nfrom .b import *\n"),
        (
            "pkg/a.py",
            "import typing_extensions\ndef f():\n    from ..pkg import b, missing\n",
        ),
        (
            "pkg/b.py",
            "from . import a\nif TYPE_CHECKING:\n    import app\n",
        ),
        ("notes.txt", "import nothing\n"),
        ("__pycache__/c.py", "import nothing\n"),
    ])
}

#[test]
fn files_are_listed_with_what_they_import_and_typing_is_marked() {
    within(30, || {
        let tree = sample();
        let expected = "-> app.py {os.path, pkg, requests, typing}\n   pkg/__init__.py {., .b}\n   \
                        pkg/a.py {..pkg, typing_extensions}\n   pkg/b.py {., app}\n";
        for backend in ["processes", "threads"] {
            let output = imports(tree.path(), &format!("--backend {backend} -j 3"));
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (0, expected),
                "{}",
                output.stderr
            );
            let (summary, end) = ("Searched 4 files at 0.", "ms/file\n");
            assert!(output.stderr.starts_with(summary) || output.stderr.contains("4 files at"));
            assert!(output.stderr.ends_with(end), "{}", output.stderr);
        }
        let output = imports(
            tree.path(),
            "--focus requests --mark ** pkg app.py ./app.py",
        );
        assert!(
            output.stdout.starts_with("** app.py {os.path"),
            "{}",
            output.stdout
        );
        assert_eq!(output.stdout.lines().count(), 4);
        assert_eq!(
            imports(tree.path(), "__pycache__").stdout.lines().count(),
            1
        );
        let none = imports(tree.path(), "-g *.none");
        assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    });
}

#[test]
fn modules_are_listed_with_who_imports_them() {
    within(30, || {
        let tree = sample();
        let output = imports(tree.path(), "--by module");
        let expected = "app pkg/b.py:3\nos.path app.py:1\npkg pkg/a.py:3\npkg.a app.py:3\npkg.a pkg/__init__.py:1\n\
                        pkg.a pkg/b.py:1\npkg.b pkg/__init__.py:2\npkg.b pkg/a.py:3\nrequests app.py:4\n\
                        typing app.py:2\ntyping_extensions pkg/a.py:1\n";
        assert_eq!((output.code, output.stdout.as_str()), (0, expected));
        let output = imports(tree.path(), "--by module -m os -m typing --format csv");
        assert_eq!(
            output.stdout,
            "module,path,line\nos.path,app.py,1\ntyping,app.py,2\n"
        );
        let output = imports(tree.path(), "--module pkg.a");
        assert_eq!(
            output.stdout,
            "   app.py {pkg}\n   pkg/__init__.py {.}\n   pkg/b.py {.}\n"
        );
        assert_eq!(imports(tree.path(), "--module nobody").code, 1);
    });
}

#[test]
fn the_graph_shows_cycles_and_what_is_only_for_later() {
    within(30, || {
        let tree = sample();
        let output = imports(tree.path(), "--graph dot");
        assert_eq!(output.code, 0);
        for line in [
            "  \"app\";",
            "  \"pkg\";",
            "  \"app\" -> \"pkg.a\";",
            "  \"pkg\" -> \"pkg.b\";",
            "  \"pkg.a\" -> \"pkg.b\" [style=dashed];",
            "  \"pkg.b\" -> \"app\" [style=dotted];",
        ] {
            assert!(
                output.stdout.lines().any(|shown| shown == line),
                "{line} in\n{}",
                output.stdout
            );
        }
        write(&tree.path().join("pkg/a.py"), "from . import b\n");
        let output = imports(tree.path(), "--graph dot");
        assert!(
            output
                .stdout
                .contains("\"pkg.a\" -> \"pkg.b\" [color=red];"),
            "{}",
            output.stdout
        );
        assert_eq!(said(&output), "cycle of 2 modules: pkg.a, pkg.b");
        assert_eq!(imports(tree.path(), "--graph dot --format json").code, 2);
    });
}

#[test]
fn modules_that_nobody_imports_are_listed() {
    within(30, || {
        let tree = sample();
        write(&tree.path().join("pkg/b.py"), "from . import a\n");
        let output = imports(tree.path(), "--unused");
        assert_eq!((output.code, output.stdout.as_str()), (0, "app app.py\n"));
        write(&tree.path().join("pkg/lone.py"), "");
        let output = imports(tree.path(), "--unused --format json");
        let last = output.stdout.lines().last().unwrap();
        assert_eq!(last, r#"{"module":"pkg.lone","path":"pkg/lone.py"}"#);
    });
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_rest_is_done() {
    within(30, || {
        let tree = tree(&[
            ("good.py", "import a\n"),
            ("old.py", "import b\nprint 'x'\nimport c\n"),
            ("nul.py", "import d\n\0"),
            ("empty.py", ""),
        ]);
        let path = |name: &str| tree.path().join(name);
        fs::write(path("latin.py"), b"# coding: latin-1\nimport e # \xe9\n").unwrap();
        fs::write(path("bad.py"), b"import f\nx = '\xe9'\n").unwrap();
        fs::write(path("wide.py"), b"\xff\xfei\0m\0").unwrap();
        fs::write(path("large.py"), "#".repeat(5000)).unwrap();
        let output = imports(tree.path(), "--max-filesize 4K");
        let expected = "   bad.py {}\n   empty.py {}\n   good.py {a}\n   large.py {}\n   latin.py {e}\n   nul.py {}\n   \
                        old.py {b, c}\n   wide.py {}\n";
        assert_eq!((output.code, output.stdout.as_str()), (3, expected));
        let told = said(&output);
        let told: Vec<&str> = told.lines().collect();
        let starts = [
            "bad.py:2:6: cannot be decoded: byte 0xe9",
            "large.py: cannot be read: 5000 bytes are more than the 4096",
            "nul.py:2:1: syntax error: source code cannot contain null bytes",
            "old.py:2:7: syntax error: ",
            "wide.py:1:1: cannot be decoded: the file is UTF-16",
            "files: 2 with syntax errors, 2 that cannot be decoded, 1 that cannot be read",
        ];
        assert_eq!(told.len(), starts.len(), "{told:?}");
        for (line, start) in told.iter().zip(starts) {
            assert!(line.starts_with(start), "{line} for {start}");
        }
    });
}

#[test]
fn odd_trees_are_survived() {
    within(30, || {
        let tree = tree(&[("a.py", "import a\n"), ("secret.py", "import s\n")]);
        let path = |name: &str| tree.path().join(name);
        symlink(tree.path(), path("loop")).unwrap();
        symlink(path("none.py"), path("dangling.py")).unwrap();
        nix::unistd::mkfifo(&path("fifo.py"), Mode::S_IRWXU).unwrap();
        fs::set_permissions(path("secret.py"), fs::Permissions::from_mode(0o0)).unwrap();
        let odd = tree
            .path()
            .join(std::ffi::OsStr::from_bytes(b"odd\xff\n.py"));
        fs::write(odd, "import o\n").unwrap();
        let mut command = Command::new(binary("master"));
        command
            .args(["imports", ".", "fifo.py", "none"])
            .current_dir(tree.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert!(
            output
                .stdout
                .starts_with(b"   a.py {a}\n   odd\xff?.py {o}\n"),
            "{:?}",
            output.stdout.escape_ascii()
        );
        assert!(
            stderr.contains("fifo.py: not a regular file") && stderr.contains("none: No such file"),
            "{stderr}"
        );
        // Who is root may read everything.
        if !nix::unistd::geteuid().is_root() {
            assert!(
                stderr.contains("secret.py: cannot be read: Permission denied"),
                "{stderr}"
            );
        }
        let json = imports(tree.path(), "--format json");
        assert!(
            json.stdout.contains(r#""path_base64":"b2Rk/woucHk=""#),
            "{}",
            json.stdout
        );
    });
}

#[test]
fn text_nested_a_hundred_thousand_deep_costs_no_worker() {
    within(60, || {
        let depth = 100_000;
        let wrap = |open: &str, close: &str| {
            format!(
                "import a\nx = {}1{}\n",
                open.repeat(depth),
                close.repeat(depth)
            )
        };
        let tree = tree(&[
            ("add.py", &wrap("1+", "")),
            ("list.py", &wrap("[", "]")),
            ("lambda.py", &wrap("lambda x=", ":1")),
            ("call.py", &wrap("", "()")),
            ("open.py", &wrap("(", "")),
        ]);
        for backend in ["processes", "threads"] {
            let output = imports(
                tree.path(),
                &format!("-j 1 --retries 0 --backend {backend}"),
            );
            assert_eq!(
                output.stdout.matches("{a}").count(),
                5,
                "{}{}",
                output.stdout,
                output.stderr
            );
            assert!(!said(&output).contains("warning"), "{}", output.stderr);
        }
    });
}

#[test]
fn a_file_that_takes_too_long_is_given_up_alone() {
    within(60, || {
        // The parser's time grows with the square of this.
        let slow = "f'{".repeat(80 << 10);
        let tree = tree(&[
            ("a.py", "import a\n"),
            ("b.py", &slow),
            ("c.py", "import c\n"),
        ]);
        // All in one batch, so that the batch fails first.
        let output = imports(tree.path(), "--timeout 1s --retries 0 -j 1");
        assert_eq!(output.code, 3, "{}", output.stderr);
        assert_eq!(output.stdout, "   a.py {a}\n   b.py {}\n   c.py {c}\n");
        assert!(
            output
                .stderr
                .contains("b.py: cannot be parsed: the task was still running after 1s"),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn workers_killed_in_the_middle_cost_nothing() {
    within(60, || {
        let text = "import a\nx = [1, 2, 3, {'a': (4, 5)}, f'{x}']\n".repeat(20_000);
        let names: Vec<String> = (0..12).map(|number| format!("f{number}.py")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (&**name, &*text)).collect();
        let tree = tree(&files);
        let mut run = start(tree.path(), "-j 2 -v --retries 5");
        for pid in run.worker_pids(2) {
            assert!(eventually(10, || brigade_tests::cpu_ticks(pid) >= 2));
            kill(pid, Signal::SIGKILL);
        }
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(
            output.stderr.contains("was killed by SIGKILL"),
            "{}",
            output.stderr
        );
        assert_eq!(output.stdout.matches(" {a}\n").count(), 12);
    });
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    within(30, || {
        let tree = sample();
        let script = format!(
            "{} imports --progress never 2> err | true",
            binary("master").display()
        );
        let status = Command::new("bash")
            .args(["-o", "pipefail", "-c", &script])
            .current_dir(tree.path())
            .status();
        assert!(status.unwrap().success());
        let stderr = fs::read_to_string(tree.path().join("err")).unwrap();
        assert!(!stderr.contains("error"), "{stderr}");
    });
}

#[test]
fn what_is_asked_for_wrongly_is_refused() {
    within(30, || {
        let output = master(["imports", "-g", "["]).end();
        assert_eq!((output.code, output.stdout.as_str()), (2, ""));
        let output = master(["imports", "--unused", "--by", "module"]).end();
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("cannot be used with"),
            "{}",
            output.stderr
        );
    });
}
