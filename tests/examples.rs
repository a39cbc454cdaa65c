//! The example programs do what they say.

use brigade_tests::{program, within};

#[test]
fn a_master_and_a_worker_of_ones_own_count_primes() {
    within(60, || {
        let output = program("examples/primes_master", [""; 0]).end();
        output.assert_quiet_success();
        assert_eq!(output.stdout, "9592 primes below 100000\n");
    });
}

#[test]
fn one_executable_is_both_master_and_worker() {
    within(60, || {
        let output = program("examples/one_executable", [""; 0]).end();
        output.assert_quiet_success();
        assert_eq!(output.stdout, "10 words\n");
    });
}

#[test]
fn workers_are_handed_the_end_of_a_queue_when_they_start() {
    within(60, || {
        let output = program("examples/queue_at_start", [""; 0]).end();
        output.assert_quiet_success();
        assert_eq!(output.stdout, "6500002500000, told in 5 steps\n");
    });
}
