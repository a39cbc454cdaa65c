//! Openings in one process, opened separately; ends that die are ends that are closed while they hold something.

mod models;

use super::*;
use std::{
    mem,
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

const SOON: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_mutex_guards_what_several_openings_change() {
    let pair = Mutex::new([0_u64; 2]).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            let opened = pair.ticket().open().unwrap();
            scope.spawn(move || {
                for _ in 0..20_000 {
                    let mut pair = opened.lock().unwrap();
                    assert_eq!(pair[0], pair[1]);
                    pair[0] += 1;
                    pair[1] += 1;
                }
            });
        }
    });
    assert_eq!(*pair.lock().unwrap(), [80_000; 2]);
}

#[test]
fn who_gets_the_lock_of_the_dead_is_told_until_it_is_mended() {
    let number = Mutex::new(1_u32).unwrap();
    let opened = number.ticket().open().unwrap();
    let mut guard = opened.lock().unwrap();
    *guard = 99;
    mem::forget(guard);
    drop(opened);
    let Err(LockError::HolderDied(guard)) = number.try_lock() else {
        panic!("not told");
    };
    assert_eq!(*guard, 99, "as the dead left it");
    drop(guard);
    assert!(number.is_marked());
    let plain: Result<u32, SyncError> = number.lock().map(|guard| *guard).map_err(SyncError::from);
    assert_eq!(plain, Err(SyncError::HolderDied));
    let guard = number
        .lock()
        .or_else(|error| error.mend(|number| *number = 1));
    assert_eq!(*guard.unwrap(), 1);
    assert_eq!(*number.lock().unwrap(), 1);
}

#[test]
fn a_panic_leaves_a_mark_as_a_death_does() {
    let number = Mutex::new(1_u32).unwrap();
    let panicked = thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let _guard = number.lock().unwrap();
            panic!("on purpose");
        });
        holder.join().is_err()
    });
    assert!(panicked && number.is_marked() && !number.is_locked());
}

#[test]
fn limits_hold_and_the_living_keep_what_they_have() {
    let number = Mutex::new(1_u32).unwrap();
    let opened = number.ticket().open().unwrap();
    let guard = opened.lock().unwrap();
    assert_eq!(number.holder(), Some(opened.opening()));
    let began = Instant::now();
    let refused = number.lock_timeout(SOON).err().map(SyncError::from);
    assert_eq!(refused, Some(SyncError::Busy));
    assert!(began.elapsed() >= SOON);
    assert!(number.try_lock().is_err());
    drop(guard);
    assert!(number.try_lock().is_ok());
}

#[test]
fn readers_share_and_writers_do_not() {
    let lock = RwLock::of(&[0_u64; 4][..]).unwrap();
    let writers = AtomicU32::new(0);
    thread::scope(|scope| {
        for worker in 0..4 {
            let opened = lock.ticket().open().unwrap();
            let writers = &writers;
            scope.spawn(move || {
                for round in 0..5_000 {
                    if round % 4 == worker {
                        let mut data = opened.write_timeout(LONG).unwrap();
                        assert_eq!(writers.fetch_add(1, SeqCst), 0);
                        data.iter_mut().for_each(|number| *number += 1);
                        writers.fetch_sub(1, SeqCst);
                    } else {
                        let data = opened.read_timeout(LONG).unwrap();
                        assert_eq!(writers.load(SeqCst), 0);
                        assert!(data.iter().all(|number| *number == data[0]));
                    }
                }
            });
        }
    });
    assert_eq!(*lock.read().unwrap(), [5_000; 4]);
    let (first, second) = (lock.read().unwrap(), lock.try_read().unwrap());
    assert!(lock.write_timeout(SOON).is_err());
    drop((first, second));
    let _writer = lock.try_write().unwrap();
    assert!(lock.try_read().is_err() && lock.read_timeout(SOON).is_err());
}

#[test]
fn dead_readers_and_writers_keep_nobody_out() {
    let lock = RwLock::new(1_u32).unwrap();
    let reader = lock.ticket().open().unwrap();
    mem::forget(reader.read().unwrap());
    drop(reader);
    *lock.write_timeout(LONG).unwrap() = 2;

    let writer = lock.ticket().open().unwrap();
    let mut guard = writer.write().unwrap();
    *guard = 3;
    mem::forget(guard);
    drop(writer);
    let told = lock.read_timeout(LONG).err().map(SyncError::from);
    assert_eq!(told, Some(SyncError::HolderDied));
    let told = lock.try_read().err().map(SyncError::from);
    assert_eq!(told, Some(SyncError::HolderDied));
    drop(
        lock.write()
            .or_else(|error| error.mend(|number| *number = 4)),
    );
    assert_eq!(*lock.read().unwrap(), 4);
}

