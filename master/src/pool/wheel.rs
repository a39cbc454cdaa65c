//! Which thread drives the pool's loop.
//!
//! A pool has a thread of its own, the *steward*. It starts the worker processes (Linux ties a child's
//! parent-death signal to the very thread that started it, so that thread must live as long as the pool), and
//! it drives the loop while nobody else does. But a caller that waits for a result drives the loop itself:
//! passing a result from thread to thread costs two wake-ups, which is as much as the whole call.
//!
//! One thread at a time holds the *wheel*. Callers that find it taken park, and are woken when what they wait
//! for is there or when the wheel is free. The steward leaves the wheel to callers as long as they come.

mod steward;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollEvent, EpollFlags, EpollTimeout},
        eventfd::{EfdFlags, EventFd},
    },
};

use super::{event::Event, io::State, outcome::Awaited, wakes::queue, watch::BELL};

/// How often the steward looks whether callers still drive.
const LOOK: Duration = Duration::from_millis(1);

/// Events taken from the kernel at a time.
const EVENTS: usize = 64;

/// Called with each [`Event`] of a pool.
pub(crate) type Observer = Arc<dyn Fn(&Event) + Send + Sync>;

/// A pool as its handles, its maps and its steward share it.
pub(crate) struct Shared {
    state: Mutex<State>,
    epoll: Arc<Epoll>,
    bell: EventFd,
    wheel: Mutex<Wheel>,
    /// Counts the callers that drive or would; tells the steward that they still come.
    driven: AtomicU64,
    /// Counts the turns of the wheel, whoever drives.
    turns: AtomicU64,
    steward: OnceLock<Thread>,
    observer: Option<Observer>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Wheel {
    driver: Driver,
    /// Callers that wait for the wheel or for their result.
    parked: VecDeque<Thread>,
    steward_sleeps: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Driver {
    #[default]
    Nobody,
    Steward,
    Caller,
}

impl Wheel {
    /// Takes the wheel, if it is free.
    fn take(&mut self, who: Driver) -> bool {
        let is_free = self.driver == Driver::Nobody;
        if is_free {
            self.driver = who;
        }
        is_free
    }

    /// Takes the wheel for the steward, unless a caller has been woken to take it. Where all processors are busy the
    /// caller needs a while to come, and a steward that drives again meanwhile would be asked to leave again, without end.
    fn take_back(&mut self, is_patient: bool) -> bool {
        (!is_patient || self.parked.is_empty()) && self.take(Driver::Steward)
    }
}

impl Shared {
    pub(crate) fn new(
        state: impl FnOnce(Arc<Epoll>) -> State,
        epoll: Epoll,
        observer: Option<Observer>,
    ) -> io::Result<Self> {
        let bell = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        epoll.add(&bell, EpollEvent::new(EpollFlags::EPOLLIN, BELL))?;
        let epoll = Arc::new(epoll);
        Ok(Self {
            state: Mutex::new(state(Arc::clone(&epoll))),
            epoll,
            bell,
            wheel: Mutex::default(),
            driven: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            steward: OnceLock::new(),
            observer,
        })
    }

    /// Runs `change` on the pool and carries out what follows from it.
    ///
    /// `flush_all` writes everything at once; otherwise what can wait for the next result does.
    pub(crate) fn with<R>(&self, flush_all: bool, change: impl FnOnce(&mut State) -> R) -> R {
        let now = Instant::now();
        let mut state = self.lock();
        state.core.set_now(now);
        let result = change(&mut state);
        state.pump(flush_all, now);
        let is_overslept = state.would_oversleep();
        self.release(state);
        if is_overslept {
            self.ring();
        }
        result
    }

    /// Looks at the pool without changing it.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.lock())
    }

    /// Has `thread` woken at the next change. This itself is none: who notes itself would wake itself.
    pub(crate) fn note_onlooker(&self, thread: Thread) {
        self.lock().onlookers.push(thread);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks the pool, then wakes and reports what came of it.
    fn release(&self, mut state: MutexGuard<'_, State>) {
        let mut wakes = std::mem::take(&mut state.wakes);
        let events = std::mem::take(&mut state.events);
        if let Some(observer) = &self.observer {
            for event in events {
                let observer = Arc::clone(observer);
                // Queued while the pool is locked, so that no other thread reports what came later before this. Not
                // called here: this thread may hold the wheel, and an observer may use the pool.
                if let Err(job) = queue(Box::new(move || observer(&event))) {
                    wakes.call(job);
                }
            }
        }
        let steward_wanted = !state.wanted.is_empty() || state.core.is_over();
        drop(state);
        if steward_wanted {
            self.wake_steward();
        }
        wakes.release();
    }

    fn wake_steward(&self) {
        if let Some(steward) = self.steward.get() {
            steward.unpark();
        }
        self.ring();
    }

    /// Ends the wait of whoever drives.
    pub(crate) fn ring(&self) {
        // A counter that is full rings already.
        let _ = self.bell.write(1);
    }

    fn wheel(&self) -> MutexGuard<'_, Wheel> {
        self.wheel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `awaited` is ready, or until `deadline`; whether it is ready.
    pub(crate) fn drive_until(&self, awaited: &dyn Awaited, deadline: Option<Instant>) -> bool {
        self.note_caller();
        loop {
            if awaited.is_ready() {
                self.pass_on();
                return true;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                self.pass_on();
                return false;
            }
            if self.wheel().take(Driver::Caller) {
                while !awaited.is_ready() && deadline.is_none_or(|at| at > Instant::now()) {
                    self.turn(deadline);
                }
                self.leave_wheel();
            } else {
                self.park(awaited, deadline);
            }
        }
    }

    /// A caller is about to drive, or would if it had to.
    pub(crate) fn note_caller(&self) {
        self.driven.fetch_add(1, Ordering::Relaxed);
    }

    fn leave_wheel(&self) {
        self.wheel().driver = Driver::Nobody;
        self.pass_on();
    }

    /// When nobody drives: wakes the next who would, a waiting caller or a steward fast asleep.
    fn pass_on(&self) {
        let wheel = self.wheel();
        if wheel.driver != Driver::Nobody {
            return;
        }
        let next = match wheel.parked.front() {
            Some(caller) => Some(caller.clone()),
            None if wheel.steward_sleeps => self.steward.get().cloned(),
            None => None,
        };
        drop(wheel);
        if let Some(thread) = next {
            thread.unpark();
        }
    }

    /// Waits for the result or the wheel, whichever comes first.
    fn park(&self, awaited: &dyn Awaited, deadline: Option<Instant>) {
        let me = thread::current();
        awaited.set_waiter(Some(me.clone()));
        let mut wheel = self.wheel();
        wheel.parked.push_back(me.clone());
        let driver = wheel.driver;
        drop(wheel);
        if driver == Driver::Steward {
            self.ring();
        }
        if driver != Driver::Nobody && !awaited.is_ready() {
            match deadline {
                Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
                None => thread::park(),
            }
        }
        self.wheel().parked.retain(|thread| thread.id() != me.id());
        awaited.set_waiter(None);
    }

    /// Waits for events once, at the latest until `deadline`, and acts on them. For who holds the wheel.
    fn turn(&self, deadline: Option<Instant>) {
        let until = self.lock().lie_down(deadline);
        let mut events = [EpollEvent::empty(); EVENTS];
        let count = match self.epoll.wait(&mut events, timeout(until)) {
            Ok(count) => count,
            Err(Errno::EINTR) => 0,
            // The set is ours and valid, so this cannot happen; if it does, do not spin.
            Err(_) => {
                thread::sleep(LOOK);
                0
            }
        };
        self.turns.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let mut state = self.lock();
        state.get_up();
        state.core.set_now(now);
        for event in &events[..count] {
            if event.data() == BELL {
                let _ = self.bell.read();
            } else {
                state.on_event(event.data(), now);
            }
        }
        state.tick(now);
        state.pump(true, now);
        self.release(state);
    }
}

/// Rounds up, so that a deadline has passed when the wait for it ends.
fn timeout(until: Option<Instant>) -> EpollTimeout {
    let Some(until) = until else {
        return EpollTimeout::NONE;
    };
    let left = until.saturating_duration_since(Instant::now());
    let ms = left.as_micros().div_ceil(1000);
    EpollTimeout::try_from(ms).unwrap_or(EpollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steward_leaves_the_wheel_to_callers_that_were_woken_for_it() {
        let mut wheel = Wheel::default();
        assert!(wheel.take_back(true));
        wheel.parked.push_back(thread::current());
        wheel.driver = Driver::Nobody;
        assert!(!wheel.take_back(true), "it drives again at once");
        assert!(wheel.take(Driver::Caller) && !wheel.take(Driver::Caller));
        wheel.driver = Driver::Nobody;
        // One that does not come must not stop the pool.
        assert!(wheel.take_back(false));
    }
}
