//! Ends in one process, opened separately or together.

use super::{frame::Header, *};
use std::{
    thread,
    time::{Duration, Instant},
};

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(20);

fn pair(capacity: usize) -> (Queue<u64>, Producer<u64>, Consumer<u64>) {
    let queue = Queue::bounded(capacity).unwrap();
    let (producer, consumer) = (queue.producer().unwrap(), queue.consumer().unwrap());
    (queue, producer, consumer)
}

#[test]
fn items_come_out_in_order_and_as_they_were() {
    let (queue, mut producer, mut consumer) = pair(1000);
    for round in 0..500_u64 {
        for n in 0..round % 7 {
            producer.put(&(round * 10 + n)).unwrap();
        }
        assert_eq!(queue.len() as u64, round % 7);
        for n in 0..round % 7 {
            assert_eq!(consumer.try_get(), Ok(round * 10 + n));
        }
        assert_eq!(consumer.try_get(), Err(QueueError::Empty));
    }
}

#[test]
fn capacity_is_exact_and_time_limits_hold() {
    let (_queue, mut producer, mut consumer) = pair(3);
    let mut other = producer.clone();
    producer.put(&1).unwrap();
    other.put(&2).unwrap();
    producer.try_put(&3).unwrap();
    assert_eq!(other.try_put(&4), Err(QueueError::Full));
    let began = Instant::now();
    let limit = Duration::from_millis(30);
    assert_eq!(other.put_timeout(&4, limit), Err(QueueError::Full));
    assert!(began.elapsed() >= limit);
    assert_eq!(consumer.get(), Ok(1));
    other.put_timeout(&4, LONG).unwrap();
    assert_eq!([(); 3].map(|()| consumer.get().unwrap()), [2, 3, 4]);
    let began = Instant::now();
    assert_eq!(consumer.get_timeout(limit), Err(QueueError::Empty));
    assert!(began.elapsed() >= limit);
}

#[test]
fn a_full_queue_wakes_who_waits_for_it() {
    let (_queue, mut producer, mut consumer) = pair(8);
    producer.put(&0).unwrap();
    let sum: u64 = thread::scope(|scope| {
        for _ in 0..3 {
            let mut producer = producer.clone();
            scope.spawn(move || (1..=20_000).for_each(|n| producer.put(&n).unwrap()));
        }
        (0..60_001)
            .map(|_| consumer.get_timeout(LONG).unwrap())
            .sum()
    });
    assert_eq!(sum, 3 * 20_000 * 20_001 / 2);
}

#[test]
fn large_items_pass_and_a_small_ring_lets_them_through_in_pieces() {
    let queue = Queue::<Bytes>::builder().room(1 << 20).build().unwrap();
    let mut consumer = queue.consumer().unwrap();
    let lengths = [
        0,
        1,
        300_000,
        500_000,
        800_000,
        5_000_000,
        3,
        1 << 20,
        9_000_000,
    ];
    thread::scope(|scope| {
        for _ in 0..2 {
            let mut producer = queue.producer_ticket().open().unwrap();
            scope.spawn(move || {
                for (number, length) in (0_u8..).zip(lengths) {
                    producer.put(&Bytes(vec![number; length])).unwrap();
                }
            });
        }
        let mut seen = [0; 9];
        for _ in 0..2 * lengths.len() {
            let item = consumer.get_timeout(LONG).unwrap();
            let number = item.first().map_or(0, |number| usize::from(*number));
            assert_eq!(item.0, vec![u8::try_from(number).unwrap(); lengths[number]]);
            seen[number] += 1;
        }
        assert_eq!(seen, [2; 9]);
    });
}

#[test]
fn a_put_in_pieces_that_is_given_up_leaves_nothing() {
    let queue = Queue::<Bytes>::builder().room(1 << 20).build().unwrap();
    let (mut producer, mut consumer) = (queue.producer().unwrap(), queue.consumer().unwrap());
    let large = Bytes(vec![7; 3 << 20]);
    let limit = Duration::from_millis(20);
    assert_eq!(producer.put_timeout(&large, limit), Err(QueueError::Full));
    assert!(matches!(
        producer.try_put(&large),
        Err(QueueError::TooLarge { .. })
    ));
    assert_eq!(consumer.try_get(), Err(QueueError::Empty));
    producer.put(&Bytes(vec![1, 2])).unwrap();
    assert_eq!(consumer.get().unwrap().0, [1, 2]);
    assert_eq!(consumer.try_get(), Err(QueueError::Empty));
}

