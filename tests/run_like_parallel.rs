//! `master run` beside GNU parallel, on command lines as people write them: the same output, and success where that
//! succeeds. Where the two want different words, both are given.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use brigade_tests::{binary, within, write};

/// A command line for a shell, in which `TOOL` is either program. What stands between `OURS[` and `]` is for `master
/// run` alone, and what stands between `THEIRS[` and `]` for GNU parallel.
const LINES: &[&str] = &[
    // Inputs from the command line.
    "TOOL -k echo {} ::: a b c",
    "TOOL -k echo ::: a 'b c' \"it's\" '' '*'",
    "TOOL -k echo {1}-{2} ::: a b ::: 1 2 3",
    "TOOL -k echo {2}{1} ::: a b :::+ 1 2",
    "TOOL -k echo {} and {} x{}y ::: a ::: 1 2",
    "TOOL -k echo {1.} {2/} {-1} {3} ::: a.x ::: d/e",
    "TOOL -k wc -l ::: *.txt",
    "TOOL -k 'wc -l {}' ::: *.txt",
    "TOOL -k ::: 'echo one' 'echo two  three'",
    // Inputs from pipes and files.
    "seq 20 | TOOL -k echo line {}",
    "ls *.txt | TOOL -k wc -c",
    "find . -name '*.txt' -print0 | sort -z | TOOL -0 -k wc -l",
    "printf 'a\\n\\nb' | TOOL -k echo x{}y",
    "printf 'a,b,c' | TOOL -k -d , echo",
    "TOOL -k -a list cat",
    "TOOL -k cat :::: list",
    "TOOL -k echo {1} {2} :::: list ::: x y",
    "TOOL -k echo {1} {2} :::: list ::::+ pairs.csv",
    "cat list | TOOL -k echo {1} {2} :::: - ::: x y",
    "TOOL -k echo < /dev/null",
    "cat commands | TOOL -k OURS[--shell]",
    // Columns.
    "TOOL -k --colsep , echo {2} {1} :::: pairs.csv",
    "TOOL -k -C '\\t' echo {1}/{2} :::: table.tsv",
    "TOOL -k --colsep ' +' echo {2} {} ::: 'a  b' 'c d   e'",
    "TOOL -k -n2 echo {1}+{2} ::: a b c d e",
    "TOOL -k -N 3 echo {} ::: a b c d",
    "TOOL -k --header : echo {x}-{y} ::: x 1 2 ::: y 3 4",
    // What is filled in.
    "TOOL -k echo {.} {/} {//} {/.} ::: /x/y.tar.gz dir/f.txt plain a.b/c .hidden a.",
    "TOOL -k echo {#} {} ::: p q r",
    "TOOL -j1 -k echo {%} {} ::: p q r",
    // A shell.
    "TOOL -k OURS[--shell] 'echo {} | tr a-z A-Z' ::: abc def",
    "TOOL -k OURS[--shell] 'cat {} > {.}.copy; cat {.}.copy' ::: *.txt",
    "TOOL -k OURS[--shell] 'printf \"%s|\" {}' ::: '$HOME' '`id`' 'a;b' '*' \"it's\" 'a\\b'",
    "TOOL -k OURS[--shell] cat {} '>' {/.}.out '&&' wc -c {/.}.out ::: *.txt",
    // Output.
    "TOOL -k --tag echo {2} ::: a b ::: 1 2",
    "TOOL -k --tagstring '{#}:{1}' echo {} ::: a b",
    "TOOL -k OURS[--shell] 'seq {}' ::: 100000 3 200000",
    "TOOL -k OURS[--shell] 'echo out {}; echo err {} >&2; printf end' ::: 1 2 2>&1",
    "TOOL --line-buffer -j1 OURS[--shell] 'echo a{}; echo b{}' ::: 1 2",
    "TOOL --lb --tag OURS[--shell] 'echo a{}; echo b{}' ::: 1 2 3 | sort",
    "TOOL -u -j1 echo ::: a b",
    "TOOL -j4 OURS[--shell] 'sleep 0.{}; echo {}' ::: 3 1 2 | sort",
    "TOOL -k -j4 OURS[--shell] 'sleep 0.{}; echo {}' ::: 3 1 2",
    "TOOL --dry-run -k echo {} {#} ::: a b/c",
    // Ends.
    "TOOL -k OURS[--shell] 'exit {}' ::: 0 0",
    "TOOL -k OURS[--shell] 'echo {}; exit {}' ::: 0 3 0",
    "TOOL true ::: 1 2 && TOOL false ::: 1",
    "TOOL -k OURS[--retries 1 --shell] THEIRS[--retries 2] 'test -e flag{} || { touch flag{}; exit 1; }' ::: 1 2",
    "TOOL -k --timeout 1 OURS[--shell] 'echo before {}; sleep {}; echo after' ::: 0 30",
    "TOOL -k -j1 --halt now,fail=1 OURS[--shell] 'echo {}; exit {}' ::: 0 0 2 0 0",
    "TOOL -k -j1 --halt soon,fail=1 OURS[--shell] 'echo {}; exit {}' ::: 0 0 2 0 0",
    "TOOL -k -j1 --halt now,success=1 OURS[--shell] 'echo {}; exit {}' ::: 1 0 1",
    "TOOL -j2 --halt now,fail=1 OURS[--shell] 'sleep {}; echo {}; exit 4' ::: 0.2 30",
    // The log of jobs.
    "TOOL -j1 --joblog log OURS[--shell] 'echo {}; exit {}' ::: 0 3; cut -f 1,2,5-9 log",
    "TOOL -j1 --joblog log OURS[--shell] 'kill -9 $$; echo {}' ::: 1; cut -f 1,7,8 log",
    "TOOL -k -j 1 --joblog log echo ::: a b; TOOL -k -j 1 --joblog log --resume echo ::: a b c d; cut -f 1,9 log",
    "TOOL -k -j1 --joblog log OURS[--shell] 'echo {}; test -e yes' ::: a b; touch yes; \
     TOOL -k -j1 --joblog log --resume-failed OURS[--shell] 'echo {}; test -e yes' ::: a b c; cut -f 1,7,9 log",
    // The rest.
    "TOOL -j 200% -k echo ::: 1 2 3",
    "TOOL -k --delay 0.05 echo ::: 1 2 3",
    "TOOL -k --wd sub cat ::: inner.txt",
];

