//! Measures the pool: one figure a line, as `name value unit`. `scripts/bench-pool.sh` shows them beside others.
//!
//! `pool_bench [all | pingpong | call | apart | together | single | chunked | cycle | memory | inputs N]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measuring tool"
)]

use std::{
    env, fs,
    hint::black_box,
    io::{Read, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use brigade::{Chunks, Pool, jobs::echo::Echo};
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let what = arguments.first().map_or("all", String::as_str);
    if what == "pong" {
        return pong();
    }
    let all = what == "all";
    let measures: [(&str, fn()); 8] = [
        ("pingpong", || println!("pingpong {:.2} us", pingpong(None))),
        ("call", || println!("call {:.2} us", call(2, None))),
        ("apart", || on_cores("apart", 1)),
        ("together", || on_cores("together", 0)),
        ("single", || rate("single", Chunks::SINGLE, 2_000_000)),
        ("chunked", || rate("chunked", Chunks::Automatic, 20_000_000)),
        ("cycle", cycle),
        ("memory", memory),
    ];
    for (name, measure) in measures {
        if all || what == name {
            measure();
        }
    }
    if what == "inputs" {
        inputs(arguments[1].parse().unwrap());
    }
}

fn pool(workers: usize) -> Pool {
    let pool = Pool::builder().workers(workers).start().unwrap();
    // Until all workers are there and warm.
    assert_eq!(
        pool.map::<Echo, _>(0..2_000).map(Result::unwrap).count(),
        2_000
    );
    pool
}

/// How often a call and the ping-pong it is compared with take turns, so that what the machine does beside weighs on
/// both alike.
const TURNS: usize = 5;

/// A call and a ping-pong with this process on the first core it may use and the other one at another: each in its own
/// place, they differ by what the pool adds.
fn on_cores(name: &str, other: usize) {
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let cores: Vec<usize> = (0..CpuSet::count())
        .filter(|&core| allowed.is_set(core).unwrap())
        .collect();
    let Some(&other) = cores.get(other) else {
        return;
    };
    pin(Pid::from_raw(0), cores[0]);
    let turns = || (pingpong(Some(other)), call(1, Some(other)));
    let (mut pings, mut calls): (Vec<f64>, Vec<f64>) = (0..TURNS).map(|_| turns()).unzip();
    sched_setaffinity(Pid::from_raw(0), &allowed).unwrap();
    for (what, times) in [("pingpong", &mut pings), ("call", &mut calls)] {
        times.sort_unstable_by(f64::total_cmp);
        println!("{what}-{name} {:.2} us", times[TURNS / 2]);
    }
}

fn pin(thread: Pid, core: usize) {
    let mut own = CpuSet::new();
    own.set(core).unwrap();
    sched_setaffinity(thread, &own).unwrap();
}

/// Has all threads of a process run on one core.
fn pin_process(pid: i32, core: usize) {
    for thread in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let name = thread.unwrap().file_name();
        pin(Pid::from_raw(name.to_str().unwrap().parse().unwrap()), core);
    }
}

/// The machine's own limit for a call: 64 bytes there and back over two pipes. In microseconds.
fn pingpong(core: Option<usize>) -> f64 {
    let mut other = Command::new(env::current_exe().unwrap())
        .arg("pong")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(core) = core {
        pin_process(i32::try_from(other.id()).unwrap(), core);
    }
    let (mut to, mut from) = (other.stdin.take().unwrap(), other.stdout.take().unwrap());
    let mut bytes = [0; 64];
    let times = timed(5_000, || {
        to.write_all(&bytes).unwrap();
        from.read_exact(&mut bytes).unwrap();
    });
    drop(to);
    other.wait().unwrap();
    median(times).as_secs_f64() * 1e6
}

fn pong() {
    let mut bytes = [0; 64];
    while std::io::stdin().read_exact(&mut bytes).is_ok() {
        std::io::stdout().write_all(&bytes).unwrap();
        std::io::stdout().flush().unwrap();
    }
}

/// One task there and its output back, in an idle pool. In microseconds.
fn call(workers: usize, core: Option<usize>) -> f64 {
    let pool = pool(workers);
    if let Some(core) = core {
        for pid in pool.worker_pids() {
            pin_process(pid, core);
        }
    }
    let times = timed(5_000, || {
        assert_eq!(pool.submit::<Echo>(7).unwrap().wait(), Ok(7));
    });
    median(times).as_secs_f64() * 1e6
}

fn rate(name: &str, chunks: Chunks, tasks: u64) {
    let pool = pool(2);
    let began = Instant::now();
    let sum: u64 = pool
        .map::<Echo, _>(0..tasks)
        .chunks(chunks)
        .map(Result::unwrap)
        .sum();
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(sum, tasks * (tasks - 1) / 2);
    println!("{name} {:.0} tasks/s", tasks as f64 / seconds);
}

/// Starts 8 workers, has 8 tasks done, and ends them.
fn cycle() {
    let times = timed(30, || {
        let pool = Pool::builder().workers(8).start().unwrap();
        assert_eq!(pool.map::<Echo, _>(0..8).map(Result::unwrap).count(), 8);
        pool.join();
    });
    println!("cycle {:.2} ms", median(times).as_secs_f64() * 1e3);
}

/// Private memory of an idle worker that has done something: of one among others, and of one that is alone, to which
/// the kernel counts the pages of its executable as well.
fn memory() {
    for (name, workers) in [("memory", 2), ("memory-alone", 1)] {
        let pool = pool(workers);
        println!("{name} {} KiB", private_kib(pool.worker_pids()[0]));
    }
}

fn private_kib(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    text.lines()
        .filter(|line| line.starts_with("Private_"))
        .filter_map(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok())
        .sum()
}

/// A map over so many inputs, and the most memory that the master took for it.
fn inputs(count: u64) {
    let pool = pool(2);
    let before = peak_kib();
    let began = Instant::now();
    let mut sum = 0_u64;
    for output in pool.map::<Echo, _>(0..count) {
        sum = sum.wrapping_add(black_box(output.unwrap()));
    }
    assert_eq!(sum, (0..count).fold(0_u64, u64::wrapping_add));
    println!(
        "inputs {count} in {:.1} s, peak memory {} KiB before and {} KiB after",
        began.elapsed().as_secs_f64(),
        before,
        peak_kib()
    );
}

fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

fn timed(times: usize, mut act: impl FnMut()) -> Vec<Duration> {
    (0..times)
        .map(|_| {
            let began = Instant::now();
            act();
            began.elapsed()
        })
        .collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
