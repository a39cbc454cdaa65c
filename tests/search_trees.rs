//! `master search` in trees that are hard to read: nothing in them makes it crash or wait.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Write,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use brigade_tests::{Output, children_of, eventually, is_alive, kill, master, within};
use nix::{
    sys::{signal::Signal, stat::Mode},
    unistd::mkfifo,
};

fn search(folder: &Path, arguments: &[&str]) -> Output {
    let first = [OsStr::new("search"), folder.as_os_str()];
    master(first.into_iter().chain(arguments.iter().map(OsStr::new))).end()
}

/// One line of so many bytes, with a word in the middle and one at the end.
fn long_line(path: &Path, bytes: usize) {
    let mut file = File::create(path).unwrap();
    let block = vec![b'x'; 1 << 20];
    for half in ["needle", "needle end"] {
        for _ in 0..bytes / 2 / block.len() {
            file.write_all(&block).unwrap();
        }
        file.write_all(half.as_bytes()).unwrap();
    }
}

/// Files that are hard to read, of which five have a needle; and what cannot be read at all.
fn ugly(folder: &Path, long: usize) {
    let write = |name: &[u8], bytes: &[u8]| {
        fs::write(folder.join(OsStr::from_bytes(name)), bytes).unwrap();
    };
    write(b"latin\xe9.txt", b"caf\xe9 needle\n\xff\xfe\n");
    write(b"dos.txt", b"one\r\nneedle\r\n");
    write(b"new\nline.txt", b"needle");
    write(b"nul.bin", b"needle\0needle\n");
    write(b"empty", b"");
    write(
        b"wide.txt",
        &"\u{feff}needle\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>(),
    );
    long_line(&folder.join("long.txt"), long);
    let inner = folder.join("inner");
    fs::create_dir(&inner).unwrap();
    symlink("..", inner.join("loop")).unwrap();
    symlink("loop", inner.join("itself")).unwrap();
    symlink("nowhere", inner.join("dangling")).unwrap();
    mkfifo(&inner.join("fifo"), Mode::S_IRWXU).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(inner.join("socket"));
    drop(socket.unwrap());
    // Who is root may read it all the same.
    write(b"locked.txt", b"");
    fs::set_permissions(folder.join("locked.txt"), fs::Permissions::from_mode(0o0)).unwrap();
}

fn ugly_is_survived(long: usize, longest: usize) {
    let tree = tempfile::tempdir().unwrap();
    ugly(tree.path(), long);
    // Whoever opens it gets an error from the first read on.
    let unreadable = "/proc/self/mem";
    let output = search(tree.path(), &[unreadable, "-e", "needle", "-N"]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert!(
        output.stderr.contains("Found 5 'needle' in 5 files"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("warning: /proc/self/mem: "),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("could not be searched"),
        "{}",
        output.stderr
    );
    let long = output
        .stdout
        .lines()
        .find(|line| line.contains("xxx"))
        .unwrap();
    assert!(long.len() < longest, "{} bytes of one line", long.len());
    assert!(long.ends_with(" more bytes]") || longest > 1 << 30);
    assert!(!output.stdout.contains("nul.bin"));
    let output = search(tree.path(), &["-a", "-c", "-e", "needle"]);
    assert!(output.stdout.contains("nul.bin:1\n"), "{}", output.stdout);
    // Every line there is, and none beside.
    let output = search(tree.path(), &["-c", "--regex", "-e", "$"]);
    assert!(
        output.stderr.contains("Found 7 '$' in 5 files"),
        "{}",
        output.stderr
    );
}

#[test]
fn an_ugly_tree_is_searched_and_what_cannot_be_read_is_told() {
    within(60, || ugly_is_survived(16 << 20, 3 << 20));
}

#[test]
#[ignore = "needs 3 GB of memory and some time"]
fn a_line_of_a_gigabyte_is_searched() {
    within(300, || ugly_is_survived(1 << 30, 3 << 20));
}

/// Searches many small files, a directory for each hundred.
fn many_are_searched(count: usize) {
    let tree = tempfile::tempdir().unwrap();
    for number in 0..count {
        let folder = tree.path().join(format!("{:04}", number / 100));
        if number % 100 == 0 {
            fs::create_dir(&folder).unwrap();
        }
        fs::write(
            folder.join(format!("{number}.txt")),
            format!("file {number}\n"),
        )
        .unwrap();
    }
    let output = search(tree.path(), &["-c", "-e", "file", "-e", "77", "-j", "3"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let all = format!("Found {count} 'file' in {count} files");
    assert!(output.stderr.contains(&all), "{}", output.stderr);
    let some = (0..count)
        .filter(|number| number.to_string().contains("77"))
        .count();
    let some = format!("Found {some} '77' in {some} files");
    assert!(output.stderr.contains(&some), "{}", output.stderr);
}

#[test]
fn thousands_of_small_files_are_searched() {
    within(60, || many_are_searched(5_000));
}

#[test]
#[ignore = "makes 100,000 files"]
fn a_hundred_thousand_small_files_are_searched() {
    within(300, || many_are_searched(100_000));
}

#[test]
fn files_that_come_and_go_meanwhile_disturb_no_others() {
    within(60, || {
        let tree = tempfile::tempdir().unwrap();
        for number in 0..500 {
            fs::write(tree.path().join(format!("stays{number}")), "needle\n").unwrap();
        }
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Relaxed) {
                    for number in 0..50 {
                        let path = tree.path().join(format!("goes{number}"));
                        fs::write(&path, "needle\n").unwrap();
                        let folder = tree.path().join(format!("folder{number}"));
                        fs::create_dir(&folder).unwrap();
                        fs::write(folder.join("file"), "needle\n").unwrap();
                        fs::remove_dir_all(&folder).unwrap();
                        fs::remove_file(&path).unwrap();
                    }
                }
            });
            for _ in 0..5 {
                let output = search(tree.path(), &["-l", "-e", "needle"]);
                assert!([0, 3].contains(&output.code), "{}", output.stderr);
                let stayed = output.stdout.lines().filter(|line| line.contains("/stays"));
                assert_eq!(stayed.count(), 500);
            }
            is_over.store(true, Relaxed);
        });
    });
}

