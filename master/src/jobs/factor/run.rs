//! `master factor`, told from start to end.
//!
//! One thread reads and cuts the input, because a read may wait for ever; everything else happens here, as
//! news comes: a batch is submitted, a result is put in order and shown. The reader needs a ticket for each
//! batch and gets it back when the batch is shown, so an endless input takes no more memory than a short one.

use std::{
    io::{self, BufWriter, Write},
    sync::mpsc::{self, Receiver, Sender},
    time::Instant,
};

use anyhow::{Context, bail};
use brigade::{Pool, TaskError};
use brigade_protocol::jobs::factor::{Chunk, FactorChunk, Factors, Method};

use super::{
    FactorArgs,
    source::{Batch, Source, Stopped, Unwanted},
};
use crate::{
    cli::{Common, Done, Narrator, signals},
    jobs::{
        order::Order,
        reading::{next, start_reader},
    },
    report::{Format, factor::FactorReport},
};

/// Batches on their way for each worker: some being computed, some waiting, some waiting to be shown.
const BATCHES_PER_WORKER: usize = 16;

/// What this job waits for.
enum News {
    Batch(Batch),
    Result(u64, Result<Factors, TaskError>),
    /// The input is at its end.
    End(io::Result<()>),
}

/// Reads numbers, has them factored, and shows the results in order.
pub(crate) fn run(args: &FactorArgs, common: &Common) -> anyhow::Result<Done> {
    let began = Instant::now();
    let narrator = common.narrator();
    let mut source = args.source();
    if matches!(source, Source::Input) {
        narrator.tell_of_terminal("numbers, one or many a line,");
    }
    if common.is_elsewhere() {
        seed(&mut source, common.is_resumed(), &narrator)?;
    }
    let numbers = Numbers {
        source,
        method: args.method(),
    };
    let report = FactorReport::new(common.format_or(Format::Lines), args.primes);
    let out = BufWriter::with_capacity(64 << 10, narrator.beside(io::stdout().lock()));
    let Factored {
        report,
        mut out,
        faults,
        workers,
    } = factor(numbers, report, common, &narrator, out)?;
    narrator.finish();
    report
        .finish(workers, began.elapsed(), &mut out)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(match faults {
        0 if report.found_nothing() => Done::WithNothing,
        0 => Done::Well,
        _ => Done::InPart,
    })
}

/// Random numbers for other machines have a seed that is known, so that their job can be resumed.
fn seed(source: &mut Source, is_resumed: bool, narrator: &Narrator) -> anyhow::Result<()> {
    let Source::Random(random) = source else {
        return Ok(());
    };
    if random.seed.is_some() {
        return Ok(());
    }
    if is_resumed {
        bail!(
            "--resume-job goes on with the same numbers: give the --seed that the first run told"
        );
    }
    let seed = fastrand::u64(..);
    random.seed = Some(seed);
    narrator.say(&format!("random numbers of --seed {seed}"));
    Ok(())
}

