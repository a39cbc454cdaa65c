//! Tasks and pools are ended before their time.

use super::{
    super::{super::ended::Ended, *},
    fake::*,
};
use std::time::Duration;

#[test]
fn a_task_out_of_time_is_ended_alone_with_its_worker() {
    let mut fake = Fake::ready(1);
    let limit = Duration::from_secs(1);
    let terms = Terms {
        timeout: Some(limit),
        ..Terms::default()
    };
    fake.submit_with(0, terms);
    fake.submit_with(1, terms);
    fake.expect(["send 0:0", "send 0:1"]);
    assert_eq!(fake.core.next_deadline(), Some(fake.now + limit));
    fake.now += limit;
    fake.core.tick(fake.now);
    fake.settle();
    fake.expect(["expire 0:0"]);
    fake.core.revoked(0, 1);
    fake.core.expired(0, true);
    fake.core.dispatch();
    fake.settle();
    fake.expect(["terminate 0"]);
    // It does not go by itself.
    assert_eq!(fake.core.next_deadline(), Some(fake.now + GRACE));
    fake.now += GRACE;
    fake.core.tick(fake.now);
    fake.settle();
    fake.expect(["kill 0"]);
    fake.die(0, true, KILLED);
    fake.expect(["fail 0 timed out", "spawn 0"]);
    fake.start(0);
    fake.expect(["send 0:1"]);
    assert_eq!(fake.finish(0), Some(1));
}

#[test]
fn the_time_of_a_task_begins_when_it_is_first_and_not_while_it_waits() {
    let mut fake = Fake::ready(1);
    let limit = Duration::from_secs(1);
    for ticket in 0..2 {
        let timeout = Some(limit);
        fake.submit_with(
            ticket,
            Terms {
                timeout,
                ..Terms::default()
            },
        );
    }
    fake.now += limit / 2;
    fake.core.tick(fake.now);
    fake.finish(0);
    assert_eq!(fake.core.next_deadline(), Some(fake.now + limit));
    // The worker has not begun it although its time seems over: it begins anew.
    fake.now += limit;
    fake.core.tick(fake.now);
    fake.core.expired(0, false);
    assert_eq!(fake.core.next_deadline(), Some(fake.now + limit));
    // The time for which everything stood still does not count.
    fake.core.resumed_after(limit);
    assert_eq!(fake.core.next_deadline(), Some(fake.now + 2 * limit));
}

#[test]
fn a_worker_that_begins_nothing_is_given_two_seconds_and_then_replaced() {
    let mut fake = Fake::ready(1);
    let timeout = Some(Duration::from_secs(1));
    let terms = Terms {
        timeout,
        ..Terms::default()
    };
    fake.submit_with(0, terms);
    fake.expect(["send 0:0"]);
    for seconds in 1..=3 {
        fake.now += Duration::from_secs(1);
        fake.core.tick(fake.now);
        assert_eq!(fake.core.is_unresponsive(0), seconds == 3, "{seconds}");
        if seconds < 3 {
            fake.core.expired(0, false);
        }
    }
    fake.core.revoked(0, 0);
    fake.core.dismiss(0);
    fake.core.dispatch();
    assert_eq!(fake.core.queued(), 1, "the task waits for another worker");
    // One whose pipe is full may be waiting for a large input.
    fake.core.set_congested(0, true);
    assert!(!fake.core.is_unresponsive(0));
}

#[test]
fn cancelling_meets_a_task_wherever_it_is() {
    let mut fake = Fake::ready(1);
    let tasks: Vec<_> = (0..4).map(|ticket| fake.submit(ticket, 9)).collect();
    fake.expect(["send 0:0", "send 0:1"]);
    assert_eq!(fake.core.cancel(tasks[3]), Cancelling::Done);
    fake.settle();
    fake.expect(["fail 3 cancelled"]);
    assert_eq!(fake.core.cancel(tasks[3]), Cancelling::TooLate);
    let with = Cancelling::With {
        slot: 0,
        sequence: 1,
    };
    assert_eq!(fake.core.cancel(tasks[1]), with);
    fake.core.withdrawn(0, 1);
    fake.settle();
    fake.expect(["fail 1 cancelled"]);
    assert_eq!(
        fake.core.cancel(tasks[0]),
        Cancelling::With {
            slot: 0,
            sequence: 0
        }
    );
    fake.core.aborted(0, 0);
    fake.settle();
    fake.expect(["fail 0 cancelled", "terminate 0"]);
    fake.die(0, true, Ended::Killed(libc::SIGTERM));
    fake.expect(["spawn 0"]);
    fake.start(0);
    fake.expect(["send 0:2"]);
}

#[test]
fn a_closed_pool_finishes_its_tasks_and_then_sends_the_workers_home() {
    let mut fake = Fake::ready(2);
    fake.submit(0, 0);
    fake.take();
    fake.core.close();
    fake.settle();
    fake.expect([]);
    assert_eq!(fake.core.submit(1, Terms::default()), Err(1));
    fake.finish(0);
    fake.expect(["shutdown 0", "shutdown 1"]);
    assert!(!fake.core.is_over());
    fake.die(0, false, Ended::Exited(0));
    fake.die(1, false, Ended::Exited(0));
    fake.expect([]);
    assert!(fake.core.is_over());
}

#[test]
fn a_worker_that_dies_while_the_pool_closes_is_replaced_as_long_as_there_are_tasks() {
    let mut fake = Fake::ready(1);
    fake.submit(0, 0);
    fake.submit(1, 0);
    fake.core.close();
    fake.take();
    fake.die(0, true, KILLED);
    fake.expect(["fail 0 died", "spawn 0"]);
    fake.start(0);
    fake.expect(["send 0:1"]);
    fake.finish(0);
    fake.expect(["shutdown 0"]);
}

#[test]
fn terminating_cancels_everything_and_kills() {
    let mut fake = Fake::ready(1);
    for ticket in 0..3 {
        fake.submit(ticket, 5);
    }
    fake.take();
    fake.core.terminate();
    fake.settle();
    fake.expect([
        "fail 0 cancelled",
        "fail 1 cancelled",
        "fail 2 cancelled",
        "kill 0",
    ]);
    fake.die(0, true, KILLED);
    fake.expect([]);
    assert!(fake.core.is_over());
}
