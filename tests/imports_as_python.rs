//! `master imports` beside Python's own parser: the same imports, and the same files refused.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use brigade_tests::{binary, within};

/// On packages of the standard library that come with every Python.
#[test]
fn imports_are_those_that_pythons_own_parser_finds() {
    within(60, || {
        let library = python(
            &[
                "-c",
                "import sysconfig; print(sysconfig.get_path('stdlib'))",
            ],
            "",
        );
        let packages = [
            "asyncio",
            "collections",
            "concurrent",
            "email",
            "encodings",
            "html",
            "importlib",
            "json",
            "logging",
            "unittest",
        ];
        let packages: Vec<String> = packages
            .iter()
            .map(|name| format!("{}/{name}", library.trim()))
            .collect();
        let differences = compare(&packages);
        assert_eq!(differences, [""; 0]);
    });
}

/// Every byte in a comment, in every encoding of one byte a character: taken and refused as by Python.
#[test]
fn encodings_are_those_of_python() {
    within(60, || {
        let tree = tempfile::tempdir().unwrap();
        let numbered = |name: &str, numbers: &[u32]| {
            numbers
                .iter()
                .map(|number| format!("{name}{number}"))
                .collect()
        };
        let mut names: Vec<String> = numbered(
            "cp",
            &[
                1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 866, 874,
            ],
        );
        let parts: Vec<u32> = (1..=16).filter(|part| *part != 12).collect();
        names.extend::<Vec<String>>(numbered("iso-8859-", &parts));
        names.extend::<Vec<String>>(numbered("latin", &(1..=10).collect::<Vec<u32>>()));
        // Not `utf-8` itself: with it, Python does not look at the bytes of comments.
        let others = "utf8 u8 ascii us-ascii latin-1 iso-latin-1-unix l1 koi8-r koi8_u mac-roman \
                      mac_cyrillic windows-1252 none";
        names.extend(others.split_whitespace().map(str::to_owned));
        for name in &names {
            for byte in 0x7f..=0xff {
                // A point of Hebrew, which Python's table lacks.
                if name == "cp1255" && byte == 0xca {
                    continue;
                }
                let text = [
                    b"# coding: ",
                    name.as_bytes(),
                    b"\nimport a # ",
                    &[byte],
                    b"\n",
                ]
                .concat();
                fs::write(tree.path().join(format!("{name}_{byte:02x}.py")), text).unwrap();
            }
        }
        let differences = compare(&[tree.path().to_str().unwrap().to_owned()]);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    });
}

/// All of it, its tests and what they are made to be refused for included. It takes a while: run with `--ignored`.
#[test]
#[ignore = "takes half a minute"]
fn imports_of_the_whole_standard_library_are_those_that_pythons_own_parser_finds() {
    within(300, || {
        let library = python(
            &[
                "-c",
                "import sysconfig; print(sysconfig.get_path('stdlib'))",
            ],
            "",
        );
        let differences = compare(&[library.trim().to_owned()]);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    });
}

fn python(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("python3")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3: run scripts/setup");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = feeder.join();
    String::from_utf8(output.stdout).unwrap()
}

/// How what `master` finds differs from what Python's parser finds.
fn compare(paths: &[String]) -> Vec<String> {
    let arguments = [
        "imports",
        "--format",
        "json",
        "-g",
        "*.py",
        "-g",
        "!site-packages",
        "-g",
        "!dist-packages",
    ];
    let mut command = Command::new(binary("master"));
    let output = command.args(arguments).args(paths).output().unwrap();
    let ours: Vec<serde_json::Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(ours.len() >= 100, "{} files", ours.len());
    let paths: Vec<&str> = ours
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scripts/compare/imports_ast.py"
    );
    let theirs = python(&[script], &(paths.join("\n") + "\n"));
    let theirs: Vec<serde_json::Value> = theirs
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(theirs.len(), ours.len());
    let pairs = ours.iter().zip(&theirs);
    pairs
        .filter_map(|(ours, theirs)| difference(ours, theirs))
        .collect()
}

fn difference(ours: &serde_json::Value, theirs: &serde_json::Value) -> Option<String> {
    let path = ours["path"].as_str().unwrap();
    let refused = |file: &serde_json::Value| file.get("error").map(ToString::to_string);
    match (refused(ours), refused(theirs)) {
        (Some(_), Some(_)) => None,
        (None, None) => {
            let as_theirs = |import: &serde_json::Value| {
                let names = import.get("names").map(|names| {
                    let names = names.as_array().unwrap().iter();
                    names
                        .map(|name| serde_json::json!([name["name"], name.get("as")]))
                        .collect::<Vec<_>>()
                });
                serde_json::json!([
                    import["line"],
                    import["level"],
                    import["module"],
                    names,
                    import.get("as")
                ])
            };
            let found: Vec<_> = ours["imports"]
                .as_array()
                .unwrap()
                .iter()
                .map(as_theirs)
                .collect();
            let found = serde_json::Value::from(found);
            (found != theirs["imports"])
                .then(|| format!("{path}: {found} for {}", theirs["imports"]))
        }
        (ours, theirs) => Some(format!("{path}: {ours:?} here, {theirs:?} there")),
    }
}