/// What is to be factored.
#[derive(Debug, Clone)]
pub(crate) struct Numbers {
    pub(crate) source: Source,
    pub(crate) method: Method,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Factored<W> {
    pub(crate) report: FactorReport,
    pub(crate) out: W,
    /// Words that were no numbers, and numbers that could not be done.
    pub(crate) faults: u64,
    pub(crate) workers: usize,
}

/// Has numbers factored by a pool of its own, and writes the results in order.
pub(crate) fn factor<W: Write>(
    numbers: Numbers,
    report: FactorReport,
    common: &Common,
    narrator: &Narrator,
    out: W,
) -> anyhow::Result<Factored<W>> {
    let pool = common.start_anywhere(common.pool("factor", narrator))?;
    let (tell, news) = mpsc::channel();
    let method = numbers.method;
    let expected = numbers.source.count();
    let batches = common.workers() * BATCHES_PER_WORKER * common.depth();
    let tickets = read(numbers, batches, tell.clone());
    let mut desk = Desk {
        method,
        pool,
        tell,
        tickets,
        order: Order::new(),
        narrator: narrator.clone(),
        report,
        out,
        faults: 0,
        expected,
        done: 0,
    };
    desk.work(&news)?;
    let workers = desk.pool.stats().workers;
    desk.pool.join();
    Ok(Factored {
        report: desk.report,
        out: desk.out,
        faults: desk.faults,
        workers,
    })
}

/// Starts to cut the input into batches.
fn read(numbers: Numbers, batches: usize, tell: Sender<News>) -> Sender<()> {
    let Numbers { source, method } = numbers;
    start_reader(batches, move |tickets| {
        let send = |batch| {
            tickets.recv().map_err(|_| Unwanted)?;
            tell.send(News::Batch(batch)).map_err(|_| Unwanted)
        };
        let end = match source.feed(method, send) {
            Ok(()) => Ok(()),
            Err(Stopped::Unreadable(error)) => Err(error),
            Err(Stopped::Unwanted) => return,
        };
        // If nobody listens any more, nobody misses it.
        let _ = tell.send(News::End(end));
    })
}

/// Where batches become results.
struct Desk<W: Write> {
    method: Method,
    pool: Pool,
    tell: Sender<News>,
    tickets: Sender<()>,
    order: Order<Vec<u128>, Result<Factors, TaskError>>,
    narrator: Narrator,
    report: FactorReport,
    out: W,
    /// Words that were no numbers, and numbers that could not be done.
    faults: u64,
    /// How many numbers there are, if that is known.
    expected: Option<u64>,
    done: u64,
}

impl<W: Write> Desk<W> {
    /// Works until the input is at its end and everything is shown.
    fn work(&mut self, news: &Receiver<News>) -> anyhow::Result<()> {
        self.report.begin(&mut self.out)?;
        let mut has_ended = false;
        while !has_ended || !self.order.is_empty() {
            let Some(next) = next(news, &mut self.out)? else {
                break;
            };
            match next {
                News::Batch(batch) => self.submit(batch)?,
                News::Result(position, result) => {
                    self.order.put(position, result);
                    self.show().context("cannot write the results")?;
                }
                News::End(end) => {
                    end.context("cannot read standard input")?;
                    has_ended = true;
                }
            }
        }
        Ok(())
    }

    fn submit(&mut self, batch: Batch) -> anyhow::Result<()> {
        for complaint in batch.complaints {
            self.fault(&complaint);
        }
        if batch.numbers.is_empty() {
            let _ = self.tickets.send(());
            return Ok(());
        }
        let handle = self.pool.submit::<FactorChunk>(Chunk {
            method: self.method,
            numbers: batch.numbers.clone(),
        })?;
        let position = self.order.expect(batch.numbers);
        let tell = self.tell.clone();
        handle.on_done(move |result| drop(tell.send(News::Result(position, result))));
        Ok(())
    }

    /// Shows what is next in order, as far as it is there.
    fn show(&mut self) -> io::Result<()> {
        while let Some((numbers, result)) = self.order.next() {
            match result {
                Ok(factors) => self.report.write(&numbers, &factors, &mut self.out)?,
                // The user has seen enough; that is no fault of the numbers.
                Err(TaskError::Cancelled) if signals::caught().is_some() => {}
                Err(error) if numbers.len() == 1 => {
                    self.fault(&format!("{}: {error}", numbers[0]));
                }
                Err(_) => self.one_by_one(&numbers)?,
            }
            self.done += numbers.len() as u64;
            self.show_progress();
            // The reader may have ended.
            let _ = self.tickets.send(());
        }
        Ok(())
    }

    fn show_progress(&self) {
        let done = self.done;
        match self.expected {
            Some(all) => {
                let fraction = done as f64 / all.max(1) as f64;
                self.narrator.progress(fraction, done, "numbers");
            }
            None => self.narrator.tally(done, "numbers"),
        }
    }

    /// One number of a chunk was too much: the others are done without it.
    fn one_by_one(&mut self, numbers: &[u128]) -> io::Result<()> {
        let method = self.method;
        let chunks = numbers.iter().map(|&number| Chunk {
            method,
            numbers: vec![number],
        });
        let results: Vec<_> = self.pool.map::<FactorChunk, _>(chunks).collect();
        for (number, result) in numbers.iter().zip(results) {
            match result {
                Ok(factors) => self.report.write(&[*number], &factors, &mut self.out)?,
                Err(error) => {
                    // Its place among these numbers says nothing to whoever gave them.
                    let error = error.without_input_index();
                    self.fault(&format!("{number}: {error}"));
                }
            }
        }
        Ok(())
    }

    fn fault(&mut self, what: &str) {
        self.faults += 1;
        self.narrator.say(&format!("error: {what}"));
    }
}
