//! Which worker gets which task, and when.

use super::{super::*, fake::*};
use std::time::Duration;

#[test]
fn tasks_go_to_idle_workers_first_and_then_one_ahead() {
    let mut fake = Fake::ready(2);
    for ticket in 0..5 {
        fake.submit(ticket, 0);
    }
    fake.expect(["send 0:0", "send 1:1", "send 0:2", "send 1:3"]);
    assert_eq!(fake.finish(1), Some(1));
    fake.expect(["send 1:4"]);
}

#[test]
fn tasks_wait_for_a_worker_that_is_not_ready() {
    let mut fake = Fake::new(1);
    fake.expect(["spawn 0"]);
    fake.submit(0, 0);
    fake.expect([]);
    fake.start(0);
    fake.expect(["send 0:0"]);
}

#[test]
fn urgent_tasks_go_first() {
    let mut fake = Fake::new(1);
    fake.take();
    for (ticket, priority) in [(0, 0), (1, -1), (2, 5), (3, 0)] {
        fake.submit_with(
            ticket,
            Terms {
                priority,
                ..Terms::default()
            },
        );
    }
    fake.start(0);
    fake.expect(["send 0:2", "send 0:0"]);
    fake.finish(0);
    fake.finish(0);
    fake.expect(["send 0:3", "send 0:1"]);
}

#[test]
fn a_congested_worker_gets_nothing_until_its_pipe_has_room() {
    let mut fake = Fake::ready(1);
    fake.submit(0, 0);
    fake.expect(["send 0:0"]);
    fake.core.set_congested(0, true);
    fake.submit(1, 0);
    fake.expect([]);
    fake.core.set_congested(0, false);
    fake.settle();
    fake.expect(["send 0:1"]);
}

#[test]
fn a_result_out_of_order_is_refused() {
    let mut fake = Fake::ready(1);
    fake.submit(0, 0);
    fake.submit(1, 0);
    assert_eq!(
        fake.core.finished(0, 1, false),
        Err(OutOfOrder {
            got: 1,
            expected: 0
        })
    );
    assert_eq!(
        fake.core.finished(0, 7, false).unwrap_err().to_string(),
        "a result for task 7 of this worker, where 0 was next"
    );
    fake.finish(0);
    fake.finish(0);
    assert!(
        fake.core.finished(0, 2, false).is_err(),
        "there is no such task"
    );
}

#[test]
fn what_waits_behind_a_long_task_is_taken_back_for_an_idle_worker() {
    let mut fake = Fake::ready(2);
    for ticket in 0..4 {
        fake.submit(ticket, 0);
    }
    fake.expect(["send 0:0", "send 1:1", "send 0:2", "send 1:3"]);
    fake.finish(1);
    fake.expect([]);
    fake.finish(1);
    fake.expect(["revoke 0 1"]);
    fake.core.revoked(0, 1);
    fake.core.dispatch();
    fake.settle();
    fake.expect(["send 1:2"]);
    // The first worker says that it has skipped what was taken back.
    assert_eq!(fake.finish(0), Some(0));
    assert_eq!(fake.finish(0), None);
    assert_eq!(fake.finish(1), Some(2));
    fake.expect([]);
}

#[test]
fn what_is_probably_done_in_no_time_stays_where_it_is_until_it_is_not() {
    let mut fake = Fake::ready(2);
    for _ in 0..2 {
        fake.now += Duration::from_micros(100);
        fake.core.observe(0, 100, fake.now);
    }
    fake.core.tick(fake.now);
    for ticket in 0..4 {
        fake.submit(ticket, 0);
    }
    fake.take();
    fake.finish(1);
    fake.finish(1);
    fake.expect([]);
    fake.now = fake.core.next_deadline().expect("another look");
    fake.core.tick(fake.now);
    fake.settle();
    fake.expect(["revoke 0 1"]);
    assert_eq!(fake.core.next_deadline(), None);
}

#[test]
fn a_skip_of_what_was_not_revoked_and_a_result_of_what_was_are_refused() {
    let mut fake = Fake::ready(2);
    for ticket in 0..3 {
        fake.submit(ticket, 0);
    }
    assert!(fake.core.finished(0, 0, true).is_err());
    fake.finish(0);
    fake.core.revoked(0, 1);
    fake.core.dispatch();
    fake.settle();
    assert!(fake.core.finished(0, 1, false).is_err());
}
