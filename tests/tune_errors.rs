//! What `master tune` says about input that it cannot use: the place, what was expected, and exit code 2.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;

use brigade_tests::{Output, master, within};

const NO_OPTIONS: &[&str] = &[];

/// Runs `master tune FILE OPTIONS` on a file with this content.
fn tune_on(content: &[u8], options: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    fs::write(&path, content).unwrap();
    let path = path.display().to_string();
    tune(&[&[path.as_str()], options].concat())
}

fn tune(arguments: &[&str]) -> Output {
    let words = std::iter::once(&"tune").chain(arguments);
    let words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    within(60, move || master(words).end())
}

/// Asserts a refusal that has all these parts and nothing of a panic.
#[track_caller]
fn assert_refused(what: &str, output: &Output, parts: &[&str]) {
    let Output {
        code,
        stdout,
        stderr,
    } = output;
    assert_eq!((*code, stdout.as_str()), (2, ""), "{what}: {stderr}");
    assert!(stderr.starts_with("error: "), "{what}: {stderr}");
    assert!(!stderr.contains("panicked"), "{what}: {stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{what}: no `{part}` in: {stderr}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn a_table_that_cannot_be_read_is_refused_with_the_place_and_what_was_expected() {
    for (what, content, parts) in [
        (
            "empty",
            "",
            ["t.csv: is empty", "expected one sample a line"],
        ),
        (
            "blank",
            " \n\r\n\t\n",
            ["t.csv: is empty", "expected one sample a line"],
        ),
        (
            "text in a number",
            "1,2,a\n3,x,b\n",
            [
                "t.csv, line 2, column 2: ",
                "expected a number such as 5.1, found `x`",
            ],
        ),
        (
            "text in a number of a named column",
            "length,width,class\n1,2,a\n3,4,b\n5,wide,b\n",
            ["t.csv, line 4, column 2 (`width`): ", "found `wide`"],
        ),
        (
            "a missing value",
            "1,2,a\n3,,b\n",
            [
                "t.csv, line 2, column 2: ",
                "expected a number such as 5.1, found ``",
            ],
        ),
        (
            "a decimal comma",
            "1,5;2;a\n1;2;b\n",
            ["t.csv, line 1, column 1: ", "write decimals with a point"],
        ),
        (
            "not a number",
            "1,2,a\n\n\n3,NaN,b\n",
            [
                "t.csv, line 4, column 2: ",
                "expected a finite number, found `NaN`",
            ],
        ),
        (
            "infinity",
            "1,2,a\n-inf,4,b\n",
            [
                "t.csv, line 2, column 1: ",
                "expected a finite number, found `-inf`",
            ],
        ),
        (
            "a number beyond all numbers",
            "1,2,a\n1e999,4,b\n",
            [
                "t.csv, line 2, column 1: ",
                "expected a finite number, found `1e999`",
            ],
        ),
        (
            "a short row",
            "1,2,a\n3,b\n",
            [
                "t.csv, line 2: ",
                "expected 3 columns as in line 1, found 2",
            ],
        ),
        (
            "a long row after blank lines and CRLF",
            "1,2,a\r\n\r\n3,4,b,5\r\n",
            [
                "t.csv, line 3: ",
                "expected 3 columns as in line 1, found 4",
            ],
        ),
        (
            "a row without a class",
            "1,2,a\n3,4,\n",
            [
                "t.csv, line 2, column 3: ",
                "expected the name of a class, found nothing",
            ],
        ),
        (
            "one column",
            "1\n2\n",
            [
                "t.csv, line 1: only one column",
                "expected numeric features and a class",
            ],
        ),
        (
            "an open quote",
            "\"1,2,a\n3,4,b\n",
            [
                "t.csv, line 1: the quote that opens here is never closed",
                "write a quote inside a field twice",
            ],
        ),
        (
            "a quote that opens in the last row",
            "1,2,a\n3,4,\"b\n",
            ["t.csv, line 2: the quote that opens here", "close it"],
        ),
        (
            "a single class",
            "1,2,a\n3,4,a\n5,6,a\n",
            [
                "t.csv: all 3 rows have the class `a`",
                "expected two classes at least",
            ],
        ),
        (
            "a single row",
            "1,2,a\n",
            [
                "t.csv: no training sample is left (1 rows, --split every:5)",
                "add samples",
            ],
        ),
    ] {
        assert_refused(what, &tune_on(content.as_bytes(), NO_OPTIONS), &parts);
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let text = "a text table in UTF-8 with columns separated by comma, tab or semicolon";
    for (what, content, place) in [
        (
            "latin 1",
            &b"1,2,a\n3,4,caf\xe9\n"[..],
            "t.csv, line 2, byte 8: not UTF-8",
        ),
        (
            "UTF-16",
            &b"\xff\xfe1\0,\0"[..],
            "t.csv, line 1, byte 1: not UTF-8",
        ),
        ("zeros", &[0; 100][..], "t.csv, line 1, byte 1: a NUL byte"),
        (
            "an executable",
            &b"\x7fELF\x02\x01\x01\0\0"[..],
            "t.csv, line 1, byte 8: a NUL byte",
        ),
    ] {
        assert_refused(
            what,
            &tune_on(content, NO_OPTIONS),
            &[place, "expected", text],
        );
    }
}

/// What is wrong, the file, the options, and the parts of the message.
type Case<'a> = (&'a str, &'a [u8], &'a [&'a str], &'a [&'a str]);

#[test]
fn arrays_that_cannot_be_used_are_refused() {
    let images = b"\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x01ab";
    let cases: [Case<'_>; 7] = [
        (
            "truncated IDX",
            &images[..17],
            NO_OPTIONS,
            &[
                "t.csv: ends early",
                "2 x 1 x 1 elements",
                "get the file anew",
            ],
        ),
        (
            "IDX without labels",
            images,
            NO_OPTIONS,
            &["t.csv: no labels", "--labels"],
        ),
        (
            "IDX with labels that are not there",
            images,
            &["--labels", "/no/such/labels"],
            &["/no/such/labels: no such file"],
        ),
        (
            "a column of IDX",
            images,
            &["--label", "1"],
            &["t.csv: has no column of classes", "--labels"],
        ),
        (
            "truncated NumPy",
            b"\x93NUMPY\x01\0\xff",
            NO_OPTIONS,
            &["t.csv: its header is not understood: it ends early"],
        ),
        (
            "truncated gzip",
            b"\x1f\x8b\x08\0\0",
            NO_OPTIONS,
            &[
                "t.csv: is a damaged or truncated gzip file",
                "get the file anew",
            ],
        ),
        (
            "labels of a text table",
            b"1,a\n2,b\n",
            &["--labels", "/dev/null"],
            &["t.csv: a text table holds its classes itself", "--label"],
        ),
    ];
    for (what, content, options, parts) in cases {
        assert_refused(what, &tune_on(content, options), parts);
    }
    let both = tune(&["-", "--labels", "-"]);
    assert_refused("both", &both, &["cannot both come from standard input"]);
    let alone = tune(&["--labels", "y.npy"]);
    assert_refused("alone", &alone, &["--labels without samples"]);
}

#[test]
fn what_is_no_file_is_refused() {
    let missing = tune(&["/no/such/table.csv"]);
    let parts = ["/no/such/table.csv: no such file", "check the path"];
    assert_refused("missing", &missing, &parts);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let place = format!("{path}: is a directory");
    assert_refused("directory", &tune(&[&path]), &[&place, "expected a file"]);

    assert_refused("no input", &tune(&["-"]), &["standard input: is empty"]);
    assert_refused("null", &tune(&["/dev/null"]), &["/dev/null: is empty"]);
}

#[test]
fn rows_of_names_and_label_columns_that_are_not_there_are_refused() {
    let table = "a,b,class\n1,2,x\n3,4,y\n5,6,x\n";
    let cases: [(&str, &str, &[&str], &[&str]); 7] = [
        (
            "a header and nothing else",
            "a,b,class\n",
            &["--header", "yes"],
            &[
                "t.csv: only a header in line 1",
                "expected samples below it",
            ],
        ),
        (
            "a header taken for a sample",
            table,
            &["--header", "no"],
            &["t.csv, line 1, column 1: ", "found `a`", "--header yes"],
        ),
        (
            "a number beyond the columns",
            table,
            &["--label", "4"],
            &["t.csv: no label column 4", "from 1 to 3", "-1 to -3"],
        ),
        (
            "column 0",
            table,
            &["--label", "0"],
            &["t.csv: no label column 0", "from 1 to 3"],
        ),
        (
            "a name that no column has",
            table,
            &["--label", "species"],
            &["t.csv: no label column `species`", "a, b, class"],
        ),
        (
            "a name where there are none",
            table,
            &["--label", "class", "--header", "no"],
            &[
                "t.csv: no label column `class`",
                "--header no leaves columns without names",
            ],
        ),
        (
            "the wrong column",
            table,
            &["--label", "a"],
            &[
                "t.csv, line 2, column 3 (`class`): ",
                "expected a number",
                "found `x`",
            ],
        ),
    ];
    for (what, content, options, parts) in cases {
        assert_refused(what, &tune_on(content.as_bytes(), options), parts);
    }
}

#[test]
fn wrong_values_of_options_are_refused_with_what_they_may_be() {
    let cases: [(&[&str], &[&str]); 26] = [
        (
            &["--distance", "jaccard"],
            &["unknown distance `jaccard`", "ED (euclidean)", "braycurtis"],
        ),
        (&["--distance", ""], &["unknown distance ``"]),
        (
            &["--distance", "ED,ed"],
            &["distance ED is repeated", "give each value once"],
        ),
        (
            &["--distance", "SD,BrayCurtis"],
            &["distance SD is repeated"],
        ),
        (&["--k", "0"], &["k must be from 1 to 4294967295, found 0"]),
        (
            &["--k", "-1"],
            &["k must be from 1 to 4294967295, found -1"],
        ),
        (&["--k=-1"], &["k must be from 1 to 4294967295, found -1"]),
        (&["--k", "1,3,1"], &["k 1 is repeated"]),
        (
            &["--k", "x"],
            &["expected a number, or START:STOP", "found `x`"],
        ),
        (&["--k", "1:9:0"], &["the step in `1:9:0` is 0"]),
        (&["--k", "9:1"], &["`9:1` holds no number"]),
        (
            &["--k", "1:9223372036854775807"],
            &["more than 1000000 values"],
        ),
        (
            &["--k", "121"],
            &[
                "k is 121",
                "only 120 training samples",
                "--k of 120 or less",
            ],
        ),
        (&["--k", "1:200:2"], &["k is 121", "bezdekIris.data"]),
        (
            &["--split", "every:1"],
            &["unknown split `every:1`", "every:N (such as every:5)"],
        ),
        (&["--split", "kfold:1"], &["unknown split `kfold:1`"]),
        (&["--split", "kfold:151"], &["no testing sample is left"]),
        (
            &["--seed", "3"],
            &["--seed has no effect with --split every:5"],
        ),
        (
            &["--plot", "grid.gif"],
            &["ends with .svg or .png, found `grid.gif`"],
        ),
        (
            &["--workers", "0"],
            &["invalid value '0' for '--workers <N>'", "from 1 to 1024"],
        ),
        (&["--workers", "1025"], &["from 1 to 1024"]),
        (&["--workers", "two"], &["invalid value 'two'"]),
        (
            &["--format", "xml"],
            &["invalid value 'xml'", "table, lines, json, csv"],
        ),
        (
            &["--header", "maybe"],
            &["invalid value 'maybe'", "auto, yes, no"],
        ),
        (
            &["--neighbours", "3"],
            &["unexpected argument '--neighbours'", "Usage: master tune"],
        ),
        (&["one.csv", "two.csv"], &["unexpected argument 'two.csv'"]),
    ];
    for (options, parts) in cases {
        assert_refused(&options.join(" "), &tune(options), parts);
    }
}
