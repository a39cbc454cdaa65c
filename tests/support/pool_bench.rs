//! Measures the pool: one figure a line, as `name value unit`. `scripts/bench-pool.sh` shows them beside others.
//!
//! `pool_bench [all | pingpong | call | single | chunked | cycle | memory | inputs N] [--workers N]`
#![allow(
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

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let what = arguments.first().map_or("all", String::as_str);
    if what == "pong" {
        return pong();
    }
    let all = what == "all";
    let measures: [(&str, fn()); 6] = [
        ("pingpong", pingpong),
        ("call", call),
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

/// The machine's own limit for a call: 64 bytes there and back over two pipes.
fn pingpong() {
    let mut other = Command::new(env::current_exe().unwrap())
        .arg("pong")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (other.stdin.take().unwrap(), other.stdout.take().unwrap());
    let mut bytes = [0; 64];
    let times = timed(5_000, || {
        to.write_all(&bytes).unwrap();
        from.read_exact(&mut bytes).unwrap();
    });
    drop(to);
    other.wait().unwrap();
    println!("pingpong {:.2} us", median(times).as_secs_f64() * 1e6);
}

fn pong() {
    let mut bytes = [0; 64];
    while std::io::stdin().read_exact(&mut bytes).is_ok() {
        std::io::stdout().write_all(&bytes).unwrap();
        std::io::stdout().flush().unwrap();
    }
}

fn call() {
    let pool = pool(2);
    let times = timed(5_000, || {
        assert_eq!(pool.submit::<Echo>(7).unwrap().wait(), Ok(7));
    });
    println!("call {:.2} us", median(times).as_secs_f64() * 1e6);
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

/// Private memory of an idle worker that has done something.
fn memory() {
    let pool = pool(1);
    let pid = pool.worker_pids()[0];
    println!("memory {} KiB", private_kib(pid));
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