#[test]
fn rows_of_closed_openings_are_used_again() {
    let lock = RwLock::new(1_u32).unwrap();
    let permits = Semaphore::new(1).unwrap();
    for _ in 0..1_500 {
        let (lock, permits) = (
            lock.ticket().open().unwrap(),
            permits.ticket().open().unwrap(),
        );
        drop((lock.read().unwrap(), permits.try_acquire().unwrap()));
        // As a process that dies with both.
        mem::forget(lock.read().unwrap());
        mem::forget(permits.acquire_timeout(LONG).unwrap());
    }
    assert!(lock.write_timeout(LONG).is_ok());
    assert!(permits.acquire_timeout(LONG).is_ok());
}

#[test]
fn no_more_permits_are_out_than_there_are() {
    let (free, bounded) = (
        Semaphore::new(2).unwrap(),
        BoundedSemaphore::new(2).unwrap(),
    );
    let (inside, inside_bounded) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            let free = free.ticket().open().unwrap();
            let bounded = bounded.ticket().open().unwrap();
            let (inside, inside_bounded) = (&inside, &inside_bounded);
            scope.spawn(move || {
                for _ in 0..10_000 {
                    let permit = free.acquire_timeout(LONG).unwrap();
                    assert!(inside.fetch_add(1, SeqCst) < 2);
                    inside.fetch_sub(1, SeqCst);
                    drop(permit);
                    let permit = bounded.acquire_timeout(LONG).unwrap();
                    assert!(inside_bounded.fetch_add(1, SeqCst) < 2);
                    inside_bounded.fetch_sub(1, SeqCst);
                    drop(permit);
                }
            });
        }
    });
    assert_eq!((free.available(), bounded.available()), (2, 2));
}

#[test]
fn permits_of_the_dead_go_back() {
    let (free, bounded) = (
        Semaphore::new(1).unwrap(),
        BoundedSemaphore::new(1).unwrap(),
    );
    for _ in 0..3 {
        let (one, other) = (
            free.ticket().open().unwrap(),
            bounded.ticket().open().unwrap(),
        );
        mem::forget(one.acquire_timeout(LONG).unwrap());
        mem::forget(other.acquire_timeout(LONG).unwrap());
        assert!(free.try_acquire().is_err() && bounded.try_acquire().is_err());
        drop((one, other));
        assert!(bounded.try_acquire().is_ok() && free.try_acquire().is_ok());
    }
    assert_eq!((free.available(), bounded.available()), (1, 1));
}

#[test]
fn permits_may_be_signals() {
    let ready = Semaphore::new(0).unwrap();
    let maker = ready.ticket().open().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || (0..1_000).for_each(|_| maker.release(2).unwrap()));
        for _ in 0..2_000 {
            ready.acquire_timeout(LONG).unwrap().forget();
        }
    });
    assert_eq!(ready.available(), 0);
    ready.release(1 << 31).unwrap();
    assert_eq!(ready.release(1), Err(SyncError::TooManyPermits));
    assert_eq!(
        Semaphore::new(u32::MAX).err(),
        Some(SyncError::TooManyPermits)
    );
}

#[test]
fn an_event_that_is_cleared_at_once_is_not_missed() {
    let event = Event::new().unwrap();
    thread::scope(|scope| {
        let opened = event.ticket().open().unwrap();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let waiter = scope.spawn(move || {
            ready.send(()).unwrap();
            opened.wait_timeout(LONG)
        });
        is_ready.recv().unwrap();
        while !waiter.is_finished() {
            event.set();
            event.clear();
            thread::sleep(Duration::from_millis(1));
        }
        assert!(waiter.join().unwrap());
    });
    assert!(!event.is_set() && !event.wait_timeout(SOON));
}

#[test]
fn a_condition_that_came_true_without_a_word_is_noticed() {
    let (number, changed) = (Mutex::new(0_u32).unwrap(), Condvar::new().unwrap());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let guard = number.lock().unwrap();
            let waited = changed.wait_timeout_while(guard, LONG, |number| *number == 0);
            waited.unwrap().1
        });
        // As by one who was killed before it could notify.
        thread::sleep(SOON);
        *number.lock().unwrap() = 1;
        assert!(waiter.join().unwrap());
    });
    let guard = number.lock().unwrap();
    let (guard, has_come) = changed.wait_timeout_while(guard, SOON, |_| true).unwrap();
    assert!(!has_come && *guard == 1);
}

