//! `master doctor`: does to pools on this machine what usually breaks pools, and tells what came of it.

mod crashes;
mod endings;
mod limits;
mod payloads;
mod run;
mod ward;

pub(crate) use run::run;

use ward::{Finding, Ward};

/// One fault to be shown.
#[derive(Debug, Clone, Copy)]
struct Check {
    /// Its number in docs/FAULTS.md.
    number: u32,
    /// What goes wrong.
    fault: &'static str,
    /// Does it, and says what was observed: a promise kept, or one that was not.
    show: fn(&Ward) -> Finding,
}

/// All that can be shown without harm to anybody's machine, in the order of the numbers.
fn checks() -> Vec<Check> {
    let mut checks = [
        crashes::CHECKS,
        payloads::CHECKS,
        limits::CHECKS,
        endings::CHECKS,
    ]
    .concat();
    checks.sort_by_key(|check| check.number);
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_fault_is_shown_twice_and_enough_are_shown() {
        let mut numbers: Vec<_> = checks().iter().map(|check| check.number).collect();
        numbers.dedup();
        assert_eq!(numbers.len(), checks().len());
        assert!(numbers.len() >= 24);
    }
}
