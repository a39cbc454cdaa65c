//! `master classify`, told from start to end.
//!
//! As in `factor`, one thread reads and cuts the input, because a read may wait for ever; everything else happens
//! here, as news comes. The reader needs a ticket for each batch and gets it back when the batch is shown, so an
//! endless input takes no more memory than a short one.

use std::{
    io::{self, BufWriter, Write},
    sync::mpsc::{self, Receiver, Sender},
};

use anyhow::{Context, anyhow};
use brigade::{Pool, TaskError};
use brigade_protocol::jobs::{
    classify::{ClassifyBlock, Rows, SAMPLES, Verdict},
    tune::TILE_ROWS,
};

use super::{
    ClassifyArgs,
    input::Input,
    source::{Batch, Known, Stopped, Wanted},
    training::Training,
};
use crate::{
    cli::{Common, Done, Narrator, signals},
    jobs::{
        order::Order,
        reading::{next, start_reader},
    },
    model::Model,
    report::{Format, classify::ClassifyReport},
    table::Table,
};

/// Batches on their way for each worker: some being computed, some waiting, some waiting to be shown.
const BATCHES_PER_WORKER: usize = 8;

/// A batch is this much work, if it is more than one tile of rows, where a unit is one feature of one pair of rows:
/// some milliseconds.
const BATCH_UNITS: usize = 1 << 23;

/// And has no more rows than this, nor more features.
const MOST_ROWS: usize = 1024;
const MOST_FEATURES: usize = 1 << 16;

/// What this job waits for.
enum News {
    Batch(Batch),
    Result(u64, Result<Vec<Verdict>, TaskError>),
    /// The input is at its end.
    End(Result<(), Stopped>),
}

/// Reads rows, has them classified, and shows the results in order.
pub(crate) fn run(args: &ClassifyArgs, common: &Common) -> anyhow::Result<Done> {
    let narrator = common.narrator();
    let model = Model::load(&args.model)?;
    let Training { table, layout } =
        Training::read(&model, args.data.as_deref(), args.labels.as_deref())?;
    if args.file == std::path::Path::new("-") {
        narrator.tell_of_terminal("samples, one a line,");
    }
    let input = Input::open(&args.file)?;
    let pool = {
        let segment = table.segment()?;
        let builder = common.pool("classify", &narrator);
        Common::start(builder.share(SAMPLES, segment.fd())?)?
    };
    let wanted = Wanted {
        layout,
        header: args.header,
        needs_class: args.check,
        batch_rows: batch_rows(&table),
    };
    let (tell, news) = mpsc::channel();
    let batches = common.workers() * BATCHES_PER_WORKER;
    let tickets = read(input, wanted, batches, tell.clone());
    let format = common.format_or(Format::Lines);
    let out = narrator.beside(io::stdout().lock());
    let mut desk = Desk {
        width: table.width,
        report: ClassifyReport::new(format, model.weights, &table.class_names)?,
        model,
        pool,
        tell,
        tickets,
        order: Order::new(),
        narrator,
        out: BufWriter::with_capacity(64 << 10, out),
        faults: 0,
        done: 0,
    };
    // What the workers have is theirs.
    drop(table);
    desk.work(&news)?;
    desk.finish(args.check)
}

/// Rows of a batch: whole tiles.
fn batch_rows(table: &Table) -> usize {
    let tile = TILE_ROWS as usize;
    let by_work = BATCH_UNITS / table.rows().saturating_mul(table.width).max(1);
    let most = by_work.min(MOST_FEATURES / table.width.max(1));
    most.clamp(tile, MOST_ROWS) / tile * tile
}

/// Starts to cut the input into batches.
fn read(input: Input, wanted: Wanted, batches: usize, tell: Sender<News>) -> Sender<()> {
    start_reader(batches, move |tickets| {
        let send = |batch| {
            tickets.recv().map_err(|_| Stopped::Unwanted)?;
            tell.send(News::Batch(batch)).map_err(|_| Stopped::Unwanted)
        };
        let end = input.feed(wanted, send);
        // If nobody listens any more, nobody misses it.
        let _ = tell.send(News::End(end));
    })
}

/// A batch on its way: its rows, and what they are made of.
struct Asked {
    rows: Vec<Known>,
    features: Vec<f64>,
}

/// Where batches become results.
struct Desk<W: Write> {
    model: Model,
    /// Features of a row.
    width: usize,
    pool: Pool,
    tell: Sender<News>,
    tickets: Sender<()>,
    order: Order<Asked, Result<Vec<Verdict>, TaskError>>,
    narrator: Narrator,
    report: ClassifyReport,
    out: W,
    /// Lines that were no rows, and rows that could not be classified.
    faults: u64,
    /// Rows that were shown.
    done: u64,
}

