//! A worker whose tasks start pools of their own.

use std::{error::Error, process::ExitCode, thread, time::Duration};

use brigade::{Pool, jobs::echo::Echo};
use brigade_tests::Nested;
use brigade_worker::Registry;

fn main() -> ExitCode {
    let mut registry = Registry::new();
    registry.register::<Nested, _>(|(worker, count, lingers), _| {
        let pool = Pool::builder()
            .workers(2)
            .worker_executable(worker)
            .start()?;
        let pids = pool.worker_pids();
        let mut sum = 0;
        for number in pool.map::<Echo, _>(0..count) {
            sum += number.map_err(Box::<dyn Error + Send + Sync>::from)?;
        }
        if lingers {
            thread::sleep(Duration::from_mins(10));
        }
        pool.join();
        Ok((sum, pids))
    });
    brigade_worker::main(&registry)
}
