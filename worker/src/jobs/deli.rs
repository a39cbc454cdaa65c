//! Deli: cooks orders; places sandwiches on a tray that somebody moves.

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use brigade_protocol::{
    clock,
    jobs::deli::{Cook, MADE, Made, MoveTray, OPEN, Place, Placed, Round, Shift, Station, taken},
    sync::{Array, Event, Item, Mutex, MutexGuard, SharedList, SyncError},
};

use crate::{Registry, TaskError};

/// The longest that one waits for the others to come.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Cook, _>(|shift, _| cook(&shift));
    registry.register::<Place, _>(|station, _| place(&station));
    registry.register::<MoveTray, _>(|round, _| move_tray(&round));
}

fn cook(shift: &Shift) -> Result<u32, TaskError> {
    let (orders, states) = (shift.orders.open()?, shift.states.open()?);
    let mut news = shift.made.open()?;
    wait_for(&shift.start)?;
    let mut count = 0;
    while let Some(order) = pop(&states, shift.chef) {
        add_factorials(shift.cooking(order));
        news.put(&Made {
            chef: shift.chef,
            order: u32::try_from(order)?,
            name: name_of(&orders, order),
            at_ns: clock::monotonic_ns(),
        })?;
        states.set(order, MADE);
        count += 1;
    }
    Ok(count)
}

/// Takes the next order from the front: first one that this chef has taken already, whose process has died over it.
fn pop(states: &Array<u32>, chef: u32) -> Option<usize> {
    let mine = taken(chef);
    let left_over = states.iter().position(|state| state == mine);
    left_over.or_else(|| {
        (0..states.len()).find(|order| states.exchange(*order, OPEN, mine) == Some(Ok(OPEN)))
    })
}

fn name_of(orders: &SharedList, order: usize) -> String {
    match orders.get(order) {
        Some(Item::Text(name)) => name,
        _ => format!("order {order}"),
    }
}

/// Cooks: adds up factorials for so long.
fn add_factorials(time: Duration) {
    let end = Instant::now() + time;
    let mut sum = 0_u64;
    while Instant::now() < end {
        for number in 0..1_000 {
            sum = sum.wrapping_add(factorial(black_box(number % 21)));
        }
    }
    black_box(sum);
}

fn factorial(number: u64) -> u64 {
    (1..=number).product()
}

/// Checks that the tray is there, and then places a sandwich: where the hand is, whether the tray still is or not.
fn place(station: &Station) -> Result<Placed, TaskError> {
    let tray = station.tray.open()?;
    let flag = station.flag.map(|flag| flag.open()).transpose()?;
    wait_for(&station.start)?;
    let mut placed = Placed::default();
    while placed.on_tray + placed.on_floor < u64::from(station.sandwiches) {
        let held = raise(flag.as_ref())?;
        if tray.get() != station.number {
            drop(held);
            thread::yield_now();
            continue;
        }
        // The way from the eye to the hand.
        black_box(factorial(black_box(20)));
        if tray.get() == station.number {
            placed.on_tray += 1;
        } else {
            placed.on_floor += 1;
        }
        drop(held);
    }
    Ok(placed)
}

fn move_tray(round: &Round) -> Result<u64, TaskError> {
    let (tray, end) = (round.tray.open()?, round.end.open()?);
    let flag = round.flag.map(|flag| flag.open()).transpose()?;
    wait_for(&round.start)?;
    let mut moves = 0;
    while !end.is_set() {
        let held = raise(flag.as_ref())?;
        tray.set((tray.get() + 1) % round.stations);
        drop(held);
        moves += 1;
        // A few steps to the next station.
        for _ in 0..20 {
            black_box(factorial(black_box(20)));
        }
    }
    Ok(moves)
}

/// Holds the flag, if there is one. Nothing lies behind it that somebody who has died could have spoilt.
fn raise(flag: Option<&Mutex<()>>) -> Result<Option<MutexGuard<'_, ()>>, SyncError> {
    let held = flag.map(|flag| flag.lock().or_else(|error| error.mend(|()| ())));
    held.transpose().map_err(SyncError::from)
}

fn wait_for(start: &brigade_protocol::sync::Ticket<Event>) -> Result<(), TaskError> {
    if start.open()?.wait_timeout(PATIENCE) {
        Ok(())
    } else {
        Err("the others have not come for a minute; see whether there are enough workers".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_taken_from_the_front_and_each_once() {
        let states = Array::new(&[OPEN; 4]).unwrap();
        assert_eq!(pop(&states, 0), Some(0));
        states.set(0, MADE);
        assert_eq!(pop(&states, 1), Some(1));
        assert_eq!(pop(&states, 0), Some(2));
        // A successor of chef 1 makes what that one has taken.
        assert_eq!(pop(&states, 1), Some(1));
        states.set(1, MADE);
        assert_eq!(pop(&states, 1), Some(3));
        for order in [2, 3] {
            states.set(order, MADE);
        }
        assert_eq!(pop(&states, 0), None);
    }
}