#[test]
fn an_interrupt_while_files_are_loaded_ends_it_soon() {
    within(60, || {
        let tree = tempfile::tempdir().unwrap();
        for number in 0..6 {
            // Holes are read as zeros.
            let file = File::create(tree.path().join(format!("{number}"))).unwrap();
            file.set_len(150 << 20).unwrap();
        }
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let path = tree.path().to_str().unwrap();
            let mut run = master(["search", path, "-a", "-v", "-e", "needle"]);
            let workers = run.worker_pids(1);
            let began = Instant::now();
            kill(run.pid(), signal);
            let output = run.end();
            assert_eq!(output.code, 128 + signal as i32, "{}", output.stderr);
            assert!(
                began.elapsed() < Duration::from_secs(4),
                "{:?}",
                began.elapsed()
            );
            assert!(eventually(5, || !workers.iter().any(|pid| is_alive(*pid))));
        }
    });
}

#[test]
fn a_worker_killed_while_it_loads_costs_only_the_loading() {
    within(60, || {
        let tree = tempfile::tempdir().unwrap();
        for number in 0..300 {
            let text = format!("needle {number}\n").repeat(2_000);
            fs::write(tree.path().join(format!("{number}")), text).unwrap();
        }
        let path = tree.path().to_str().unwrap();
        let undisturbed = search(tree.path(), &["-e", "needle"]).stdout;
        assert_eq!(undisturbed.lines().count(), 600_000);
        for delay in [0, 5, 15, 40] {
            let mut run = master(["search", path, "-v", "-j", "2", "-e", "needle"]);
            let workers = run.worker_pids(2);
            thread::sleep(Duration::from_millis(delay));
            // In the middle of the loading or of the answer, or when all is over.
            if children_of(run.pid()).contains(&workers[1]) {
                let _ =
                    nix::sys::signal::kill(nix::unistd::Pid::from_raw(workers[1]), Signal::SIGKILL);
            }
            let output = run.end();
            assert_eq!(output.code, 0, "{}", output.stderr);
            assert!(
                output.stdout == undisturbed,
                "after {delay} ms: {}",
                output.stderr
            );
        }
    });
}

/// Bytes of memory that a process has; 0 once it is gone.
fn resident_bytes(pid: i32) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0_u64) * 4096
}

#[test]
fn files_whose_workers_die_again_and_again_while_they_load_are_given_up() {
    within(60, || {
        let tree = tempfile::tempdir().unwrap();
        for number in 0..8 {
            let file = File::create(tree.path().join(format!("{number}"))).unwrap();
            file.set_len(150 << 20).unwrap();
        }
        let path = tree.path().to_str().unwrap();
        let run = master([
            "search",
            path,
            "-a",
            "-j",
            "2",
            "--retries",
            "1",
            "-e",
            "needle",
        ]);
        let mut killed = 0;
        // Each as soon as it is in the middle of its share of 600 MiB.
        while is_alive(run.pid()) {
            for pid in children_of(run.pid()) {
                if resident_bytes(pid) > 50 << 20 {
                    let pid = nix::unistd::Pid::from_raw(pid);
                    killed += u32::from(nix::sys::signal::kill(pid, Signal::SIGKILL).is_ok());
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
        let output = run.end();
        assert_eq!(output.code, 3, "{}", output.stderr);
        assert!(killed >= 4, "{killed} kills: {}", output.stderr);
        assert_eq!(
            output
                .stderr
                .matches("died 2 times while it loaded")
                .count(),
            2,
            "{}",
            output.stderr
        );
    });
}
