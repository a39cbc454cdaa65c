//! A worker of your own: the other half of `primes_master`.

mod primes;

use std::process::ExitCode;

use brigade_worker::Registry;
use primes::IsPrime;

fn main() -> ExitCode {
    let mut registry = Registry::new();
    registry.register::<IsPrime, _>(|number, _context| {
        Ok(number >= 2
            && (2..)
                .take_while(|d| d * d <= number)
                .all(|d| number % d != 0))
    });
    brigade_worker::main(&registry)
}