#[test]
fn memory_that_was_needed_once_is_given_back() {
    let queue = Queue::<Bytes>::bounded(1000).unwrap();
    let (mut producer, mut consumer) = (queue.producer().unwrap(), queue.consumer().unwrap());
    let reserved = || queue.link().layout().reserved().load(SeqCst);
    for round in 0..3_u8 {
        for _ in 0..40 {
            producer.put(&Bytes(vec![round; 1_000_000])).unwrap();
        }
        assert!(reserved() >= 40_000_000);
        for _ in 0..40 {
            assert_eq!(consumer.get().unwrap().0, vec![round; 1_000_000]);
        }
        producer.put(&Bytes(vec![9])).unwrap();
        assert!(reserved() <= 8 << 20, "{}", reserved());
        assert_eq!(consumer.get().unwrap().0, [9]);
    }
}

#[test]
fn a_consumer_hears_of_the_end_once_nothing_is_left() {
    let (queue, mut producer, mut consumer) = pair(10);
    let ticket = queue.producer_ticket();
    producer.put(&1).unwrap();
    drop(producer);
    assert_eq!(consumer.get(), Ok(1));
    assert_eq!(
        consumer.try_get(),
        Err(QueueError::Empty),
        "one may still come"
    );
    let mut late = ticket.open().unwrap();
    drop(queue);
    assert_eq!(ticket.open().unwrap_err(), QueueError::Gone);
    late.put(&2).unwrap();
    let waiting = thread::spawn(move || (consumer.get(), consumer.get(), consumer.next()));
    thread::sleep(Duration::from_millis(20));
    drop(late);
    assert_eq!(
        waiting.join().unwrap(),
        (Ok(2), Err(QueueError::Closed), None)
    );
}

#[test]
fn a_producer_hears_that_the_consumer_has_closed_and_that_there_is_another() {
    let (queue, mut producer, consumer) = pair(1);
    producer.put(&1).unwrap();
    assert_eq!(queue.consumer().unwrap_err(), QueueError::Taken);
    let limit = Duration::from_millis(5);
    assert_eq!(
        queue.consumer_ticket().open(limit).unwrap_err(),
        QueueError::Taken
    );
    thread::scope(|scope| {
        let waiting = scope.spawn(|| producer.put(&2));
        thread::sleep(Duration::from_millis(20));
        drop(consumer);
        assert_eq!(waiting.join().unwrap(), Err(QueueError::Closed));
    });
    let mut consumer = queue.consumer_ticket().open(SECOND).unwrap();
    assert_eq!(consumer.get(), Ok(1), "it was still there");
    producer.put(&3).unwrap();
    assert_eq!(consumer.get(), Ok(3));
}

#[test]
fn nobody_waits_for_ever_for_somebody_who_never_comes() {
    let patience = Duration::from_millis(30);
    let builder = Queue::<u64>::builder().capacity(1).patience(patience);
    let queue = builder.build().unwrap();
    let nobody = QueueError::NobodyThere { waited: patience };
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(consumer.get().as_ref(), Err(&nobody));
    drop(consumer);
    let queue = Queue::<u64>::builder().capacity(1).patience(patience);
    let queue = queue.build().unwrap();
    let mut producer = queue.producer().unwrap();
    producer.put(&1).unwrap();
    assert_eq!(producer.put(&2), Err(nobody));
    assert!(!queue.wait_for_producers(2, patience));
    assert!(!queue.wait_for_consumer(patience));
}

#[test]
fn what_is_done_is_counted_and_what_is_lost_is_said() {
    let queue = JoinableQueue::<u64>::bounded(10).unwrap();
    let (mut producer, mut consumer) = (queue.producer().unwrap(), queue.consumer().unwrap());
    assert_eq!(queue.join(), Ok(()));
    assert_eq!(consumer.task_done(), Err(QueueError::TooManyDone));
    for n in 0..3 {
        producer.put(&n).unwrap();
    }
    consumer.get().unwrap();
    consumer.task_done().unwrap();
    assert_eq!(consumer.task_done(), Err(QueueError::TooManyDone));
    let limit = Duration::from_millis(5);
    assert_eq!(
        queue.join_timeout(limit),
        Err(QueueError::Unfinished { unfinished: 2 })
    );
    consumer.get().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| producer.join());
        drop(consumer);
        assert_eq!(
            waiting.join().unwrap(),
            Err(QueueError::Abandoned { unfinished: 2 })
        );
    });
    let mut another = queue.consumer().unwrap();
    assert_eq!(queue.unfinished(), 1);
    assert_eq!(another.get(), Ok(2));
    another.task_done().unwrap();
    assert_eq!(queue.join(), Err(QueueError::Lost { items: 1 }));
    assert_eq!(pair(1).2.task_done(), Err(QueueError::NotJoinable));
}

