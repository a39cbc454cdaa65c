//! Counts primes with a worker executable of its own, `primes_worker`, which lies beside it.
//!
//! `cargo build --examples && cargo run --example primes_master`
#![expect(clippy::print_stdout, reason = "an example")]

mod primes;

use std::env;

use brigade::Pool;
use primes::IsPrime;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let worker = env::current_exe()?.with_file_name("primes_worker");
    let pool = Pool::builder().worker_executable(worker).start()?;
    let mut count = 0;
    for is_prime in pool.map::<IsPrime, _>(0..100_000) {
        count += u32::from(is_prime?);
    }
    pool.join();
    println!("{count} primes below 100000");
    Ok(())
}
