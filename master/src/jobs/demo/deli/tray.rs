//! The tray: check, then place, while somebody moves it.

use anyhow::Context;
use brigade::{
    Handle,
    sync::{Event, Mutex, Value},
};
use brigade_protocol::jobs::deli::{MoveTray, Place, Placed, Round, Station};

use super::DeliArgs;
use crate::{
    cli::{Common, Done, Narrator},
    report::deli::{DeliReport, TrayRace},
};

pub(super) fn race(
    args: &DeliArgs,
    common: &Common,
    narrator: &Narrator,
    report: &mut DeliReport<'_>,
) -> anyhow::Result<Done> {
    let mut is_clean = true;
    for has_flag in [false, true] {
        if args.flag && !has_flag {
            continue;
        }
        let race = run(args, common, narrator, has_flag)?;
        is_clean &= !has_flag || race.on_floor == 0;
        report.raced(race).context("cannot write the report")?;
    }
    Ok(if is_clean { Done::Well } else { Done::Short })
}

fn run(
    args: &DeliArgs,
    common: &Common,
    narrator: &Narrator,
    has_flag: bool,
) -> anyhow::Result<TrayRace> {
    let stations = u32::try_from(args.chefs().len())?;
    let (tray, start, end) = (Value::new(0_u32)?, Event::new()?, Event::new()?);
    let flag = has_flag.then(|| Mutex::new(())).transpose()?;
    let flag = flag.as_ref();
    // The owner and the chefs all at once, however many cores there are.
    let pool = common.pool("deli tray", narrator);
    let pool = Common::start(pool.workers(stations as usize + 1))?;
    let chefs = (0..stations)
        .map(|number| {
            pool.submit::<Place>(Station {
                number,
                tray: tray.ticket(),
                flag: flag.map(Mutex::ticket),
                start: start.ticket(),
                sandwiches: args.sandwiches,
            })
        })
        .collect::<Result<Vec<Handle<Place>>, _>>()?;
    let owner = pool.submit::<MoveTray>(Round {
        stations,
        tray: tray.ticket(),
        flag: flag.map(Mutex::ticket),
        start: start.ticket(),
        end: end.ticket(),
    })?;
    start.set();
    let placed: Result<Vec<Placed>, _> = chefs.into_iter().map(Handle::wait).collect();
    end.set();
    let moves = owner.wait();
    pool.join();
    let placed = placed?;
    Ok(TrayRace {
        has_flag,
        on_tray: placed.iter().map(|placed| placed.on_tray).sum(),
        on_floor: placed.iter().map(|placed| placed.on_floor).sum(),
        moves: moves?,
    })
}
