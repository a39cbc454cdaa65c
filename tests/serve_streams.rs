//! Many streams of events at once: all live, and memory flat.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and says what it has measured"
)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use brigade_tests::{
    LONG, eventually,
    site::{Site, resident_bytes},
    table, within,
};

/// Looks at streams one after another, without a thread for each.
struct Crowd {
    streams: Vec<Stream>,
}

struct Stream {
    socket: TcpStream,
    statuses: usize,
    tunes: usize,
    last: Instant,
}

impl Crowd {
    fn open(site: &Site, count: usize, tune: u64) -> Self {
        let ask = format!(
            "GET /api/v1/events?tune={tune} HTTP/1.1\r\nHost: {}\r\n\r\n",
            site.address
        );
        let streams = (0..count).map(|_| {
            let mut socket = site.connect();
            socket.write_all(ask.as_bytes()).unwrap();
            socket.set_nonblocking(true).unwrap();
            Stream {
                socket,
                statuses: 0,
                tunes: 0,
                last: Instant::now(),
            }
        });
        Self {
            streams: streams.collect(),
        }
    }

    /// Reads what has come.
    fn read(&mut self) {
        let mut buffer = vec![0; 256 << 10];
        for stream in &mut self.streams {
            while let Ok(count) = stream.socket.read(&mut buffer) {
                assert!(count > 0, "a stream has ended");
                let text = String::from_utf8_lossy(&buffer[..count]);
                let statuses = text.matches("event: status\n").count();
                if statuses > 0 {
                    stream.last = Instant::now();
                }
                stream.statuses += statuses;
                stream.tunes += text.matches("event: tune\n").count();
            }
        }
    }

    fn read_for(&mut self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            self.read();
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// So many streams watch a tune for some seconds. Prints what it came to.
fn watched_by(count: usize, seconds: u64) {
    let site = Site::start(&["-j", "2", "--max-connections", "2048", "--grace", "60s"]);
    let fields = [
        ("k", "1:40"),
        ("distance", LONG[1]),
        ("split", "kfold:5x20"),
    ];
    let id = site.tune(&fields, Some(&table(6_000, 30)));
    assert!(eventually(30, || !site.tune_of(id)["cells"]
        .as_array()
        .unwrap()
        .is_empty()));
    let before = resident_bytes(site.pid());
    let mut crowd = Crowd::open(&site, count, id);
    crowd.read_for(Duration::from_secs(4));
    assert!(
        crowd
            .streams
            .iter()
            .all(|stream| stream.statuses > 0 && stream.tunes > 0)
    );
    let early = resident_bytes(site.pid());
    let began = Instant::now();
    let statuses: usize = crowd.streams.iter().map(|stream| stream.statuses).sum();
    crowd.read_for(Duration::from_secs(seconds));
    let late = resident_bytes(site.pid());
    let now = Instant::now();
    let oldest = crowd
        .streams
        .iter()
        .map(|stream| now - stream.last)
        .max()
        .unwrap();
    let rate = (crowd
        .streams
        .iter()
        .map(|stream| stream.statuses)
        .sum::<usize>()
        - statuses) as f64
        / began.elapsed().as_secs_f64();
    println!(
        "{count} streams: {rate:.0} status events a second, the oldest {oldest:.1?} ago; memory {:.1} MiB without them, {:.1} MiB with, {:.1} MiB after {seconds} s",
        mib(before),
        mib(early),
        mib(late)
    );
    assert!(oldest < Duration::from_secs(5), "{oldest:?}");
    assert_eq!(site.tune_of(id)["state"], "running", "and the tune goes on");
    assert!(
        late < early + early / 10 + (4 << 20),
        "memory grows: {early} to {late} bytes"
    );
    // Who reads nothing costs no more than who reads.
    let began = Instant::now();
    let output = site.stop();
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[test]
fn a_hundred_streams_are_live_while_a_tune_runs() {
    within(90, || watched_by(100, 5));
}

#[test]
#[ignore = "takes half a minute; scripts/bench-serve.sh runs it"]
fn a_thousand_streams_are_live_while_a_tune_runs() {
    within(180, || watched_by(1_000, 20));
}
