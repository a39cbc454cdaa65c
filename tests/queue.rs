//! Queues between a master and its workers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{collections::HashMap, thread, time::Duration};

use brigade::{
    JoinableQueue, Pool, Queue,
    jobs::fault::{
        Answer, Consume, Consumption, Fault, Misdeed, Parcel, Produce, Production, Then,
    },
    queue::{Bytes, Consumer, ConsumerTicket, ProducerTicket, QueueError},
};
use brigade_tests::{
    builder, cpu_ticks, eventually, is_alive, kill, kill_if_there, pool, sleep, within,
};
use nix::sys::signal::Signal;

const LONG: Duration = Duration::from_secs(20);

fn production(ticket: ProducerTicket<Parcel>, count: u64) -> Production {
    Production {
        ticket,
        count,
        load_bytes: 0,
        until_full: false,
        then: Then::Close,
    }
}

fn consumption(ticket: ConsumerTicket<Parcel>, count: u64) -> Consumption {
    Consumption {
        ticket,
        count,
        limit: LONG,
        then: Then::Close,
    }
}

/// Which number is to come next from each producer.
#[derive(Default)]
struct Ledger(HashMap<u32, u64>);

impl Ledger {
    /// Enters a parcel, which has to be whole and the next of its producer.
    fn enter(&mut self, parcel: &Parcel) {
        let next = self.0.entry(parcel.from).or_default();
        assert_eq!(parcel.number, *next, "from {}", parcel.from);
        let fill = parcel.number.to_le_bytes()[0];
        assert!(parcel.load.iter().all(|byte| *byte == fill));
        *next += 1;
    }
}

fn get(consumer: &mut Consumer<Parcel>) -> Parcel {
    consumer.get_timeout(LONG).unwrap()
}

#[test]
fn a_million_items_of_four_workers_arrive_once_and_in_order() {
    within(120, || {
        let (pool, queue) = (pool(4), Queue::bounded(1_000).unwrap());
        let consumer = queue.consumer().unwrap();
        let tasks = [(); 4].map(|()| {
            let production = production(queue.producer_ticket(), 250_000);
            pool.submit::<Produce>(production).unwrap()
        });
        assert!(queue.wait_for_producers(4, LONG));
        drop(queue);
        let mut ledger = Ledger::default();
        for parcel in consumer {
            ledger.enter(&parcel.unwrap());
        }
        assert_eq!(ledger.0.values().collect::<Vec<_>>(), [&250_000; 4]);
        assert!(tasks.into_iter().all(|task| task.wait() == Ok(250_000)));
    });
}

#[test]
fn capacity_is_exact_over_four_workers() {
    within(60, || {
        let (pool, queue) = (pool(4), Queue::<Parcel>::bounded(1_001).unwrap());
        let fill = || {
            let tasks = [(); 4].map(|()| {
                let mut production = production(queue.producer_ticket(), u64::MAX);
                production.until_full = true;
                pool.submit::<Produce>(production).unwrap()
            });
            tasks
                .into_iter()
                .map(|task| task.wait().unwrap())
                .sum::<u64>()
        };
        assert_eq!(fill(), 1_001);
        assert_eq!(queue.len(), 1_001);
        let mut consumer = queue.consumer().unwrap();
        for _ in 0..7 {
            get(&mut consumer);
        }
        assert_eq!(fill(), 7);
        assert_eq!((0..1_001).map(|_| get(&mut consumer)).count(), 1_001);
        assert_eq!(consumer.try_get(), Err(QueueError::Empty));
    });
}

#[test]
fn a_worker_that_finds_no_room_sleeps_until_there_is() {
    within(60, || {
        let (pool, queue) = (pool(1), Queue::bounded(2).unwrap());
        let mut consumer = queue.consumer().unwrap();
        let task = pool
            .submit::<Produce>(production(queue.producer_ticket(), 5))
            .unwrap();
        assert!(eventually(20, || queue.len() == 2));
        let pid = pool.worker_pids()[0];
        let before = cpu_ticks(pid);
        thread::sleep(Duration::from_millis(500));
        assert!(cpu_ticks(pid) - before < 5, "it does not wait, it works");
        assert!(!task.is_done());
        let mut ledger = Ledger::default();
        for _ in 0..5 {
            ledger.enter(&get(&mut consumer));
        }
        assert_eq!(task.wait(), Ok(5));
    });
}

#[test]
fn what_a_killed_worker_has_put_is_there_and_its_room_is_free() {
    within(60, || {
        let (pool, queue) = (pool(2), Queue::<Parcel>::bounded(10).unwrap());
        let mut consumer = queue.consumer().unwrap();
        for _ in 0..3 {
            let mut production = production(queue.producer_ticket(), 10);
            production.then = Then::Die;
            pool.submit::<Produce>(production)
                .unwrap()
                .wait()
                .unwrap_err();
            assert_eq!(queue.len(), 10);
            let mut ledger = Ledger::default();
            for _ in 0..10 {
                ledger.enter(&get(&mut consumer));
            }
        }
        drop(queue);
        assert_eq!(consumer.get(), Err(QueueError::Closed));
    });
}