impl<W: Write> Desk<W> {
    /// Works until the input is at its end and everything is shown.
    fn work(&mut self, news: &Receiver<News>) -> anyhow::Result<()> {
        self.report.begin(&mut self.out)?;
        let mut end = None;
        while end.is_none() || !self.order.is_empty() {
            let Some(next) = next(news, &mut self.out)? else {
                break;
            };
            match next {
                News::Batch(batch) => self.submit(batch)?,
                News::Result(position, result) => {
                    self.order.put(position, result);
                    self.show()?;
                }
                News::End(how) => end = Some(how),
            }
        }
        match end {
            Some(Err(error)) => Err(anyhow!(error).context("the input cannot be read")),
            _ => Ok(()),
        }
    }

    fn submit(&mut self, batch: Batch) -> anyhow::Result<()> {
        for complaint in batch.complaints {
            self.fault(&complaint);
        }
        for note in batch.notes {
            self.narrator.say(&format!("warning: {note}"));
        }
        if batch.rows.is_empty() {
            let _ = self.tickets.send(());
            return Ok(());
        }
        let (rows, features) = (batch.rows, batch.features);
        let handle = self
            .pool
            .submit::<ClassifyBlock>(self.task(features.clone()))?;
        let position = self.order.expect(Asked { rows, features });
        let tell = self.tell.clone();
        handle.on_done(move |result| drop(tell.send(News::Result(position, result))));
        Ok(())
    }

    fn task(&self, features: Vec<f64>) -> Rows {
        Rows {
            k: self.model.k,
            distance: self.model.distance,
            weights: self.model.weights,
            scale: self.model.scale,
            features,
        }
    }

    /// Shows what is next in order, as far as it is there.
    fn show(&mut self) -> anyhow::Result<()> {
        while let Some((asked, result)) = self.order.next() {
            match result {
                Ok(verdicts) => self.write(&asked.rows, &verdicts)?,
                // The user has seen enough; that is no fault of the rows.
                Err(TaskError::Cancelled) if signals::caught().is_some() => {}
                Err(error) if asked.rows.len() == 1 => self.fault_of(&asked.rows[0], &error),
                Err(_) => self.one_by_one(&asked)?,
            }
            self.done += asked.rows.len() as u64;
            self.narrator.tally(self.done, "rows");
            // The reader may have ended.
            let _ = self.tickets.send(());
        }
        Ok(())
    }

    fn write(&mut self, rows: &[Known], verdicts: &[Verdict]) -> anyhow::Result<()> {
        if rows.len() != verdicts.len() {
            let (found, expected) = (verdicts.len(), rows.len());
            return Err(anyhow!(
                "a worker classified {found} rows of {expected}: rebuild master and worker together"
            ));
        }
        for (known, verdict) in rows.iter().zip(verdicts) {
            let class = known.class.as_deref();
            self.report
                .write(known.row, class, verdict, &mut self.out)
                .context("cannot write the results")?;
        }
        Ok(())
    }

    /// One row of a batch was too much: the others are done without it.
    fn one_by_one(&mut self, asked: &Asked) -> anyhow::Result<()> {
        let tasks = asked.features.chunks(self.width);
        let tasks: Vec<Rows> = tasks.map(|features| self.task(features.to_vec())).collect();
        let results: Vec<_> = self.pool.map::<ClassifyBlock, _>(tasks).collect();
        for (known, result) in asked.rows.iter().zip(results) {
            match result {
                Ok(verdicts) => self.write(std::slice::from_ref(known), &verdicts)?,
                // Its place among these rows says nothing to whoever gave them.
                Err(error) => self.fault_of(known, &error.without_input_index()),
            }
        }
        Ok(())
    }

    fn fault_of(&mut self, known: &Known, error: &TaskError) {
        let place = match known.line {
            Some(line) => format!("line {line}"),
            None => format!("row {}", known.row),
        };
        self.fault(&format!("{place}: {error}"));
    }

    fn fault(&mut self, what: &str) {
        self.faults += 1;
        self.narrator.say(&format!("error: {what}"));
    }

    /// Says what stands after the results.
    fn finish(mut self, is_checked: bool) -> anyhow::Result<Done> {
        self.pool.join();
        self.narrator.finish();
        self.report
            .finish(&mut self.out)
            .and_then(|()| self.out.flush())
            .context("cannot write the report")?;
        if is_checked {
            self.narrator.say(&self.report.accuracy());
        }
        Ok(if self.faults == 0 {
            Done::Well
        } else {
            Done::InPart
        })
    }
}
