//! The lock's word, step by step, with holders that die by being dropped.

use super::*;
use crate::shm::member::Kind;
use std::{mem, sync::atomic::AtomicU64, thread};

const KIND: Kind = Kind::small(*b"lock");
const AT: usize = 64;
const DIRTY: usize = 68;
const SOON: Option<Duration> = Some(Duration::from_millis(20));
const LONG: Option<Duration> = Some(Duration::from_secs(20));

fn member() -> Member {
    Member::create(KIND, 0, |_| ()).unwrap()
}

fn another(member: &Member) -> Member {
    Member::open(KIND, member.address()).unwrap()
}

/// Takes the lock and dies with it.
fn die_holding(member: Member) {
    mem::forget(Lock::at(&member, AT).take(SOON).unwrap());
    drop(member);
}

#[test]
fn one_at_a_time_holds_it() {
    let first = member();
    let (inside, total) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            let member = another(&first);
            let (inside, total) = (&inside, &total);
            scope.spawn(move || {
                for _ in 0..50_000 {
                    let held = Lock::at(&member, AT).take(LONG).unwrap();
                    assert_eq!(inside.fetch_add(1, Relaxed), 0);
                    total.store(total.load(Relaxed) + 1, Relaxed);
                    inside.fetch_sub(1, Relaxed);
                    drop(held);
                }
            });
        }
    });
    assert_eq!(total.into_inner(), 200_000);
}

#[test]
fn threads_of_one_member_exclude_each_other_as_well() {
    let (member, total) = (member(), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50_000 {
                    let _held = Lock::at(&member, AT).take(LONG).unwrap();
                    total.store(total.load(Relaxed) + 1, Relaxed);
                }
            });
        }
    });
    assert_eq!(total.into_inner(), 200_000);
}

#[test]
fn the_dead_lose_it_and_leave_their_mark_until_it_is_mended() {
    let first = member();
    let lock = Lock::at(&first, AT);
    die_holding(another(&first));
    let held = lock.take(LONG).unwrap();
    assert!(held.is_marked());
    drop(held);
    let held = lock.take(LONG).unwrap();
    assert!(held.is_marked(), "nobody has mended it");
    held.mend();
    drop(held);
    assert!(!lock.take(LONG).unwrap().is_marked());
    assert_eq!(lock.word.load(Relaxed), FREE);
}

#[test]
fn trying_takes_it_from_the_dead_and_not_from_the_living() {
    let first = member();
    let second = another(&first);
    let held = Lock::at(&second, AT).take(SOON).unwrap();
    assert!(Lock::at(&first, AT).try_take().is_none());
    assert!(Lock::at(&first, AT).take(SOON).is_none());
    assert_eq!(Lock::at(&first, AT).holder(), Some(second.number()));
    mem::forget(held);
    drop(second);
    assert!(Lock::at(&first, AT).try_take().unwrap().is_marked());
}

#[test]
fn who_changed_nothing_leaves_no_mark() {
    let first = member();
    let lock = Lock::at(&first, AT).with_dirty(DIRTY);
    for is_dirty in [0, 1] {
        let second = another(&first);
        mem::forget(Lock::at(&second, AT).take(SOON).unwrap());
        first.word(DIRTY).store(is_dirty, Relaxed);
        drop(second);
        assert_eq!(lock.take(LONG).unwrap().is_marked(), is_dirty == 1);
    }
}

#[test]
fn waiters_that_gave_up_leave_nothing_that_stops_others() {
    let first = member();
    let second = another(&first);
    let held = Lock::at(&first, AT).take(SOON).unwrap();
    assert!(Lock::at(&second, AT).take(SOON).is_none());
    drop(held);
    // The one that gave up was in a hurry; whoever comes next gets the lock all the same, and at once.
    let began = Instant::now();
    drop(Lock::at(&first, AT).take(LONG).unwrap());
    drop(Lock::at(&second, AT).take(Some(Duration::ZERO)).unwrap());
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(first.word(AT).load(Relaxed) & (HOLDER | MARKED), FREE);
}

#[test]
fn a_woken_waiter_that_vanishes_costs_the_next_one_a_moment_only() {
    let first = member();
    let held = Lock::at(&first, AT).take(SOON).unwrap();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            let member = another(&first);
            let began = Instant::now();
            drop(Lock::at(&member, AT).take(LONG).unwrap());
            began.elapsed()
        });
        while first.word(AT).load(Relaxed) & CONTENDED == 0 {
            thread::yield_now();
        }
        // As if another waiter had been woken in its place, and killed: the word is free and nobody is told.
        mem::forget(held);
        first.word(AT).store(FREE, Release);
        assert!(sleeper.join().unwrap() < Duration::from_secs(10));
    });
}

#[test]
fn a_waiter_among_greedy_ones_gets_its_turn() {
    let first = member();
    let is_over = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            let member = another(&first);
            let is_over = &is_over;
            scope.spawn(move || {
                while is_over.load(Relaxed) == 0 {
                    let _held = Lock::at(&member, AT).take(LONG).unwrap();
                    let until = Instant::now() + Duration::from_micros(300);
                    while Instant::now() < until {
                        hint::spin_loop();
                    }
                }
            });
        }
        for _ in 0..50 {
            drop(Lock::at(&first, AT).take(LONG).unwrap());
        }
        is_over.store(1, Relaxed);
    });
}
