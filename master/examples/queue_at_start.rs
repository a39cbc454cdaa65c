//! Workers that are handed an end of a queue when they start, as `Pool(initializer=…, initargs=(queue,))` does in
//! Python: the initialiser opens it, and every task of that worker uses it.
//!
//! `cargo run --example queue_at_start`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example")]

use std::{process::ExitCode, time::Duration};

use brigade::{
    Pool, Queue, Registry, Task,
    queue::{Producer, ProducerTicket, QueueError},
};

/// What a worker says on its way: its process id and how far it has come.
type Progress = (u32, u64);

/// Opens the end that a worker keeps.
struct OpenProgress;

impl Task for OpenProgress {
    const KIND: &'static str = "example.open_progress";
    type Input = ProducerTicket<Progress>;
    type Output = ();
}

/// Adds numbers up, and says after each million where it is.
struct Sum;

impl Task for Sum {
    const KIND: &'static str = "example.sum";
    type Input = u64;
    type Output = u64;
}

/// The end of the queue that belongs to this worker.
struct End(Producer<Progress>);

fn main() -> ExitCode {
    let mut registry = Registry::new();
    registry.register::<OpenProgress, _>(|ticket, context| {
        context.state(|_| ticket.open().map(End))?;
        Ok(())
    });
    registry.register::<Sum, _>(|limit, context| {
        let end = context.state(|_| Err::<End, _>(QueueError::Gone))?;
        let mut sum = 0;
        for number in 0..=limit {
            sum += number;
            if number > 0 && number % 1_000_000 == 0 {
                end.0.put(&(std::process::id(), number))?;
            }
        }
        Ok(sum)
    });
    if let Some(end) = brigade::worker_role(&registry) {
        return end;
    }
    match add() {
        Ok(text) => println!("{text}"),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn add() -> Result<String, Box<dyn std::error::Error>> {
    let progress = Queue::bounded(100)?;
    let consumer = progress.consumer()?;
    let pool = Pool::builder()
        .workers(2)
        .initializer::<OpenProgress>(progress.producer_ticket())?
        .this_executable()?
        .start()?;
    let sums = pool.map_async::<Sum, _>([3_000_000, 2_000_000]);
    // From here on the queue ends with its last producer.
    if !progress.wait_for_producers(2, Duration::from_mins(1)) {
        return Err("no worker has opened its end".into());
    }
    drop(progress);
    let total: u64 = sums.wait().into_iter().sum::<Result<u64, _>>()?;
    pool.join();
    let steps = consumer.collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{total}, told in {} steps", steps.len()))
}
