//! Everything of `sync/` at once.

use std::{hint::black_box, time::Duration};

use brigade_protocol::{
    jobs::fault::{Contend, Contention},
    sync::{
        Array, BoundedSemaphore, Condvar, Item, LockError, Mutex, RwLock, Semaphore, SharedList,
    },
};

use crate::{Registry, TaskError};

/// Nobody waits for so long if nobody is lost.
const LIMIT: Duration = Duration::from_secs(20);
/// How long a condition that does not come true is waited for.
const MOMENT: Duration = Duration::from_micros(500);

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Contend, _>(|contention, _| contend(&contention));
}

struct Contender {
    ledger: Mutex<[u64; 16]>,
    changed: Condvar,
    table: RwLock<[u64]>,
    permits: Semaphore,
    bounded: BoundedSemaphore,
    list: SharedList,
    rounds: Array<u64>,
    number: usize,
}

fn contend(contention: &Contention) -> Result<u64, TaskError> {
    let contender = Contender {
        ledger: contention.ledger.open()?,
        changed: contention.changed.open()?,
        table: contention.table.open()?,
        permits: contention.permits.open()?,
        bounded: contention.bounded.open()?,
        list: contention.list.open()?,
        rounds: contention.rounds.open()?,
        number: usize::try_from(contention.number)?,
    };
    let end = contention.end.open()?;
    let mut round = 0;
    while !end.is_set() {
        contender.enter_into_the_ledger(round)?;
        contender.read_and_write(round)?;
        contender.hold_permits()?;
        contender.change_the_list(round)?;
        contender.rounds.fetch_add(contender.number, 1);
        round += 1;
    }
    Ok(round)
}

impl Contender {
    fn enter_into_the_ledger(&self, round: u64) -> Result<(), TaskError> {
        let locked = self.ledger.lock_timeout(LIMIT);
        let locked = locked.or_else(|error| error.mend(|ledger| level(&mut ledger[..])));
        let mut ledger = locked?;
        require("the ledger", &ledger[..])?;
        increase(&mut ledger[..]);
        if round.is_multiple_of(16) {
            match self.changed.wait_timeout_while(ledger, MOMENT, |_| true) {
                Ok((ledger, _)) => require("the ledger after a wait", &ledger[..])?,
                Err(LockError::HolderDied((mut ledger, _))) => {
                    level(&mut ledger[..]);
                    ledger.mend();
                }
                Err(error) => return Err(error.into()),
            }
        } else {
            drop(ledger);
            self.changed.notify_one();
        }
        Ok(())
    }

    fn read_and_write(&self, round: u64) -> Result<(), TaskError> {
        if round.is_multiple_of(4) {
            let locked = self.table.write_timeout(LIMIT);
            let locked = locked.or_else(|error| error.mend(level));
            let mut table = locked?;
            require("the table, to be written,", &table)?;
            increase(&mut table);
        } else {
            match self.table.read_timeout(LIMIT) {
                Ok(table) => require("the table", &table)?,
                // A writer will mend it.
                Err(LockError::HolderDied(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn hold_permits(&self) -> Result<(), TaskError> {
        let permit = self.permits.acquire_timeout(LIMIT)?;
        let bounded = self.bounded.acquire_timeout(LIMIT)?;
        drop((black_box(permit), black_box(bounded)));
        Ok(())
    }

    fn change_the_list(&self, round: u64) -> Result<(), TaskError> {
        let letter = char::from(b'a' + u8::try_from(round % 26)?);
        let length = usize::try_from(round % 60)? + 1;
        self.list.set(0, String::from(letter).repeat(length))?;
        let Some(Item::Text(text)) = self.list.get(0) else {
            return Err("the list has lost its text".into());
        };
        let first = text.chars().next();
        if text.chars().any(|letter| Some(letter) != first) {
            return Err(format!("the list has a mixture: {text}").into());
        }
        Ok(())
    }
}

/// Adds one to each, so that who is killed on the way leaves them different.
fn increase(numbers: &mut [u64]) {
    for number in numbers {
        *black_box(number) += 1;
    }
}

/// Sets right what somebody has left half-done.
fn level(numbers: &mut [u64]) {
    if let Some(first) = numbers.first().copied() {
        numbers.fill(first);
    }
}

fn require(what: &str, numbers: &[u64]) -> Result<(), TaskError> {
    if numbers.iter().any(|number| *number != numbers[0]) {
        return Err(format!("{what} is spoilt, and nobody has said so: {numbers:?}").into());
    }
    Ok(())
}
