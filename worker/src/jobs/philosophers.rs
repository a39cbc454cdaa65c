//! Philosophers: eats with two forks, one after the other.

use std::{process, thread, time::Duration};

use brigade_protocol::{
    jobs::philosophers::{Dine, Manners, News, Place, Row},
    queue::Producer,
    sync::{Array, BoundedSemaphore, Event, LockError, LockResult, Mutex, MutexGuard, SyncError},
};

use crate::{Registry, TaskError};

pub(super) fn register(registry: &mut Registry) {
    registry.register::<Dine, _>(|place, _| dine(&place));
}

/// How often who waits for the others looks whether the dinner is over.
const LOOK: Duration = Duration::from_millis(50);

fn dine(place: &Place) -> Result<u64, TaskError> {
    let philosopher = Philosopher::sit_down(place)?;
    philosopher.wait_for_the_others();
    match place.manners.servings {
        Some(servings) => philosopher.eat_servings(u64::from(servings), &mut place.news.open()?),
        None => philosopher.eat_without_end(),
    }
}

struct Philosopher {
    number: u32,
    forks: [Mutex<()>; 2],
    /// The forks by their numbers at the table.
    names: [u64; 2],
    footman: Option<BoundedSemaphore>,
    board: Array<u64>,
    start: Event,
    end: Event,
    manners: Manners,
}

impl Philosopher {
    fn sit_down(place: &Place) -> Result<Self, TaskError> {
        let board = place.board.open()?;
        let number = place.philosopher;
        let faculty = u64::try_from(board.len() / Row::WORDS)?;
        let philosopher = Self {
            number,
            forks: [place.forks[0].open()?, place.forks[1].open()?],
            names: [u64::from(number), (u64::from(number) + 1) % faculty],
            footman: place.footman.map(|ticket| ticket.open()).transpose()?,
            start: place.start.open()?,
            end: place.end.open()?,
            board,
            manners: place.manners,
        };
        // Before the first fork is touched, so that who looks at the board always knows who holds it.
        let [own, next] = [0, 1].map(|fork| u64::from(philosopher.forks[fork].opening()));
        philosopher.tell(Row::Wants, 0);
        philosopher.tell(Row::OwnFork, own);
        philosopher.tell(Row::NextFork, next);
        philosopher.tell(Row::IsHere, 1);
        Ok(philosopher)
    }

    fn wait_for_the_others(&self) {
        while !self.start.wait_timeout(LOOK) && !self.end.is_set() {}
    }

    fn eat_servings(&self, servings: u64, news: &mut Producer<News>) -> Result<u64, TaskError> {
        let before = self.meals();
        news.put(&News::Here {
            philosopher: self.number,
            pid: process::id(),
            meals: before,
        })?;
        while self.meals() < servings && !self.end.is_set() {
            self.serve(news)?;
        }
        Ok(self.meals() - before)
    }

    /// One serving: a seat, two forks, a meal, and thoughts about it.
    fn serve(&self, news: &mut Producer<News>) -> Result<(), TaskError> {
        let (number, meal) = (self.number, self.meals());
        let [eat, think] = self.manners.times(number, meal);
        let seat = self.footman.as_ref().map(BoundedSemaphore::acquire);
        let seat = seat.transpose()?;
        let own = self.take(0)?;
        if !self.manners.reach.is_zero() {
            thread::sleep(self.manners.reach);
        }
        let next = self.take(1)?;
        news.put(&News::Eating(number))?;
        thread::sleep(eat);
        self.tell(Row::Meals, meal + 1);
        drop((own, next));
        news.put(&News::Philosophizing(number))?;
        thread::sleep(think);
        drop(seat);
        news.put(&News::Served(number, meal))?;
        Ok(())
    }

    /// Meals that take no time: what is left is the taking and giving back of a seat and two forks.
    fn eat_without_end(&self) -> Result<u64, TaskError> {
        let before = self.meals();
        let mut meals = before;
        while !self.end.is_set() {
            let seat = self.footman.as_ref().map(BoundedSemaphore::acquire);
            let seat = seat.transpose()?;
            let (own, next) = (self.take(0)?, self.take(1)?);
            meals += 1;
            self.tell(Row::Meals, meals);
            drop((own, next, seat));
        }
        Ok(meals - before)
    }

    /// Takes a fork, and lets everybody know for which one it waits.
    fn take(&self, fork: usize) -> Result<MutexGuard<'_, ()>, SyncError> {
        self.tell(Row::Wants, self.names[fork] + 1);
        let taken = cleaned(self.forks[fork].lock())?;
        self.tell(Row::Wants, 0);
        Ok(taken)
    }

    fn meals(&self) -> u64 {
        self.board
            .get(Row::Meals.of(self.number))
            .unwrap_or(u64::MAX)
    }

    fn tell(&self, what: Row, number: u64) {
        self.board.set(what.of(self.number), number);
    }
}

/// A fork that somebody has died with is a fork all the same.
fn cleaned(taken: LockResult<MutexGuard<'_, ()>>) -> Result<MutexGuard<'_, ()>, SyncError> {
    let taken = taken.or_else(|error: LockError<_>| error.mend(|()| ()));
    taken.map_err(SyncError::from)
}
