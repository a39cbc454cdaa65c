//! Faults of the system around a pool: no descriptors, no shared memory, threads with locks.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use brigade::jobs::echo::Echo;
use brigade_tests::{Running, binary, eventually, pool, program, within};

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

/// A control group with 128 MiB of memory, if one may be made here; removed in the end.
struct Confined(PathBuf);

impl Confined {
    fn new() -> Option<Self> {
        let name = format!("brigade-test-{}", std::process::id());
        // Version 2, then version 1.
        let places = [
            ("/sys/fs/cgroup", "memory.max", "memory.swap.max"),
            (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.swappiness",
            ),
        ];
        places.into_iter().find_map(|(root, limit, swap)| {
            let folder = Path::new(root).join(&name);
            fs::create_dir(&folder).ok()?;
            let group = Self(folder);
            group.set(limit, "134217728").ok()?;
            // Not there without swap.
            let _ = group.set(swap, "0");
            Some(group)
        })
    }

    /// Only what the kernel has put there: elsewhere it would be a file like any other.
    fn set(&self, file: &str, value: &str) -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).open(self.0.join(file))?;
        file.write_all(value.as_bytes())
    }
}

impl Drop for Confined {
    fn drop(&mut self) {
        // The kernel lets go of it when the last process in it is reaped.
        eventually(5, || fs::remove_dir(&self.0).is_ok());
    }
}

#[test]
fn fault_7_a_worker_that_the_kernel_kills_for_want_of_memory_is_told_from_others() {
    within(60, || {
        let Some(group) = Confined::new() else {
            eprintln!("not tested: a control group with a limit on memory may not be made here");
            return;
        };
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "echo $$ > \"$1/cgroup.procs\" && exec \"$2\" hunger",
                "sh",
            ])
            .arg(&group.0)
            .arg(binary("prober"));
        let output = Running::start(command).end();
        let lines: Vec<&str> = output.stdout.lines().collect();
        assert_eq!((output.code, lines.len()), (0, 2), "{output:?}");
        for part in [
            "was killed by SIGKILL",
            "for want of memory",
            "fewer workers",
        ] {
            assert!(lines[0].contains(part), "{}", lines[0]);
        }
        assert_eq!(lines[1], "next: Ok(7)");
    });
}

#[test]
fn every_test_that_the_table_of_faults_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("../docs/FAULTS.md")).unwrap();
    let mut names = 0;
    let mut file = "";
    for word in table.split([' ', ',', ';', '|', '(', ')', '`', '\n']) {
        // A name that ends in an ellipsis stands for all that begin so.
        if let Some((of, name)) = word.split_once("::")
            && name.starts_with("fault")
        {
            names += 1;
            // An ellipsis before it stands for the file named last.
            file = if of == "…" { file } else { of };
            let tests = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap();
            let begin = format!("fn {}", name.trim_end_matches('…'));
            assert!(tests.contains(&begin), "the table names {file}::{name}");
        }
    }
    assert!(names > 40, "{names}");
    for number in 1..=45 {
        assert!(table.contains(&format!("\n| {number} |")), "row {number}");
    }
}
