//! Locks between a master and its workers, and workers that are killed with them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use brigade::{
    jobs::fault::{Contend, Contention},
    sync::{
        Array, BoundedSemaphore, Condvar, Event, Item, LockError, Mutex, RwLock, Semaphore,
        SharedList, SyncError,
    },
};
use brigade_tests::{builder, eventually, pool, within};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

const LONG: Duration = Duration::from_secs(20);
const WORKERS: u32 = 4;

/// Everything that workers contend for.
struct Everything {
    ledger: Mutex<[u64; 16]>,
    changed: Condvar,
    table: RwLock<[u64]>,
    permits: Semaphore,
    bounded: BoundedSemaphore,
    list: SharedList,
    rounds: Array<u64>,
    end: Event,
}

impl Everything {
    fn new() -> Result<Self, SyncError> {
        Ok(Self {
            ledger: Mutex::new([0; 16])?,
            changed: Condvar::new()?,
            table: RwLock::of(&[0; 64][..])?,
            permits: Semaphore::new(2)?,
            bounded: BoundedSemaphore::new(2)?,
            list: SharedList::new([Item::from("a".repeat(60))])?,
            rounds: Array::new(&[0; WORKERS as usize])?,
            end: Event::new()?,
        })
    }

    fn contention(&self, number: u32) -> Contention {
        Contention {
            ledger: self.ledger.ticket(),
            changed: self.changed.ticket(),
            table: self.table.ticket(),
            permits: self.permits.ticket(),
            bounded: self.bounded.ticket(),
            list: self.list.ticket(),
            rounds: self.rounds.ticket(),
            number,
            end: self.end.ticket(),
        }
    }

    /// Takes everything that nobody has any more, and looks whether it is sound.
    fn check(&self) {
        match self.ledger.lock_timeout(LONG) {
            Ok(ledger) => assert!(ledger.iter().all(|number| *number == ledger[0])),
            Err(LockError::HolderDied(_)) => {}
            Err(error) => panic!("the ledger: {error}"),
        }
        match self.table.write_timeout(LONG) {
            Ok(table) => assert!(table.iter().all(|number| *number == table[0])),
            Err(LockError::HolderDied(_)) => {}
            Err(error) => panic!("the table: {error}"),
        }
        let all: Vec<_> = (0..2)
            .map(|_| self.permits.acquire_timeout(LONG).unwrap())
            .collect();
        assert!(self.permits.try_acquire().is_err(), "three of two permits");
        drop(all);
        let all: Vec<_> = (0..2)
            .map(|_| self.bounded.acquire_timeout(LONG).unwrap())
            .collect();
        assert!(self.bounded.try_acquire().is_err(), "three of two permits");
        drop(all);
        let Some(Item::Text(text)) = self.list.get(0) else {
            panic!("no text in the list");
        };
        assert_eq!(text.chars().collect::<BTreeSet<_>>().len(), 1, "{text}");
    }
}

#[test]
fn a_thousand_kills_of_holders_and_waiters_hang_nobody_and_spoil_nothing() {
    within(150, || {
        let everything = Everything::new().unwrap();
        let pool = builder(WORKERS as usize).retries(100_000).start().unwrap();
        let tasks: Vec<_> = (0..WORKERS)
            .map(|number| {
                pool.submit::<Contend>(everything.contention(number))
                    .unwrap()
            })
            .collect();
        let (mut killed, mut turn) = (BTreeSet::new(), 0_u32);
        let (mut rounds, mut moved) = (0, Instant::now());
        while killed.len() < 1_000 {
            let done: u64 = everything.rounds.iter().sum();
            if done > rounds {
                (rounds, moved) = (done, Instant::now());
            }
            assert!(moved.elapsed() < LONG, "nobody gets on");
            // Where a start takes longer than the pauses between kills, they are let come up.
            if moved.elapsed() > Duration::from_millis(50) {
                thread::sleep(Duration::from_millis(1));
                continue;
            }
            let pids = pool.worker_pids();
            turn = turn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if let Some(pid) = pids.get(turn as usize % pids.len().max(1)) {
                // Each one once: its number may soon be somebody else's.
                if killed.insert(*pid) {
                    let _ = signal::kill(Pid::from_raw(*pid), Signal::SIGKILL);
                }
            }
            // For some rounds in between, and never at the same place.
            thread::sleep(Duration::from_micros(u64::from(turn >> 20)));
        }
        everything.end.set();
        for task in tasks {
            task.wait().unwrap();
        }
        assert!(rounds > 1_000, "{rounds} rounds");
        everything.check();
        pool.join();
        everything.check();
    });
}

#[test]
fn workers_without_a_death_lose_nothing() {
    within(60, || {
        let everything = Everything::new().unwrap();
        let pool = pool(WORKERS as usize);
        let tasks: Vec<_> = (0..WORKERS)
            .map(|number| {
                pool.submit::<Contend>(everything.contention(number))
                    .unwrap()
            })
            .collect();
        assert!(eventually(20, || everything
            .rounds
            .iter()
            .all(|done| done > 100)));
        everything.end.set();
        let rounds: u64 = tasks.into_iter().map(|task| task.wait().unwrap()).sum();
        assert_eq!(everything.ledger.lock().unwrap()[0], rounds);
        everything.check();
    });
}

#[test]
fn who_waits_for_a_lock_uses_no_processor_time() {
    within(60, || {
        let everything = Everything::new().unwrap();
        let pool = pool(1);
        let ledger = everything.ledger.lock().unwrap();
        let task = pool.submit::<Contend>(everything.contention(0)).unwrap();
        let pid = pool.worker_pids()[0];
        thread::sleep(Duration::from_millis(500));
        let before = brigade_tests::cpu_ticks(pid);
        thread::sleep(Duration::from_secs(1));
        assert!(
            brigade_tests::cpu_ticks(pid) - before < 5,
            "it does not wait, it works"
        );
        drop(ledger);
        assert!(eventually(20, || everything.rounds.get(0) > Some(0)));
        everything.end.set();
        task.wait().unwrap();
    });
}

#[test]
fn locks_leave_nothing_behind() {
    within(60, || {
        let before = brigade_tests::open_descriptors(std::process::id().cast_signed());
        for _ in 0..100 {
            drop(Everything::new().unwrap());
        }
        // Other tests of this file open and close some meanwhile.
        let settled = eventually(20, || {
            brigade_tests::open_descriptors(std::process::id().cast_signed()) < before + 100
        });
        assert!(settled);
    });
}
