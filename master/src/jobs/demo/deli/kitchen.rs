//! The kitchen: one list of orders, and chefs who empty it.

use std::time::Duration;

use anyhow::Context;
use brigade::{
    Handle, Queue, TaskError,
    queue::QueueError,
    sync::{Array, Event, Item, SharedList},
};
use brigade_protocol::{
    clock,
    jobs::deli::{Cook, OPEN, ORDERS, Shift},
};

use super::DeliArgs;
use crate::{
    cli::{Common, Done, Narrator, signals},
    report::deli::DeliReport,
};

/// How often the master looks whether all chefs have gone home.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn cook(
    args: &DeliArgs,
    common: &Common,
    narrator: &Narrator,
    report: &mut DeliReport<'_>,
) -> anyhow::Result<Done> {
    let orders = SharedList::new(ORDERS.map(Item::from))?;
    let states = Array::new(&[OPEN; ORDERS.len()])?;
    let (start, queue) = (Event::new()?, Queue::builder().build()?);
    let mut news = queue.consumer()?;
    let chefs = args.chefs().len();
    let pool = Common::start(common.pool("deli", narrator).workers(chefs))?;
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    let shift = |chef| Shift {
        chef,
        orders: orders.ticket(),
        states: states.ticket(),
        made: queue.producer_ticket(),
        start: start.ticket(),
        least: args.seconds,
        seed,
    };
    let mut at_work = (0..u32::try_from(chefs)?)
        .map(|chef| pool.submit::<Cook>(shift(chef)))
        .collect::<Result<Vec<Handle<Cook>>, _>>()?;
    let began = clock::monotonic_ns();
    start.set();
    let (mut made, mut failures) = ([false; ORDERS.len()], 0);
    loop {
        match news.get_timeout(LOOK) {
            Ok(one) => {
                // Somebody who died between telling and ticking off has told already.
                let is_news = made
                    .get_mut(one.order as usize)
                    .is_some_and(|made| !std::mem::replace(made, true));
                if is_news {
                    let at = Duration::from_nanos(one.at_ns.saturating_sub(began));
                    report
                        .made(at, one.chef, &one.name)
                        .context("cannot write the report")?;
                }
            }
            Err(QueueError::Empty) if at_work.iter().all(Handle::is_done) => break,
            Err(QueueError::Empty) => {}
            Err(error) => return Err(error.into()),
        }
    }
    for outcome in at_work.drain(..).map(Handle::wait) {
        match outcome {
            Ok(_) => {}
            Err(TaskError::Cancelled) if signals::caught().is_some() => {}
            Err(error) => {
                failures += 1;
                narrator.say(&format!("error: {error}"));
            }
        }
    }
    pool.join();
    let left = made.iter().filter(|made| !**made).count();
    if left > 0 && signals::caught().is_none() {
        narrator.say(&format!("{left} orders were not made"));
    }
    Ok(if failures > 0 || left > 0 {
        Done::InPart
    } else {
        Done::Well
    })
}
