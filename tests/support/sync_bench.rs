//! Measures locks when nobody else wants them: one figure a line, as `name value unit`. `scripts/bench-sync.sh` shows
//! them beside others.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool")]

use std::{hint::black_box, time::Instant};

use brigade::sync::{BoundedSemaphore, Event, Mutex, RwLock, Semaphore, Value};

const TIMES: u32 = 2_000_000;

fn main() {
    let mutex = Mutex::new(0_u64).unwrap();
    measure("mutex", || *mutex.lock().unwrap() += 1);
    // As a worker has it: opened by its ticket.
    let opened = mutex.ticket().open().unwrap();
    measure("mutex-opened", || *opened.lock().unwrap() += 1);
    let lock = RwLock::new(0_u64).unwrap();
    measure("rwlock-read", || {
        black_box(*lock.read().unwrap());
    });
    measure("rwlock-write", || *lock.write().unwrap() += 1);
    let bounded = BoundedSemaphore::new(4).unwrap();
    measure("bounded", || drop(bounded.acquire().unwrap()));
    let semaphore = Semaphore::new(4).unwrap();
    measure("semaphore", || drop(semaphore.acquire().unwrap()));
    let event = Event::new().unwrap();
    event.set();
    measure("event-is-set", || assert!(event.is_set()));
    let value = Value::new(0_u64).unwrap();
    measure("value-add", || {
        value.fetch_add(1);
    });
    let standard = std::sync::Mutex::new(0_u64);
    measure("std-mutex", || *black_box(&standard).lock().unwrap() += 1);
}

/// The best of several rounds: what disturbs makes it slower only.
fn measure(name: &str, mut operation: impl FnMut()) {
    let round = |operation: &mut dyn FnMut(u32)| {
        let began = Instant::now();
        operation(TIMES);
        began.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
    };
    let mut many = |times| {
        for _ in 0..times {
            operation();
        }
    };
    let best = (0..7).map(|_| round(&mut many)).fold(f64::MAX, f64::min);
    println!("{name} {best:.1} ns");
}
