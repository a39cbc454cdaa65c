//! Faults of the system around a pool: no descriptors, no shared memory, threads with locks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use brigade::jobs::echo::Echo;
use brigade_tests::{Running, binary, pool, program, within};

#[test]
fn fault_30_without_descriptors_a_start_is_an_error_and_a_respawn_waits() {
    within(60, || {
        let output = program("prober", ["starve"]).end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let (error, rest) = output.stdout.split_once('\n').unwrap();
        assert!(error.contains("ulimit -n"), "{error}");
        assert_eq!(
            rest,
            "no child left: true\nretry: Ok(1)\nguilty: true\nothers: 1000, workers: 1\nback: true\n"
        );
    });
}

#[test]
fn fault_31_a_full_dev_shm_is_an_error_with_the_remedy() {
    within(60, || {
        let script = "mount -t tmpfs -o size=16k tmpfs /dev/shm && exec \"$0\" start-only";
        let mut command = Command::new("unshare");
        command
            .args(["-m", "sh", "-c", script])
            .arg(binary("prober"));
        let output = Running::start(command).end();
        if output.stdout.is_empty() {
            eprintln!("skipped, no private mounts here: {}", output.stderr.trim());
            return;
        }
        assert_eq!(output.code, 0, "no SIGBUS: {}", output.stderr);
        for part in ["/dev/shm", "--shm-size"] {
            assert!(output.stdout.contains(part), "{}", output.stdout);
        }
    });
}

#[test]
fn fault_32_workers_start_while_many_threads_hold_locks() {
    within(60, || {
        let is_over = Arc::new(AtomicBool::new(false));
        let shared = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..16)
            .map(|_| {
                let (is_over, shared) = (Arc::clone(&is_over), Arc::clone(&shared));
                thread::spawn(move || {
                    while !is_over.load(Ordering::Relaxed) {
                        // The allocator's locks, and one of its own.
                        shared.lock().unwrap().push(vec![0_u8; 1 << 12]);
                        thread::sleep(Duration::from_micros(50));
                        shared.lock().unwrap().clear();
                    }
                })
            })
            .collect();
        for round in 0..20 {
            let pool = pool(2);
            assert_eq!(pool.submit::<Echo>(round).unwrap().wait(), Ok(round));
            pool.join();
        }
        is_over.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn fault_32_no_source_forks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root.join("master/src"), root.join("worker/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                for word in ["fork(", "pre_exec"] {
                    assert!(!text.contains(word), "{} uses {word}", path.display());
                }
            }
        }
    }
}

#[test]
fn fault_44_a_closed_standard_output_is_a_quiet_end() {
    within(60, || {
        for format in ["table", "lines", "json", "csv"] {
            let mut child = Command::new(binary("master"))
                .args(["tune", "--format", format])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            // Closed before anything is written, as `head -0` would.
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
            assert_eq!(output.status.code(), Some(0), "{format}");
        }
    });
}

#[test]
fn every_test_that_the_table_of_faults_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("../docs/FAULTS.md")).unwrap();
    let tests: String = fs::read_dir(root)
        .unwrap()
        .flatten()
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .map(|entry| fs::read_to_string(entry.path()).unwrap())
        .collect();
    let mut names = 0;
    for word in table.split([' ', ',', ';', '|', '(', ')', '`', '\n']) {
        // A name that ends in an ellipsis stands for all that begin so.
        if let Some((_, name)) = word.split_once("::")
            && name.starts_with("fault")
        {
            names += 1;
            let begin = format!("fn {}", name.trim_end_matches('…'));
            assert!(tests.contains(&begin), "the table names {name}");
        }
    }
    assert!(names > 40, "{names}");
    for number in 1..=45 {
        assert!(table.contains(&format!("\n| {number} |")), "row {number}");
    }
}