#[test]
fn workers_killed_in_the_middle_of_large_puts_spoil_nothing() {
    within(120, || {
        let (pool, queue) = (
            builder(3).retries(1_000).start().unwrap(),
            Queue::<Parcel>::bounded(20).unwrap(),
        );
        let mut consumer = queue.consumer().unwrap();
        let load_bytes = [100, 300_000, 700_000];
        let _tasks = load_bytes.map(|load_bytes| {
            let mut production = production(queue.producer_ticket(), u64::MAX);
            production.load_bytes = load_bytes;
            pool.submit::<Produce>(production).unwrap()
        });
        let mut ledger = Ledger::default();
        for round in 0..40 {
            for _ in 0..=round {
                ledger.enter(&get(&mut consumer));
            }
            let pids = pool.worker_pids();
            if let Some(pid) = pids.get(round % pids.len().max(1)) {
                kill_if_there(*pid, Signal::SIGKILL);
            }
        }
        assert!(ledger.0.len() > 3, "replacements have put as well");
        let pids = pool.worker_pids();
        pool.terminate();
        assert!(eventually(10, || pids.iter().all(|pid| !is_alive(*pid))));
        let mut left = 0;
        while let Ok(parcel) = consumer.try_get() {
            ledger.enter(&parcel);
            left += 1;
        }
        assert!(left <= 20, "{left}");
        // All the room is there again.
        let mut producer = queue.producer().unwrap();
        for number in 0..20 {
            producer.try_put(&Parcel::new(1, number, 9)).unwrap();
        }
        let error = producer.try_put(&Parcel::new(1, 20, 9));
        assert_eq!(error, Err(QueueError::Full));
    });
}

#[test]
fn a_stopped_worker_in_the_middle_of_a_put_lets_time_limits_hold() {
    within(60, || {
        let pool = pool(1);
        let queue = Queue::<Parcel>::builder().room(1 << 20).build().unwrap();
        let (mut consumer, mut producer) = (queue.consumer().unwrap(), queue.producer().unwrap());
        let mut large = production(queue.producer_ticket(), 1);
        large.load_bytes = 50 << 20;
        let task = pool.submit::<Produce>(large).unwrap();
        // It has begun, and waits for room with the producers' lock.
        assert!(queue.wait_for_producers(2, LONG));
        let short = Duration::from_millis(200);
        let small = Parcel::new(1, 0, 0);
        assert!(eventually(20, || producer.put_timeout(&small, short)
            == Err(QueueError::Full)));
        let pid = pool.worker_pids()[0];
        kill(pid, Signal::SIGSTOP);
        while consumer.try_get().is_ok() {}
        assert_eq!(consumer.get_timeout(short), Err(QueueError::Empty));
        assert_eq!(producer.put_timeout(&small, short), Err(QueueError::Full));
        kill(pid, Signal::SIGKILL);
        task.wait().unwrap_err();
        producer.put_timeout(&small, LONG).unwrap();
        assert_eq!(get(&mut consumer), small);
    });
}

#[test]
fn the_successor_of_a_killed_consumer_gets_what_is_left() {
    within(60, || {
        let (pool, queue) = (pool(1), Queue::<Parcel>::bounded(100).unwrap());
        let mut producer = queue.producer().unwrap();
        for number in 0..20 {
            producer.put(&Parcel::new(1, number, 500_000)).unwrap();
        }
        let mut short = consumption(queue.consumer_ticket(), 5);
        short.then = Then::Die;
        pool.submit::<Consume>(short).unwrap().wait().unwrap_err();
        let more = Parcel::new(1, 20, 0);
        assert_eq!(producer.put(&more), Err(QueueError::Closed));
        let next = consumption(queue.consumer_ticket(), 16);
        let task = pool.submit::<Consume>(next).unwrap();
        assert!(eventually(20, || producer.put(&more) == Ok(())));
        let expected: Vec<_> = (5..21).map(|number| (1, number)).collect();
        assert_eq!(task.wait(), Ok(expected));
    });
}

#[test]
fn a_producer_that_waits_hears_of_the_consumers_death() {
    within(60, || {
        let (pool, queue) = (pool(1), Queue::<Parcel>::bounded(1).unwrap());
        let task = pool
            .submit::<Consume>(consumption(queue.consumer_ticket(), u64::MAX))
            .unwrap();
        assert!(queue.wait_for_consumer(LONG));
        let pid = pool.worker_pids()[0];
        let mut producer = queue.producer().unwrap();
        kill(pid, Signal::SIGSTOP);
        let parcel = Parcel::new(1, 0, 0);
        assert!(eventually(20, || producer.try_put(&parcel) == Err(QueueError::Full)));
        let waiting = thread::spawn(move || producer.put(&parcel));
        kill(pid, Signal::SIGKILL);
        assert_eq!(waiting.join().unwrap(), Err(QueueError::Closed));
        task.wait().unwrap_err();
    });
}