/// Files that the lines use.
fn prepare(folder: &Path) {
    write(&folder.join("one.txt"), "1\n");
    write(&folder.join("two words.txt"), "1\n2\n");
    write(&folder.join("three.txt"), "1\n2\n3");
    write(&folder.join("list"), "one.txt\ntwo words.txt\n");
    write(&folder.join("pairs.csv"), "a,1\nb c,2\n");
    write(&folder.join("table.tsv"), "a\t1\nb c\t2\n");
    write(
        &folder.join("commands"),
        "echo first | tr f F\necho second; exit 0\n",
    );
    fs::create_dir(folder.join("sub")).unwrap();
    write(&folder.join("sub/inner.txt"), "inner\n");
}

/// Takes the words that are for the other one out, and the marks around those that are for this one.
fn words_of(line: &str, ours: bool) -> String {
    let mut text = line.to_owned();
    for (mark, is_kept) in [("OURS[", ours), ("THEIRS[", !ours)] {
        while let Some(begin) = text.find(mark) {
            let end = begin + text[begin..].find(']').unwrap();
            let inner = text[begin + mark.len()..end].to_owned();
            text.replace_range(begin..=end, if is_kept { &inner } else { "" });
        }
    }
    text
}

/// What a line prints, and whether it succeeds.
fn outcome(line: &str, tool: &str, ours: bool) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let script = words_of(line, ours).replace("TOOL", tool);
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        // It keeps notes in the home directory, and runs commands with this shell.
        .env("HOME", folder.path())
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (text, output.status.success())
}

#[test]
fn everyday_command_lines_do_what_gnu_parallel_does() {
    within(240, || {
        let version = Command::new("parallel").arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        assert!(
            version.is_ok_and(|text| text.starts_with("GNU parallel")),
            "GNU parallel is not installed: run scripts/setup"
        );
        let ours = format!("{} run", binary("master").display());
        let next = AtomicUsize::new(0);
        let faults: Vec<String> = thread::scope(|scope| {
            let compare = || {
                let mut faults = Vec::new();
                while let Some(line) = LINES.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let expected = outcome(line, "parallel --will-cite", false);
                    let found = outcome(line, &ours, true);
                    if found != expected {
                        faults.push(format!(
                            "{line}\n  parallel: {expected:?}\n  master run: {found:?}"
                        ));
                    }
                }
                faults
            };
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(compare)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(
            faults.is_empty(),
            "{} of {}:\n{}",
            faults.len(),
            LINES.len(),
            faults.join("\n")
        );
        assert!(LINES.len() >= 40);
    });
}
