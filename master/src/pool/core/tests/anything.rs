//! Whatever may happen, in any order.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    super::{super::ended::Ended, *},
    fake::*,
};

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
        let head = fake.core.head_sequence(slot);
        if slot == 1 && fake.core.is_unresponsive(slot) {
            fake.core.revoked(slot, head);
            fake.core.dismiss(slot);
        } else {
            fake.core.expired(slot, slot % 2 == 0);
        }
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

/// In the end everything comes to rest, and each task has had its outcome.
fn comes_to_rest(fake: &mut Fake, submitted: &mut u32) {
    for slot in 0..5 {
        fake.core.set_congested(slot, false);
    }
    fake.core.close();
    fake.settle();
    for _ in 0..10_000 {
        if fake.core.is_over() {
            break;
        }
        happen(fake, &Happening::Later, submitted);
        for slot in 0..fake.core.slots() {
            happen(fake, &Happening::Start(slot), submitted);
            happen(fake, &Happening::Finish(slot), submitted);
            if matches!(fake.core.slots[slot].state, SlotState::Leaving { .. }) {
                fake.die(slot, false, Ended::Exited(0));
            }
        }
    }
    assert!(fake.core.is_over(), "the pool never ends");
    assert_eq!(fake.outcomes.len(), *submitted as usize);
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
        comes_to_rest(&mut fake, &mut submitted);
    }
}

/// One of each kind of happening, in a world of two workers.
fn alphabet() -> Vec<Happening> {
    let die = |slot, is_busy, is_crash| Happening::Die {
        slot,
        is_busy,
        is_crash,
    };
    vec![
        Happening::Submit { retries: 0 },
        Happening::Submit { retries: 1 },
        Happening::Start(0),
        Happening::Start(1),
        Happening::Finish(0),
        Happening::Finish(1),
        die(0, true, false),
        die(0, true, true),
        die(1, false, false),
        Happening::Congest(0, true),
        Happening::Revoke(0),
        Happening::Results(0),
        Happening::Later,
        Happening::Cancel(0),
        Happening::Cancel(1),
        Happening::Resize(1),
        Happening::Resize(3),
        Happening::Close,
        Happening::Terminate,
    ]
}

/// How many happenings follow one another: there are 19 to the power of this orders. `BRIGADE_TEST_LENGTH=5` takes half a
/// minute.
const LENGTH: u32 = 4;

#[test]
fn every_order_of_a_few_happenings_ends_each_task_exactly_once() {
    let alphabet = alphabet();
    let length: u32 =
        std::env::var("BRIGADE_TEST_LENGTH").map_or(LENGTH, |length| length.parse().unwrap());
    // From a pool that starts, from one with nothing to do, and from one with more tasks than workers.
    for (is_ready, tasks) in [(false, 0), (true, 0), (true, 3)] {
        for number in 0..alphabet.len().pow(length) {
            let mut fake = if is_ready {
                Fake::ready(2)
            } else {
                Fake::new(2)
            };
            let mut submitted = 0;
            for _ in 0..tasks {
                happen(&mut fake, &Happening::Submit { retries: 0 }, &mut submitted);
            }
            let mut rest = number;
            for _ in 0..length {
                happen(&mut fake, &alphabet[rest % alphabet.len()], &mut submitted);
                rest /= alphabet.len();
            }
            comes_to_rest(&mut fake, &mut submitted);
        }
    }
}
