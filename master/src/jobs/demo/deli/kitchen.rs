//! The kitchen: one list of orders, and chefs who empty it.

use std::time::Duration;

use anyhow::Context;
use brigade::{
    Handle, Pool, Queue, TaskError,
    queue::{Consumer, QueueError},
    sync::{Array, Event, Item, SharedList},
};
use brigade_protocol::{
    clock,
    jobs::deli::{Cook, Made, OPEN, ORDERS, Shift},
};

use super::DeliArgs;
use crate::{
    cli::{Common, Done, Narrator, signals},
    report::{counted, deli::DeliReport},
};

/// How often the master looks whether all chefs have gone home.
const LOOK: Duration = Duration::from_millis(20);

/// How long all chefs are waited for, so that they begin together.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets the chefs cook, and reports what is made as it is made.
pub(super) fn cook(
    args: &DeliArgs,
    common: &Common,
    narrator: &Narrator,
    report: &mut DeliReport<'_>,
) -> anyhow::Result<Done> {
    let mut kitchen = Kitchen::open(args, common, narrator)?;
    kitchen.watch(report)?;
    let (failures, made) = kitchen.close(narrator);
    let left = made.iter().filter(|made| !**made).count();
    if left > 0 && signals::caught().is_none() {
        narrator.say(&format!("{} not made", counted(left as u64, "order")));
    }
    Ok(if failures > 0 || left > 0 {
        Done::InPart
    } else {
        Done::Well
    })
}

/// The chefs at work.
struct Kitchen {
    pool: Pool,
    at_work: Vec<Handle<Cook>>,
    /// What the chefs tell.
    news: Consumer<Made>,
    /// Kept for whoever comes in a chef's place and opens it anew.
    _shared: (SharedList, Array<u32>, Event, Queue<Made>),
    began_ns: u64,
    /// Which orders are known to be made.
    made: [bool; ORDERS.len()],
}

impl Kitchen {
    /// Hires the chefs and gives them the list.
    fn open(args: &DeliArgs, common: &Common, narrator: &Narrator) -> anyhow::Result<Self> {
        let orders = SharedList::new(ORDERS.map(Item::from))?;
        let states = Array::new(&[OPEN; ORDERS.len()])?;
        let (start, queue) = (Event::new()?, Queue::builder().build()?);
        let news = queue.consumer()?;
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
        let at_work = (0..u32::try_from(chefs)?)
            .map(|chef| pool.submit::<Cook>(shift(chef)))
            .collect::<Result<_, _>>()?;
        // One who does not come in time finds what the others have left.
        let _ = queue.wait_for_producers(u32::try_from(chefs)?, PATIENCE);
        let began_ns = clock::monotonic_ns();
        start.set();
        Ok(Self {
            pool,
            at_work,
            news,
            _shared: (orders, states, start, queue),
            began_ns,
            made: [false; ORDERS.len()],
        })
    }

    /// Reports what is made until all chefs have gone home.
    fn watch(&mut self, report: &mut DeliReport<'_>) -> anyhow::Result<()> {
        loop {
            match self.news.get_timeout(LOOK) {
                Ok(one) => {
                    // Somebody who died between telling and ticking off has told already.
                    let is_news = self
                        .made
                        .get_mut(one.order as usize)
                        .is_some_and(|made| !std::mem::replace(made, true));
                    if is_news {
                        let at = Duration::from_nanos(one.at_ns.saturating_sub(self.began_ns));
                        report
                            .made(at, one.chef, &one.name)
                            .context("cannot write the report")?;
                    }
                }
                Err(QueueError::Empty) if self.at_work.iter().all(Handle::is_done) => return Ok(()),
                Err(QueueError::Empty) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the chefs. Returns how many of them came to grief, and which orders were made.
    fn close(self, narrator: &Narrator) -> (usize, [bool; ORDERS.len()]) {
        let mut failures = 0;
        for outcome in self.at_work.into_iter().map(Handle::wait) {
            match outcome {
                Ok(_) => {}
                Err(TaskError::Cancelled) if signals::caught().is_some() => {}
                Err(error) => {
                    failures += 1;
                    narrator.say(&format!("error: {error}"));
                }
            }
        }
        self.pool.join();
        (failures, self.made)
    }
}
