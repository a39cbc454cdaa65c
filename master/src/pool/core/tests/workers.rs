//! Workers come, die and are replaced.

use super::{
    super::{super::ended::Ended, death::MAX_FAILED_STARTS},
    fake::*,
};
use std::time::Duration;

#[test]
fn only_the_running_task_is_blamed_for_a_death_and_the_rest_keep_their_order() {
    let mut fake = Fake::ready(1);
    for ticket in 0..3 {
        fake.submit(ticket, 0);
    }
    fake.expect(["send 0:0", "send 0:1"]);
    fake.die(0, true, KILLED);
    fake.expect(["fail 0 died", "spawn 0"]);
    fake.start(0);
    fake.expect(["send 0:1", "send 0:2"]);
}

#[test]
fn an_idle_death_costs_no_task() {
    let mut fake = Fake::ready(2);
    fake.die(1, false, KILLED);
    fake.expect(["spawn 1"]);
    fake.submit(0, 0);
    fake.submit(1, 0);
    fake.expect(["send 0:0", "send 0:1"]);
    fake.die(0, false, Ended::Exited(0));
    fake.expect(["spawn 0"]);
    fake.start(1);
    fake.expect(["send 1:0", "send 1:1"]);
}

#[test]
fn a_guilty_task_is_tried_again_only_as_often_as_asked_for() {
    let mut fake = Fake::ready(1);
    fake.submit(0, 2);
    for attempt in 1..=3 {
        let key = fake.core.slots[0].in_flight[0].unwrap();
        assert_eq!(fake.core.task(key).unwrap().attempt, attempt);
        fake.take();
        fake.die(0, true, KILLED);
        fake.core.spawned(0);
        fake.core.ready(0);
        fake.settle();
    }
    fake.expect(["fail 0 died", "spawn 0"]);
}

#[test]
fn a_revoked_task_is_not_lost_with_its_worker() {
    let mut fake = Fake::ready(2);
    for ticket in 0..3 {
        fake.submit(ticket, 0);
    }
    fake.finish(1);
    fake.core.revoked(0, 1);
    fake.core.dispatch();
    fake.settle();
    fake.die(0, true, KILLED);
    fake.die(1, false, KILLED);
    fake.start(0);
    assert_eq!(fake.finish(0), Some(2));
    assert_eq!(fake.outcomes[&0], "died");
}

#[test]
fn a_worker_that_never_gets_ready_is_tried_ever_later_and_then_given_up() {
    let mut fake = Fake::new(1);
    fake.submit(0, 0);
    fake.expect(["spawn 0"]);
    let mut waited = Duration::ZERO;
    for _ in 0..MAX_FAILED_STARTS - 1 {
        fake.die(0, false, Ended::Exited(101));
        fake.expect([]);
        let deadline = fake.core.next_deadline().unwrap();
        assert!(deadline - fake.now > waited, "the wait grows");
        waited = deadline - fake.now;
        fake.core.tick(fake.now);
        fake.expect([]);
        fake.now = deadline;
        fake.core.tick(fake.now);
        fake.settle();
        fake.expect(["spawn 0"]);
    }
    fake.die(0, false, Ended::Exited(101));
    fake.expect(["fail 0 broken"]);
    let reason = fake.core.broken().unwrap();
    assert!(
        reason.ends_with("exited with code 101, saying: alas"),
        "{reason}"
    );
    assert!(fake.core.is_over());
}

#[test]
fn a_pool_with_a_working_worker_goes_on_trying() {
    let mut fake = Fake::ready(2);
    fake.die(1, false, KILLED);
    for _ in 0..4 * MAX_FAILED_STARTS {
        fake.die(1, false, Ended::Exited(1));
        fake.now = fake.core.next_deadline().unwrap();
        fake.core.tick(fake.now);
        fake.settle();
    }
    assert_eq!(fake.core.broken(), None);
    fake.submit(0, 0);
    fake.finish(0);
}

#[test]
fn a_process_that_does_not_introduce_itself_is_ended_once_and_then_given_up() {
    let mut fake = Fake::new(1);
    fake.submit(0, 0);
    fake.expect(["spawn 0"]);
    fake.core.spawned(0);
    assert_eq!(fake.core.next_deadline(), Some(fake.now + GREETING));
    fake.now += GREETING;
    fake.core.tick(fake.now);
    fake.settle();
    fake.expect(["give up 0"]);
    assert_eq!(fake.core.next_deadline(), None, "it is not ended again");
    fake.die(0, false, Ended::Mute(GREETING));
    fake.expect(["fail 0 broken"]);
}

#[test]
fn a_process_that_has_introduced_itself_may_take_its_time() {
    let mut fake = Fake::new(1);
    fake.expect(["spawn 0"]);
    fake.core.spawned(0);
    fake.core.greeted(0);
    assert_eq!(fake.core.next_deadline(), None);
}

#[test]
fn a_worker_is_replaced_after_its_share_of_tasks() {
    let mut fake = Fake::limited(1, Some(2));
    fake.take();
    fake.start(0);
    for ticket in 0..3 {
        fake.submit(ticket, 0);
    }
    fake.expect(["send 0:0", "send 0:1"]);
    fake.finish(0);
    fake.expect([]);
    fake.finish(0);
    fake.expect(["shutdown 0"]);
    fake.die(0, false, Ended::Exited(0));
    fake.expect(["spawn 0"]);
    fake.start(0);
    fake.expect(["send 0:2"]);
    assert_eq!(fake.core.counts().deaths, 0);
}

#[test]
fn the_number_of_workers_changes_while_they_work() {
    let mut fake = Fake::ready(2);
    for ticket in 0..4 {
        fake.submit(ticket, 0);
    }
    fake.take();
    fake.core.resize(1);
    fake.settle();
    fake.expect(["revoke 1 1"]);
    fake.core.revoked(1, 1);
    fake.core.dispatch();
    fake.settle();
    fake.finish(1);
    fake.expect([]);
    fake.finish(1);
    fake.expect(["shutdown 1"]);
    fake.die(1, false, Ended::Exited(0));
    fake.expect([]);
    fake.core.resize(3);
    fake.settle();
    fake.expect(["spawn 2", "spawn 1"]);
    assert_eq!(fake.core.workers(), 3);
}