#[test]
fn a_worker_that_never_opens_its_end_is_waited_for_with_patience() {
    within(60, || {
        let patience = Duration::from_millis(100);
        let nobody = QueueError::NobodyThere { waited: patience };
        let pool = pool(1);
        let queue = || {
            let builder = Queue::<Parcel>::builder().capacity(1);
            builder.patience(patience).build().unwrap()
        };
        let (there, back) = (queue(), queue());
        let _asleep = pool.submit::<Fault>(sleep(30_000)).unwrap();
        let mut producer = there.producer().unwrap();
        let parcel = Parcel::new(1, 0, 0);
        producer.put(&parcel).unwrap();
        assert_eq!(producer.put(&parcel).as_ref(), Err(&nobody));
        assert_eq!(back.consumer().unwrap().get(), Err(nobody));
    });
}

#[test]
fn fifty_megabytes_go_there_and_back() {
    within(60, || {
        let pool = pool(1);
        let (questions, answers) = (
            Queue::<Bytes>::bounded(4).unwrap(),
            Queue::bounded(4).unwrap(),
        );
        let input = (questions.consumer_ticket(), answers.producer_ticket());
        let task = pool.submit::<Answer>(input).unwrap();
        let (mut ask, mut hear) = (questions.producer().unwrap(), answers.consumer().unwrap());
        let pattern: Vec<u8> = (0..50_u32 << 20)
            .map(|n| (n % 251).to_le_bytes()[0])
            .collect();
        let large = Bytes(pattern);
        for _ in 0..3 {
            ask.put(&large).unwrap();
            assert!(hear.get_timeout(LONG).unwrap() == large);
        }
        drop((ask, questions));
        assert_eq!(task.wait(), Ok(3));
    });
}

#[test]
fn all_done_is_reported_across_processes_and_so_is_a_death() {
    within(60, || {
        let pool = pool(1);
        let queue = JoinableQueue::<Parcel>::bounded(10).unwrap();
        let mut producer = queue.producer().unwrap();
        producer.put(&Parcel::new(1, 0, 0)).unwrap();
        producer.put(&Parcel::new(1, 1, 0)).unwrap();
        let mut got_one = consumption(queue.consumer_ticket(), 1);
        got_one.then = Then::Die;
        let task = pool.submit::<Consume>(got_one).unwrap();
        assert_eq!(queue.join(), Err(QueueError::Abandoned { unfinished: 2 }));
        task.wait().unwrap_err();
        let mut consumer = queue.consumer().unwrap();
        consumer.get().unwrap();
        consumer.task_done().unwrap();
        assert_eq!(queue.join(), Err(QueueError::Lost { items: 1 }));
    });
}

#[test]
fn tickets_work_on_threads_as_well() {
    within(60, || {
        let pool = Pool::builder()
            .workers(3)
            .threads(brigade_worker::jobs::registry())
            .start()
            .unwrap();
        let queue = Queue::<Parcel>::bounded(5).unwrap();
        let getting = pool
            .submit::<Consume>(consumption(queue.consumer_ticket(), u64::MAX))
            .unwrap();
        let putting = [(); 2].map(|()| {
            pool.submit::<Produce>(production(queue.producer_ticket(), 5_000))
                .unwrap()
        });
        assert!(putting.into_iter().all(|task| task.wait() == Ok(5_000)));
        drop(queue);
        assert_eq!(getting.wait().unwrap().len(), 10_000);
    });
}

#[test]
fn a_ticket_of_a_dropped_queue_says_so() {
    within(60, || {
        let (pool, queue) = (pool(1), Queue::bounded(5).unwrap());
        let ticket = queue.producer_ticket();
        drop(queue);
        let error = pool
            .submit::<Produce>(production(ticket, 1))
            .unwrap()
            .wait();
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("the queue of this ticket is gone"),
            "{error}"
        );
    });
}

#[test]
fn two_hundred_ends_leave_no_descriptor_in_their_worker() {
    within(60, || {
        let (pool, queue) = (pool(1), Queue::<Parcel>::bounded(5).unwrap());
        let descriptors = || {
            let list = pool.submit::<Fault>(Misdeed::ListDescriptors).unwrap();
            list.wait().unwrap_err().to_string()
        };
        let before = descriptors();
        let mut consumer = queue.consumer().unwrap();
        for _ in 0..200 {
            let task = pool.submit::<Produce>(production(queue.producer_ticket(), 1));
            assert_eq!(task.unwrap().wait(), Ok(1));
            get(&mut consumer);
        }
        assert_eq!(descriptors(), before);
        let again = pool.submit::<Produce>(production(queue.producer_ticket(), 1));
        assert_eq!(again.unwrap().wait(), Ok(1), "same worker, next end");
    });
}
