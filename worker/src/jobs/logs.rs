//! Logs: a client that sorts random collections, and sends a record of each step.

mod handler;
mod record;
mod sort;

use std::{io, process, time::Instant};

use brigade_protocol::jobs::logs::{ClientInput, LogClient, Sent};

use crate::Registry;
use handler::SocketHandler;

pub(super) fn register(registry: &mut Registry) {
    registry.register::<LogClient, _>(|input, _| {
        run(&input).map_err(|error| {
            let server = input.server;
            format!("the log server {server}: {error}").into()
        })
    });
}

/// How many numbers a collection has.
const FEWEST: usize = 3;
const MOST: usize = 10;

/// Sorts, and sends what there is to say about it.
fn run(input: &ClientInput) -> io::Result<Sent> {
    let began = Instant::now();
    let name = format!("app_{}", process::id());
    let logger = format!("{name}.{}", input.sorter.logger());
    let mut random = fastrand::Rng::with_seed(input.seed);
    let mut handler = SocketHandler::connect(input.server)?;
    let collections = input.collections.unwrap_or_else(|| random.u32(10..=20));
    let mut steps = 0;
    handler.info(&name, "run", &format!("sorting {collections} collections"))?;
    for _ in 0..collections {
        let size = random.usize(FEWEST..=MOST);
        let mut numbers: Vec<f64> = (0..size).map(|_| random.f64()).collect();
        handler.info(&logger, "sort", &format!("Sorting {size}"))?;
        let start = Instant::now();
        let taken = sort::sort(&mut numbers, input.sorter);
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let message = format!("Sorted {size} items in {taken} steps, {ms:.3} ms");
        handler.info(&logger, "sort", &message)?;
        steps += taken;
    }
    let entries = handler.records() + 1;
    let seconds = began.elapsed().as_secs_f64();
    handler.info(
        &name,
        "run",
        &format!("produced {entries} entries, taking {seconds:.6} s"),
    )?;
    let (records, bytes, fingerprint) = handler.close()?;
    Ok(Sent {
        name,
        records,
        bytes,
        collections: collections.into(),
        steps,
        fingerprint,
        took: began.elapsed(),
    })
}
