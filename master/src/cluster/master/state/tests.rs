//! The state of a master, without a server.

use std::{sync::Arc, time::Duration};

use brigade_protocol::jobs::echo::Echo;
use serde_bytes::ByteBuf;

use super::*;
use crate::{
    cluster::{
        failure::Failure,
        wire::{Body, Chunk, Item, Report, decode},
    },
    pool::internals::{Ready, Stream},
};

struct Bench {
    state: State,
    stream: Arc<Stream>,
    kind: usize,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let mut state = State::new(1, 1 << 20);
        state.slots = 2;
        Self {
            kind: state.kind("echo"),
            state,
            stream: Arc::new(Stream::new(false)),
            now: Instant::now(),
        }
    }

    fn submit(&mut self, count: u64) {
        let first = self.state.stats.submitted;
        for position in first..first + count {
            let sink = Sink::Stream(Arc::clone(&self.stream), position);
            let input = Payload::from_slice(&[u8::try_from(position % 200).unwrap()]);
            let mut wakes = Wakes::default();
            self.state
                .submit(self.kind, input, sink, Terms::default(), &mut wakes);
        }
    }

    /// All chunks that leave now.
    fn parcels(&mut self) -> Vec<Chunk> {
        self.now += Duration::from_secs(1);
        let mut chunks = Vec::new();
        while let Some(parcel) = self.state.next_parcel(self.now) {
            chunks.push(decode::<Chunk>(&parcel.bytes).unwrap());
            self.state
                .chunks
                .get_mut(&parcel.chunk)
                .unwrap()
                .is_published = true;
        }
        chunks
    }

    /// The host's answer: what each input is.
    fn answer(chunk: &Chunk, cost_ns: u64) -> Report {
        let items = chunk.items().unwrap().into_iter().zip(0..);
        let items = items.map(|(input, index)| Item {
            index,
            print: print(&chunk.kind, input),
            outcome: Ok(ByteBuf::from(input)),
        });
        Report {
            master: chunk.master,
            chunk: chunk.chunk,
            attempt: chunk.attempt,
            host: "host".into(),
            cost_ns,
            body: Body::Items(items.collect()),
        }
    }

    fn report(&mut self, report: Report) {
        self.state.report(report, &mut Wakes::default());
    }

    /// Positions and outputs that have come since.
    fn outcomes(&self) -> Vec<(u64, Result<u64, TaskError>)> {
        let mut ready = Ready::default();
        self.stream.take_ready(&mut ready);
        std::iter::from_fn(|| ready.next::<Echo>()).collect()
    }
}

#[test]
fn chunks_grow_to_what_is_worth_the_way_once_the_cost_is_known() {
    let mut bench = Bench::new();
    bench.submit(10_000);
    let first = bench.parcels();
    assert_eq!(first.len(), 4, "two for each worker");
    assert!(first.iter().all(|chunk| chunk.items().unwrap().len() == 1));
    for chunk in &first {
        bench.report(Bench::answer(chunk, 1_000_000));
    }
    let second = bench.parcels();
    assert_eq!(second.len(), 8, "four for each worker");
    assert!(
        second
            .iter()
            .all(|chunk| chunk.items().unwrap().len() == 75)
    );
    assert_eq!(second[0].cost_ns, 1_000_000);
}

#[test]
fn the_last_tasks_are_shared_out() {
    let mut bench = Bench::new();
    bench.submit(1);
    let first = bench.parcels();
    bench.report(Bench::answer(&first[0], 1_000_000));
    bench.submit(40);
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < 40 {
        let chunks = bench.parcels();
        sizes.extend(chunks.iter().map(|chunk| chunk.items().unwrap().len()));
        assert!(sizes.len() <= 8, "{sizes:?}");
    }
    assert_eq!(sizes[..3], [20, 10, 5]);
}

