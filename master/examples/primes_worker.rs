//! A worker of your own: the other half of `primes_master`.

mod primes;

use std::process::ExitCode;

use brigade_worker::Registry;
use primes::IsPrime;

fn main() -> ExitCode {
    let mut registry = Registry::new();
    registry.register::<IsPrime, _>(|number, _context| {
        let divides = |divisor| number % divisor == 0;
        Ok(number >= 2 && !(2..=number.isqrt()).any(divides))
    });
    brigade_worker::main(&registry)
}
