//! The state machine against a world of one's imagination.

use std::{collections::HashMap, time::Duration};

use proptest::prelude::*;

use super::{
    super::error::{Death, Ended},
    death::MAX_FAILED_STARTS,
    *,
};

const GREETING: Duration = Duration::from_secs(15);
const GRACE: Duration = Duration::from_secs(3);
const KILLED: Ended = Ended::Killed(libc::SIGKILL);

/// A core and what its actions have led to.
struct Fake {
    core: Core<u32>,
    now: Instant,
    actions: Vec<Action<u32>>,
    /// What became of each ticket.
    outcomes: HashMap<u32, &'static str>,
}

impl Fake {
    /// A pool whose processes have been asked for and not started.
    fn new(workers: usize) -> Self {
        Self::limited(workers, None)
    }

    fn limited(workers: usize, tasks_per_worker: Option<u64>) -> Self {
        let limits = Limits {
            tasks_per_worker,
            grace: GRACE,
            greeting: GREETING,
            preparation: None,
        };
        let now = Instant::now();
        let mut fake = Self {
            core: Core::new(workers, limits, now),
            now,
            actions: Vec::new(),
            outcomes: HashMap::new(),
        };
        fake.settle();
        fake
    }

    /// A pool whose workers are all ready; nothing has happened yet.
    fn ready(workers: usize) -> Self {
        let mut fake = Self::new(workers);
        fake.take();
        for slot in 0..workers {
            fake.start(slot);
        }
        fake.expect([]);
        fake
    }

    fn start(&mut self, slot: usize) {
        self.core.spawned(slot);
        self.core.ready(slot);
        self.settle();
    }

    fn submit(&mut self, ticket: u32, retries: u32) -> TaskRef {
        let terms = Terms {
            retries,
            ..Terms::default()
        };
        self.submit_with(ticket, terms)
    }

    fn submit_with(&mut self, ticket: u32, terms: Terms) -> TaskRef {
        let task = self.core.submit(ticket, terms).unwrap();
        self.settle();
        task
    }

    /// Finishes or skips the next task of a worker and returns its ticket.
    fn finish(&mut self, slot: usize) -> Option<u32> {
        let sequence = self.core.head_sequence(slot);
        let is_skipped = self.core.slots[slot].in_flight[0].is_none();
        let finished = self.core.finished(slot, sequence, is_skipped).unwrap();
        let ticket = finished.map(|finished| finished.ticket);
        if let Some(ticket) = ticket {
            self.record(ticket, "done");
        }
        self.core.dispatch();
        self.settle();
        ticket
    }

    /// The worker of a slot ends, having begun its next task if `is_busy`.
    fn die(&mut self, slot: usize, is_busy: bool, how: Ended) {
        let running = self.core.head_sequence(slot);
        let death = Death {
            worker: 7,
            how,
            last_words: "alas".into(),
        };
        self.core.worker_gone(
            slot,
            &death,
            |sequence| is_busy && sequence == running,
            self.now,
        );
        self.settle();
    }

    /// Collects actions, notes outcomes, and checks the rules.
    fn settle(&mut self) {
        let from = self.actions.len();
        self.core.take_actions(&mut self.actions);
        let failed: Vec<_> = self.actions[from..]
            .iter()
            .filter_map(|action| match action {
                Action::Fail { ticket, loss } => Some((*ticket, name(loss))),
                _ => None,
            })
            .collect();
        for (ticket, outcome) in failed {
            self.record(ticket, outcome);
        }
        self.core.check();
    }

    fn record(&mut self, ticket: u32, outcome: &'static str) {
        let before = self.outcomes.insert(ticket, outcome);
        assert_eq!(before, None, "task {ticket} has two outcomes");
    }

    /// The actions since the last look, in words, such as `send 0:3` for task 3 to worker 0.
    fn take(&mut self) -> Vec<String> {
        let words = std::mem::take(&mut self.actions);
        words
            .iter()
            .map(|action| match action {
                Action::Spawn { slot } => format!("spawn {slot}"),
                Action::Send { slot, key, .. } => match self.core.task(*key) {
                    Some(Entry {
                        ticket: Some(ticket),
                        ..
                    }) => format!("send {slot}:{ticket}"),
                    _ => format!("send {slot}:gone"),
                },
                Action::Revoke { slot, count } => format!("revoke {slot} {count}"),
                Action::Expire { slot, sequence } => format!("expire {slot}:{sequence}"),
                Action::GiveUp { slot } => format!("give up {slot}"),
                Action::Terminate { slot } => format!("terminate {slot}"),
                Action::Shutdown { slot } => format!("shutdown {slot}"),
                Action::Kill { slot } => format!("kill {slot}"),
                Action::Fail { ticket, loss } => format!("fail {ticket} {}", name(loss)),
            })
            .collect()
    }

    /// Asserts that exactly these actions came, and nothing unexpected.
    #[track_caller]
    fn expect<const N: usize>(&mut self, expected: [&str; N]) {
        assert_eq!(self.take(), expected);
    }
}

fn name(loss: &Loss) -> &'static str {
    match loss {
        Loss::Died { .. } => "died",
        Loss::TimedOut { .. } => "timed out",
        Loss::Cancelled => "cancelled",
        Loss::Broken(_) => "broken",
    }
}

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

/// Something that happens in a world.
#[derive(Debug, Clone)]
enum Happening {
    Submit {
        retries: u32,
    },
    Start(usize),
    Finish(usize),
    Die {
        slot: usize,
        is_busy: bool,
        is_crash: bool,
    },
    Congest(usize, bool),
    Revoke(usize),
    Results(usize),
    Later,
    Cancel(usize),
    Resize(usize),
    Close,
    Terminate,
}

