//! The dinner: who sits where, who takes whose place, and when it is over.

use std::{
    mem,
    time::{Duration, Instant},
};

use anyhow::Context;
use brigade::{Handle, Pool, TaskError};
use brigade_protocol::jobs::philosophers::{Dine, Manners, News};

use super::{deadlock::Watch, table::Table};
use crate::{
    cli::{Narrator, signals},
    report::philosophers::{Minutes, Served},
};

/// How often the master looks whether somebody has died or all are stuck.
const LOOK: Duration = Duration::from_millis(20);
/// A place whose philosophers die so often, one after another and without a meal, stays empty.
const MOST_DEATHS: u32 = 100;

/// How a dinner ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Over,
    Deadlock,
}

/// A place at the table, and who sits there.
struct Seat {
    guest: Option<Handle<Dine>>,
    /// How many have died here since the last meal, and which that was.
    deaths: (u32, u64),
    /// From how many servings this one has got up.
    served: u64,
}

/// A dinner that takes place.
pub(super) struct Dinner<'a> {
    pool: &'a Pool,
    narrator: &'a Narrator,
    table: Table,
    seats: Vec<Seat>,
    watch: Watch,
    looked: Instant,
    failures: usize,
    /// How many servings have been told.
    told: u64,
}

impl<'a> Dinner<'a> {
    pub(super) fn lay(
        pool: &'a Pool,
        narrator: &'a Narrator,
        faculty: u32,
        manners: Manners,
        has_footman: bool,
    ) -> anyhow::Result<Self> {
        let table = Table::lay(faculty, manners, has_footman)?;
        let seat = |philosopher| {
            Ok(Seat {
                guest: Some(pool.submit::<Dine>(table.place(philosopher))?),
                deaths: (0, 0),
                served: 0,
            })
        };
        let seats = (0..faculty).map(seat).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            pool,
            narrator,
            table,
            seats,
            watch: Watch::default(),
            looked: Instant::now(),
            failures: 0,
            told: 0,
        })
    }

    /// How many places have stayed empty.
    pub(super) fn failures(&self) -> usize {
        self.failures
    }

    /// Serves until everybody has eaten.
    pub(super) fn serve(&mut self, minutes: &mut Minutes<'_>) -> anyhow::Result<Ending> {
        loop {
            let news = self.table.listen(LOOK)?;
            let is_quiet = news.is_none();
            if let Some(news) = news {
                self.hear(news, minutes)
                    .context("cannot write the report")?;
            }
            if is_quiet || self.looked.elapsed() >= LOOK {
                if self.look(minutes)? == Ending::Deadlock {
                    return Ok(Ending::Deadlock);
                }
                if is_quiet && self.seats.iter().all(|seat| seat.guest.is_none()) {
                    self.tell_servings(minutes)
                        .context("cannot write the report")?;
                    return Ok(Ending::Over);
                }
            }
        }
    }

    /// Lets them eat for so long, and counts.
    pub(super) fn measure(
        &mut self,
        time: Duration,
        minutes: &mut Minutes<'_>,
    ) -> anyhow::Result<Ending> {
        let mut began = None;
        loop {
            std::thread::sleep(LOOK.min(time));
            if self.look(minutes)? == Ending::Deadlock {
                return Ok(Ending::Deadlock);
            }
            if self.table.start.is_set() {
                let began = *began.get_or_insert_with(Instant::now);
                if began.elapsed() >= time || signals::caught().is_some() {
                    self.count(began, minutes);
                    break;
                }
            }
            if self.seats.iter().all(|seat| seat.guest.is_none()) {
                break;
            }
        }
        self.table.end.set();
        while self.seats.iter().any(|seat| seat.guest.is_some()) {
            std::thread::sleep(Duration::from_millis(1));
            if self.look(minutes)? == Ending::Deadlock {
                return Ok(Ending::Deadlock);
            }
        }
        Ok(Ending::Over)
    }

    fn count(&self, began: Instant, minutes: &mut Minutes<'_>) {
        let elapsed = began.elapsed();
        let meals = (0..self.table.faculty()).map(|philosopher| self.table.meals(philosopher));
        minutes.counted(meals.collect(), elapsed);
    }

    fn hear(&mut self, news: News, minutes: &mut Minutes<'_>) -> std::io::Result<()> {
        match news {
            News::Here {
                philosopher, meals, ..
            } => self.serve_up(philosopher, meals),
            News::Eating(philosopher) => minutes.eating(philosopher)?,
            News::Philosophizing(philosopher) => minutes.philosophizing(philosopher)?,
            News::Served(philosopher, meal) => self.serve_up(philosopher, meal + 1),
        }
        self.tell_servings(minutes)
    }

    fn serve_up(&mut self, philosopher: u32, servings: u64) {
        if let Some(seat) = self.seats.get_mut(philosopher as usize) {
            seat.served = seat.served.max(servings);
        }
    }

    /// Tells of each serving from which everybody has got up.
    fn tell_servings(&mut self, minutes: &mut Minutes<'_>) -> std::io::Result<()> {
        let all = self.seats.iter().map(|seat| seat.served).min().unwrap_or(0);
        while self.told < all {
            let served = (0..self.table.faculty()).map(|philosopher| {
                let [eat, think] = self.table.manners().times(philosopher, self.told);
                Served {
                    philosopher,
                    eat: eat.as_secs_f64(),
                    think: think.as_secs_f64(),
                }
            });
            minutes.serving(served.collect())?;
            self.told += 1;
        }
        Ok(())
    }

    /// Looks who has come, who has gone, and whether all are stuck.
    fn look(&mut self, minutes: &mut Minutes<'_>) -> anyhow::Result<Ending> {
        if !self.table.start.is_set() && self.table.are_all_here() {
            self.table.start.set();
        }
        if signals::caught().is_some() {
            self.table.end.set();
        }
        for philosopher in 0..self.table.faculty() {
            self.look_after(philosopher)?;
        }
        if self.looked.elapsed() < LOOK {
            return Ok(Ending::Over);
        }
        self.looked = Instant::now();
        match self.watch.look(&self.table) {
            Some(stuck) => {
                minutes.deadlock(stuck);
                Ok(Ending::Deadlock)
            }
            None => Ok(Ending::Over),
        }
    }

    /// Lets another one take the place of who has died.
    fn look_after(&mut self, philosopher: u32) -> anyhow::Result<()> {
        let meals = self.table.meals(philosopher);
        let seat = &mut self.seats[philosopher as usize];
        if !seat.guest.as_ref().is_some_and(Handle::is_done) {
            return Ok(());
        }
        let Some(outcome) = mem::take(&mut seat.guest).map(Handle::wait) else {
            return Ok(());
        };
        match outcome {
            Ok(_) => seat.served = seat.served.max(meals),
            Err(TaskError::Cancelled) if signals::caught().is_some() => {}
            Err(TaskError::WorkerDied { .. } | TaskError::TimedOut { .. })
                if seat.is_worth_it(meals) && signals::caught().is_none() =>
            {
                self.narrator.say(&format!(
                    "philosopher {philosopher} is dead; another one takes the place, after {meals} meals"
                ));
                seat.guest = Some(self.pool.submit::<Dine>(self.table.place(philosopher))?);
            }
            Err(error) => {
                self.failures += 1;
                self.narrator
                    .say(&format!("error: philosopher {philosopher}: {error}"));
            }
        }
        Ok(())
    }
}

impl Seat {
    /// Whether another one may sit down here, after one more death.
    fn is_worth_it(&mut self, meals: u64) -> bool {
        let (deaths, before) = self.deaths;
        self.deaths = if meals == before {
            (deaths + 1, meals)
        } else {
            (1, meals)
        };
        self.deaths.0 < MOST_DEATHS
    }
}
