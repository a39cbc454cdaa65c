//! What the end-to-end tests share: starting the real binaries under a time limit, and looking at processes.
//!
//! The tests assert about the world, so they may panic.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "tests use what they ask for, and a test that cannot go on panics"
)]

#[cfg(feature = "browser")]
pub mod browser;
mod cluster;
pub mod logs;
mod namespace;
mod pools;
mod process;
mod relay;
mod run;
pub mod site;
mod terminal;
mod weather;
mod web;

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

pub use cluster::{Nats, free_port};
pub use namespace::Namespace;
pub use pools::{Nested, block_on, builder, pool, sleep, wait_until_ready};
pub use process::{
    children_of, cpu_ticks, is_alive, is_stopped, is_zombie, kill, kill_if_there, open_descriptors,
    title_of,
};
pub use relay::Relay;
pub use run::{Output, Running, master, program, write};
pub use terminal::Terminal;
pub use weather::{fair_forecast, fair_server, forecast, weather, weather_command, zone_of};
pub use web::{Asked, Reply, Web};

/// Runs a test's body and fails it if it takes longer than `seconds`: the commonest fault is silence.
pub fn within<R: Send + 'static>(seconds: u64, body: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, wait) = mpsc::channel();
    let worker = thread::spawn(move || done.send(body()));
    match wait.recv_timeout(Duration::from_secs(seconds)) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("no end within {seconds} s: it hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(_) => unreachable!("the body ends by sending or by panicking"),
        },
    }
}

/// Waits until `condition` holds, for at most `seconds`; whether it does.
pub fn eventually(seconds: u64, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}

/// A binary of this workspace, beside the test's own.
pub fn binary(name: &str) -> PathBuf {
    let test = env::current_exe().expect("the test's own path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("target/<profile>");
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is not built: run scripts/test, or cargo build --workspace first",
        path.display()
    );
    path
}

/// Status boards in `/dev/shm` that were made by this process.
pub fn boards_of(pid: i32) -> Vec<PathBuf> {
    let mark = format!("-{pid}-");
    fs::read_dir("/dev/shm")
        .expect("/dev/shm")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("brigade-") && name.contains(&mark)
        })
        .collect()
}

/// Whether a worker is in the middle of its work: starting takes a hundredth of this processor time.
pub fn is_at_work(pid: i32) -> bool {
    cpu_ticks(pid) >= 5
}

/// Options of `master tune` that keep its work long whatever the kernels: powers of every difference, none left out.
pub const LONG: [&str; 3] = [
    "--distance",
    "minkowski:1.5,minkowski:2.5,minkowski:3.5,minkowski:4.5",
    "--no-prune",
];

/// A table of `rows` samples with `features` each, in three classes that overlap; the same every time.
pub fn table(rows: usize, features: usize) -> String {
    let mut state = 42_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 1000
    };
    let mut text = String::new();
    for row in 0..rows {
        let class = row % 3;
        for _ in 0..features {
            let number = random() + 150 * class as u64;
            let _ = write!(text, "{}.{:02},", number / 100, number % 100);
        }
        text.push_str(["red", "green", "blue"][class]);
        text.push('\n');
    }
    text
}