fn happening() -> impl Strategy<Value = Happening> {
    let slot = 0..3_usize;
    prop_oneof![
        8 => (0..2_u32).prop_map(|retries| Happening::Submit { retries }),
        6 => slot.clone().prop_map(Happening::Start),
        8 => slot.clone().prop_map(Happening::Finish),
        4 => (slot.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(slot, is_busy, is_crash)| Happening::Die { slot, is_busy, is_crash }),
        2 => (slot.clone(), any::<bool>()).prop_map(|(slot, is)| Happening::Congest(slot, is)),
        3 => slot.clone().prop_map(Happening::Revoke),
        2 => slot.prop_map(Happening::Results),
        3 => Just(Happening::Later),
        2 => (0..20_usize).prop_map(Happening::Cancel),
        1 => (1..5_usize).prop_map(Happening::Resize),
        1 => Just(Happening::Close),
        1 => Just(Happening::Terminate),
    ]
}

/// Takes back all but the first task of a worker, as is done before the worker is ended.
fn isolate(fake: &mut Fake, slot: usize) {
    let head = fake.core.head_sequence(slot);
    for sequence in (head + 1..head + fake.core.in_flight(slot) as u64).rev() {
        fake.core.revoked(slot, sequence);
    }
}

/// Carries out what the core wants of tasks that have had their time.
fn expire(fake: &mut Fake) {
    let expired: Vec<_> = fake
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::Expire { slot, .. } => Some(*slot),
            _ => None,
        })
        .collect();
    fake.actions
        .retain(|action| !matches!(action, Action::Expire { .. }));
    for slot in expired {
        isolate(fake, slot);
        fake.core.expired(slot, slot % 2 == 0);
        fake.core.dispatch();
        fake.settle();
    }
}

/// Lets something happen, if it can happen now.
fn happen(fake: &mut Fake, event: &Happening, submitted: &mut u32) {
    match *event {
        Happening::Submit { retries } => {
            let terms = Terms {
                retries,
                timeout: (retries > 0).then_some(Duration::from_millis(1)),
                priority: i32::try_from(*submitted % 3).unwrap() - 1,
                is_single: false,
            };
            *submitted += u32::from(fake.core.submit(*submitted, terms).is_ok());
        }
        Happening::Start(slot) if fake.core.wants_process(slot) => {
            fake.core.spawned(slot);
            fake.core.ready(slot);
        }
        Happening::Finish(slot) if fake.core.in_flight(slot) > 0 => {
            fake.finish(slot);
        }
        Happening::Die {
            slot,
            is_busy,
            is_crash,
        } if fake.core.slots[slot].state.has_process() => {
            let how = if is_crash { Ended::Exited(1) } else { KILLED };
            fake.die(slot, is_busy, how);
        }
        Happening::Congest(slot, is) => fake.core.set_congested(slot, is),
        Happening::Revoke(slot) => {
            let head = fake.core.head_sequence(slot);
            let end = head + fake.core.in_flight(slot) as u64;
            for sequence in (head + 1..end).rev().take(2) {
                fake.core.revoked(slot, sequence);
            }
            fake.core.dispatch();
        }
        Happening::Results(slot) => {
            fake.now += Duration::from_micros(10);
            fake.core.observe(slot, 50, fake.now);
            fake.core.dispatch();
        }
        Happening::Later => {
            fake.now += Duration::from_secs(2);
            fake.core.tick(fake.now);
        }
        Happening::Cancel(key) => {
            let Some(id) = fake.core.task(key).map(|task| task.id) else {
                return;
            };
            match fake.core.cancel(TaskRef { key, id }) {
                Cancelling::With { slot, sequence } if sequence > fake.core.head_sequence(slot) => {
                    fake.core.withdrawn(slot, sequence);
                }
                Cancelling::With { slot, sequence } => {
                    isolate(fake, slot);
                    fake.core.aborted(slot, sequence);
                }
                Cancelling::TooLate | Cancelling::Done => {}
            }
            fake.core.dispatch();
        }
        Happening::Resize(workers) => {
            fake.core.resize(workers);
        }
        Happening::Close => fake.core.close(),
        Happening::Terminate => fake.core.terminate(),
        _ => {}
    }
    fake.settle();
    expire(fake);
}

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_each_task_ends_exactly_once(
        events in proptest::collection::vec(happening(), 0..120),
    ) {
        let mut fake = Fake::new(3);
        let mut submitted = 0;
        for event in &events {
            happen(&mut fake, event, &mut submitted);
        }
        // And in the end everything comes to rest.
        for slot in 0..5 {
            fake.core.set_congested(slot, false);
        }
        fake.core.close();
        fake.settle();
        for _ in 0..10_000 {
            if fake.core.is_over() {
                break;
            }
            happen(&mut fake, &Happening::Later, &mut submitted);
            for slot in 0..fake.core.slots() {
                happen(&mut fake, &Happening::Start(slot), &mut submitted);
                happen(&mut fake, &Happening::Finish(slot), &mut submitted);
                if matches!(fake.core.slots[slot].state, SlotState::Leaving { .. }) {
                    fake.die(slot, false, Ended::Exited(0));
                }
            }
        }
        prop_assert!(fake.core.is_over(), "the pool never ends");
        prop_assert_eq!(fake.outcomes.len(), submitted as usize);
    }
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