#[test]
fn an_item_of_another_type_is_refused_alone() {
    let queue = Queue::<u64>::bounded(10).unwrap();
    let link = queue.link();
    let mut wrong = Producer::<Vec<String>>::new(link.join_as_producer().unwrap());
    wrong.put(&vec!["text".into()]).unwrap();
    queue.producer().unwrap().put(&7).unwrap();
    let mut consumer = queue.consumer().unwrap();
    assert!(matches!(consumer.get(), Err(QueueError::Undecodable(_))));
    assert_eq!(consumer.get(), Ok(7));
}

#[test]
fn an_item_over_the_limit_is_refused_before_it_is_put() {
    let queue = Queue::<Bytes>::builder().item_limit(100).build().unwrap();
    let error = queue
        .producer()
        .unwrap()
        .put(&Bytes(vec![0; 100]))
        .unwrap_err();
    assert_eq!(
        error,
        QueueError::TooLarge {
            bytes: 101,
            limit: 100
        }
    );
    assert!(matches!(
        Queue::<u8>::bounded(0).unwrap_err(),
        QueueError::Impossible(_)
    ));
}

#[test]
fn memory_written_by_a_stranger_is_an_error_and_no_more() {
    for noise in [0xff_u8, 0, 4, 0x0b] {
        let (queue, mut producer, mut consumer) = pair(10);
        producer.put(&1).unwrap();
        queue.link().layout().0.write(0, &[noise; 8]);
        assert_eq!(consumer.try_get(), Err(QueueError::Corrupt), "{noise}");
    }
    // Skipping less than a header would never come to an end.
    let (queue, mut producer, mut consumer) = pair(10);
    producer.put(&1).unwrap();
    queue.link().layout().0.write(0, &Header::Skip(4).encode());
    assert_eq!(consumer.try_get(), Err(QueueError::Corrupt));
    // An item that is larger than the ring, and a tail that says it is all there.
    let (queue, mut producer, mut consumer) = pair(10);
    producer.put(&1).unwrap();
    let layout = queue.link().layout();
    let ring = layout.0.ring_bytes() as u64;
    layout.0.write(0, &Header::Whole(2 * ring).encode());
    let tail = queue.link().tail().plus(0, 4 * ring);
    layout.tail().store(tail.word(), SeqCst);
    assert_eq!(consumer.try_get(), Err(QueueError::Corrupt));
}

#[test]
fn a_part_of_the_room_is_there_at_least_while_the_consumer_is_at_work() {
    let queue = Queue::<Bytes>::builder().build().unwrap();
    let (mut producer, mut consumer) = (queue.producer().unwrap(), queue.consumer().unwrap());
    let item = Bytes(vec![7; 100_000]);
    // However far the queue has come, and whether it is empty then.
    for (items, left) in [(1, 0), (30, 0), (90, 0), (300, 0), (250, 5), (7, 5)] {
        for put in 0..items {
            producer.try_put(&item).unwrap();
            if put >= left {
                consumer.get().unwrap();
            }
        }
        let mut more = 0;
        while producer.try_put(&item).is_ok() {
            more += 1;
        }
        assert!(more >= 30, "{more} after {items}");
        while consumer.try_get().is_ok() {}
    }
}

#[test]
fn an_item_half_of_which_was_got_by_a_dead_consumer_is_lost_and_nobody_waits_for_it() {
    let queue = JoinableQueue::<Bytes>::bounded(10).unwrap();
    let (mut producer, mut dead) = (queue.producer().unwrap(), queue.consumer().unwrap());
    producer.put(&Bytes(vec![7; 300 << 10])).unwrap();
    producer.put(&Bytes(vec![8])).unwrap();
    dead.take_a_frame();
    drop(dead);
    let mut next = queue.consumer().unwrap();
    assert_eq!(next.get().unwrap().0, [8]);
    next.task_done().unwrap();
    assert_eq!(queue.join_timeout(LONG), Err(QueueError::Lost { items: 1 }));
}
