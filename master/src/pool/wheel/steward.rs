//! The thread that lives as long as its pool: it starts the processes, and drives when nobody else does.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use super::{
    super::{io::State, spawn::Recipe, start_error::StartError},
    Driver, LOOK, Shared,
};

/// Looks after which the steward sleeps until it is woken, when a caller waits for long.
const LOOKS: u32 = 20;

/// Looks without a turn of the wheel after which the steward takes it, although callers come.
const IDLE_LOOKS: u32 = 5;

impl Shared {
    /// The steward's life: from the pool's start to the end of its last worker.
    ///
    /// `started` is told once how starting the first worker processes went.
    pub(crate) fn steward(&self, started: impl FnOnce(Result<(), StartError>)) {
        let _ = self.steward.set(thread::current());
        self.with(true, |_| ());
        let first = self.start_wanted();
        let failed = first.is_err();
        if failed {
            self.with(true, State::terminate);
        }
        let mut report = Some((started, first));
        let mut callers = Watch::default();
        let mut looks = 0;
        // Looks at which nobody drove, since the wheel was left to callers.
        let mut passed = 0;
        while !self.look(|state| state.core.is_over()) {
            if !failed && let Some((started, first)) = report.take() {
                started(first);
            }
            // Starts that fail later are tried again by the core, or end the pool with the reason.
            let _ = self.start_wanted();
            let (driven, turns) = (&self.driven, &self.turns);
            let is_patient = passed < IDLE_LOOKS;
            if !callers.drive(driven, turns) && self.wheel().take_back(is_patient) {
                self.turn(None);
                self.leave_wheel();
                (looks, passed) = (0, 0);
            } else if self.rest(looks) {
                (looks, passed) = (looks + 1, 0);
            } else {
                (looks, passed) = (0, passed + 1);
            }
        }
        if let Some((started, first)) = report {
            // Told only now, so that a pool which did not start has left no process behind.
            started(first);
        }
    }

    /// Leaves the wheel to the callers for a while; whether a single one drove all the time.
    fn rest(&self, looks: u32) -> bool {
        let mut wheel = self.wheel();
        let is_deep = wheel.driver == Driver::Caller && looks >= LOOKS;
        wheel.steward_sleeps = is_deep;
        drop(wheel);
        if is_deep {
            thread::park();
        } else {
            thread::park_timeout(LOOK);
        }
        let mut wheel = self.wheel();
        wheel.steward_sleeps = false;
        wheel.driver == Driver::Caller
    }

    /// Starts the processes that are wanted, and returns the first error. Only the steward does this.
    fn start_wanted(&self) -> Result<(), StartError> {
        let mut result = Ok(());
        loop {
            let (wanted, recipe) = {
                let mut state = self.lock();
                (std::mem::take(&mut state.wanted), Arc::clone(&state.recipe))
            };
            if wanted.is_empty() {
                return result;
            }
            for slot in wanted {
                result = result.and(self.start_one(slot, &recipe));
            }
        }
    }

    fn start_one(&self, slot: usize, recipe: &Recipe) -> Result<(), StartError> {
        let adopted = recipe.spawn(slot).and_then(|process| {
            self.with(true, |state| {
                state.make_board()?;
                Ok(state.adopt(slot, process)?)
            })
        });
        if let Err(error) = &adopted {
            self.with(true, |state| state.not_started(slot, error.to_string()));
        }
        adopted
    }
}

/// What the steward has seen of the callers.
#[derive(Debug, Default)]
struct Watch {
    driven: u64,
    turns: u64,
    idle_looks: u32,
}

impl Watch {
    /// Whether callers drive, or are about to. Those that have come and found all they wanted, again and again,
    /// do not: somebody has to look after timers and the dead.
    fn drive(&mut self, driven: &AtomicU64, turns: &AtomicU64) -> bool {
        let driven = driven.load(Ordering::Relaxed);
        let turns = turns.load(Ordering::Relaxed);
        let have_come = std::mem::replace(&mut self.driven, driven) != driven;
        let have_driven = std::mem::replace(&mut self.turns, turns) != turns;
        self.idle_looks = if have_driven { 0 } else { self.idle_looks + 1 };
        have_come && self.idle_looks < IDLE_LOOKS
    }
}