#[test]
fn a_barrier_lets_all_go_in_every_round() {
    let (barrier, sum) = (Barrier::new(4).unwrap(), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            let (mut party, sum) = (barrier.party().unwrap(), &sum);
            scope.spawn(move || {
                for round in 0..150 {
                    sum.fetch_add(1, SeqCst);
                    party.wait_timeout(LONG).unwrap();
                    assert_eq!(sum.load(SeqCst), 4 * (round + 1));
                    party.wait_timeout(LONG).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_barrier_breaks_for_one_who_leaves_and_is_whole_again_after_a_reset() {
    let barrier = Barrier::new(2).unwrap();
    let (mut one, other) = (barrier.party().unwrap(), barrier.party().unwrap());
    assert_eq!(barrier.party().err(), Some(SyncError::Crowded));
    assert_eq!(one.wait_timeout(SOON), Err(SyncError::Busy));
    assert_eq!(one.wait(), Err(SyncError::Broken));
    drop(other);
    barrier.reset();
    let mut another = barrier.party().unwrap();
    thread::scope(|scope| {
        let waits = scope.spawn(|| one.wait_timeout(LONG));
        assert!(another.wait_timeout(LONG).is_ok());
        assert!(waits.join().unwrap().is_ok());
        let waits = scope.spawn(|| another.wait());
        while barrier.waiting() == 0 {
            thread::yield_now();
        }
        barrier.reset();
        assert_eq!(waits.join().unwrap(), Err(SyncError::Broken));
    });
    assert!(!barrier.is_broken());
}

#[test]
fn numbers_of_all_kinds_are_shared() {
    let (byte, float) = (Value::new(250_u8).unwrap(), Value::new(0.5_f64).unwrap());
    assert_eq!(byte.fetch_add(10), 250);
    assert_eq!(byte.get(), 4);
    let opened = float.ticket().open().unwrap();
    opened.fetch_add(0.25);
    assert_eq!(float.exchange(0.75, -1.0), Ok(0.75));
    assert_eq!(float.swap(2.0).to_bits(), (-1.0_f64).to_bits());
    let flag = Value::new(false).unwrap();
    flag.set(true);
    assert!(flag.get());
    let array = Array::new(&[-1_i16, 2]).unwrap();
    assert_eq!(array.fetch_add(0, -5), Some(-1));
    assert_eq!(array.exchange(1, 2, 7), Some(Ok(2)));
    assert_eq!(array.exchange(2, 2, 7), None);
    assert_eq!(array.ticket().open().unwrap().to_vec(), [-6, 7]);
    assert!(Array::<u64>::new(&[]).unwrap().is_empty());
}

#[test]
fn a_ticket_opens_what_it_names_and_nothing_else() {
    let number = Mutex::new(1_u64).unwrap();
    let mut bytes = Vec::new();
    crate::codec::encode_into(&number.ticket(), &mut bytes).unwrap();
    let as_float: Ticket<Mutex<[u8; 16]>> = crate::codec::decode(&bytes).unwrap();
    assert_eq!(as_float.open().err(), Some(SyncError::Other));
    let as_event: Ticket<Event> = crate::codec::decode(&bytes).unwrap();
    assert_eq!(as_event.open().err(), Some(SyncError::Other));
    let ticket: Ticket<Mutex<u64>> = crate::codec::decode(&bytes).unwrap();
    let opened = ticket.open().unwrap();
    assert_eq!(ticket, number.ticket());
    drop(number);
    assert!(ticket.open().is_err());
    assert_eq!(*opened.ticket().open().unwrap().lock().unwrap(), 1);
}

#[test]
fn who_reads_a_list_sees_whole_items_while_others_change_them() {
    let texts = ["a".repeat(40), "b".repeat(33), "c".into()];
    let list = SharedList::new([Item::from(texts[0].as_str())]).unwrap();
    let is_over = AtomicU32::new(0);
    thread::scope(|scope| {
        let (opened, is_over) = (list.ticket().open().unwrap(), &is_over);
        let texts = &texts;
        scope.spawn(move || {
            for text in texts.iter().cycle().take(100_000) {
                opened.set(0, text.as_str()).unwrap();
            }
            is_over.store(1, SeqCst);
        });
        while is_over.load(SeqCst) == 0 {
            let Some(Item::Text(text)) = list.get(0) else {
                panic!("no text");
            };
            assert!(texts.contains(&text), "{text}");
        }
    });
}