#[test]
fn every_task_has_one_outcome_however_often_its_chunk_is_answered() {
    let mut bench = Bench::new();
    bench.submit(3);
    let chunks = bench.parcels();
    assert_eq!(chunks.len(), 3);
    for _ in 0..3 {
        for chunk in chunks.iter().rev() {
            bench.report(Bench::answer(chunk, 10));
        }
    }
    let mut outcomes = bench.outcomes();
    outcomes.sort_by_key(|(position, _)| *position);
    assert_eq!(outcomes, [(0, Ok(0)), (1, Ok(1)), (2, Ok(2))]);
    assert_eq!((bench.state.open(), bench.state.stats.finished), (0, 3));
}

#[test]
fn what_makes_no_sense_is_dropped() {
    let mut bench = Bench::new();
    bench.submit(1);
    let chunks = bench.parcels();
    let mut odd = Bench::answer(&chunks[0], u64::MAX);
    odd.chunk = 77;
    bench.report(odd.clone());
    (odd.chunk, odd.master) = (0, 99);
    bench.report(odd);
    let mut odd = Bench::answer(&chunks[0], 1);
    if let Body::Items(items) = &mut odd.body {
        items[0].index = u32::MAX;
    }
    bench.report(odd);
    assert!(bench.outcomes().is_empty());
    bench.report(Bench::answer(&chunks[0], 1));
    assert_eq!(bench.outcomes(), [(0, Ok(0))]);
}

#[test]
fn a_lost_chunk_is_sent_again_with_another_attempt_and_either_answer_counts() {
    let mut bench = Bench::new();
    bench.submit(1);
    let first = bench.parcels();
    let later = bench.now + Duration::from_mins(1);
    let again = bench.state.again(later);
    let again = decode::<Chunk>(&again[0].bytes).unwrap();
    assert_eq!((first[0].attempt, again.attempt), (1, 2));
    assert_eq!(first[0].inputs, again.inputs);
    assert!(bench.state.again(later).is_empty(), "it has not left yet");
    bench.report(Bench::answer(&first[0], 1));
    bench.report(Bench::answer(&again, 1));
    assert_eq!(bench.outcomes(), [(0, Ok(0))]);
}

#[test]
fn what_an_earlier_master_knew_is_not_done_again() {
    let mut bench = Bench::new();
    bench.submit(2);
    let chunks = bench.parcels();
    let mut next = Bench::new();
    next.state.master = 2;
    next.state.is_resumed = true;
    next.report(Bench::answer(&chunks[0], 1));
    let mut failed = Bench::answer(&chunks[1], 1);
    if let Body::Items(items) = &mut failed.body {
        items[0].outcome = Err(Failure::Undelivered { deliveries: 5 });
    }
    next.report(failed);
    next.submit(2);
    assert_eq!(next.outcomes(), [(0, Ok(0))], "what failed is tried again");
    assert_eq!(next.parcels().len(), 1);
    // A host had it in hand when the first master died.
    next.report(Bench::answer(&chunks[1], 1));
    assert_eq!(next.outcomes(), [(1, Ok(1))]);
    assert_eq!(next.state.open(), 0);
}

#[test]
fn a_cancelled_task_is_over_wherever_it_is() {
    let mut bench = Bench::new();
    bench.submit(6);
    let chunks = bench.parcels();
    assert_eq!(chunks.len(), 4);
    let mut wakes = Wakes::default();
    assert!(bench.state.cancel(0, &mut wakes) && bench.state.cancel(5, &mut wakes));
    assert!(!bench.state.cancel(0, &mut wakes) && !bench.state.cancel(6, &mut wakes));
    bench.report(Bench::answer(&chunks[0], 1));
    let cancelled = bench.outcomes();
    assert_eq!(
        cancelled,
        [
            (0, Err(TaskError::Cancelled)),
            (5, Err(TaskError::Cancelled))
        ]
    );
    bench.state.give_up("no".into(), &mut wakes);
    assert_eq!(bench.outcomes().len(), 4);
    assert_eq!(bench.state.open(), 0);
}

#[test]
fn an_input_that_no_message_has_room_for_is_refused() {
    let mut bench = Bench::new();
    bench.state.max_input_bytes = 0;
    bench.submit(1);
    let outcomes = bench.outcomes();
    assert!(
        matches!(&outcomes[..], [(0, Err(TaskError::Input { .. }))]),
        "{outcomes:?}"
    );
}
