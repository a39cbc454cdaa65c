//! A process's connection to a queue: its memory, and who is alive.
//!
//! Every open end is a *member* with a number, and the kernel knows whether it is alive (`shm/presence.rs`).

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::Ordering::{Acquire, Relaxed, Release, SeqCst},
    },
    time::Duration,
};

use super::{
    error::QueueError,
    layout::{HEADER_BYTES, Layout, MAGIC, MEMBERS},
    position::Position,
};
use crate::shm::{Arena, presence};

/// The member that is the [`Queue`](super::Queue) itself.
pub(super) const HOME: u32 = 0;
/// The member that is the consumer, of which there is one at a time.
pub(super) const CONSUMER: u32 = 1;
const FIRST_PRODUCER: u32 = 2;
const OPEN: u32 = 1;
const ABSENT: u32 = 0;

/// Whether somebody is at the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// Somebody is.
    Present,
    /// Nobody is at the moment, but somebody may come.
    Awaited,
    /// Nobody is, and nobody will come.
    Gone,
}

/// Shared by the ends of one queue in one process that come from the same opening.
#[derive(Debug)]
pub(super) struct Link {
    layout: Layout,
    /// The members that are here. Their locks do not show when asked for from here.
    own: Mutex<BTreeSet<u32>>,
}

impl Link {
    /// A link to a new queue, whose fixed words are written by `describe`.
    pub(super) fn create(
        name: &str,
        ring_bytes: usize,
        describe: impl FnOnce(&Layout),
    ) -> Result<Arc<Self>, QueueError> {
        let layout = Layout(Arena::create(name, HEADER_BYTES, ring_bytes)?);
        describe(&layout);
        layout.magic().store(MAGIC, Release);
        Ok(Self::new(layout))
    }

    /// A link to the queue with this id that another link has at `path`.
    pub(super) fn open(path: &Path, id: u64) -> Result<Arc<Self>, QueueError> {
        let arena = Arena::open(path, HEADER_BYTES).map_err(|_| QueueError::Gone)?;
        let layout = Layout(arena);
        if layout.magic().load(Acquire) != MAGIC || layout.id().load(Relaxed) != id {
            return Err(QueueError::Gone);
        }
        Ok(Self::new(layout))
    }

    fn new(layout: Layout) -> Arc<Self> {
        let own = Mutex::default();
        Arc::new(Self { layout, own })
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn patience(&self) -> Duration {
        Duration::from_nanos(self.layout.patience().load(Relaxed))
    }

    pub(super) fn tail(&self) -> Position {
        Position::from_word(self.layout.tail().load(Acquire))
    }

    pub(super) fn head(&self) -> Position {
        Position::from_word(self.layout.head().load(Acquire))
    }

    fn own(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Becomes this member, unless somebody is.
    pub(super) fn join_as(self: &Arc<Self>, member: u32) -> Option<OpenEnd> {
        let mut own = self.own();
        if own.contains(&member) || !self.lock(member) {
            return None;
        }
        own.insert(member);
        // Whoever had this number before is dead, and may have died while putting.
        self.layout.lock().free_from(name(member));
        self.layout.members_end().fetch_max(member + 1, SeqCst);
        self.layout.member(member).store(OPEN, SeqCst);
        Some(OpenEnd {
            link: Arc::clone(self),
            number: member,
        })
    }

    /// Becomes a producer.
    pub(super) fn join_as_producer(self: &Arc<Self>) -> Result<OpenEnd, QueueError> {
        let member = (FIRST_PRODUCER..MEMBERS)
            .find_map(|number| self.join_as(number))
            .ok_or(QueueError::Crowded(MEMBERS - FIRST_PRODUCER))?;
        // First to be seen, then to look: who seals the queue first seals it and then looks.
        self.check_unsealed()?;
        self.layout.producers_opened().fetch_add(1, SeqCst);
        self.layout.opened_gate().open(u32::MAX);
        Ok(member)
    }

    /// Becomes the consumer.
    pub(super) fn join_as_consumer(self: &Arc<Self>) -> Result<OpenEnd, QueueError> {
        let member = self.join_as(CONSUMER).ok_or(QueueError::Taken)?;
        self.check_unsealed()?;
        self.layout.consumers_opened().fetch_add(1, SeqCst);
        self.layout.opened_gate().open(u32::MAX);
        Ok(member)
    }

    fn check_unsealed(&self) -> Result<(), QueueError> {
        if self.is_home_open() {
            Ok(())
        } else {
            Err(QueueError::Gone)
        }
    }

    /// Whether further ends can be opened.
    fn is_home_open(&self) -> bool {
        self.layout.is_sealed().load(SeqCst) == 0 && self.is_alive(HOME)
    }

    /// Whether this member's end is open and its process alive.
    pub(super) fn is_alive(&self, member: u32) -> bool {
        self.layout.member(member).load(SeqCst) == OPEN
            && (self.is_locked(member) || self.own().contains(&member))
    }

    /// Whether the holder of the lock of all producers, by its name there, is alive.
    pub(super) fn is_holder_alive(&self, name: u32) -> bool {
        name > FIRST_PRODUCER && name <= MEMBERS && self.is_alive(name - 1)
    }

    /// Who is at the producers' side.
    pub(super) fn producers(&self) -> Peer {
        // In this order: an end that is opened after the look at the home is not opened.
        let may_come = self.is_home_open();
        let end = self.layout.members_end().load(SeqCst).min(MEMBERS);
        if (FIRST_PRODUCER..end).any(|member| self.is_alive(member)) {
            Peer::Present
        } else if may_come {
            Peer::Awaited
        } else {
            Peer::Gone
        }
    }

    /// Who is at the consumer's side. One that has ended is gone until another one comes.
    pub(super) fn consumer(&self) -> Peer {
        let may_come = self.is_home_open();
        if self.is_alive(CONSUMER) {
            Peer::Present
        } else if may_come && self.layout.consumers_opened().load(SeqCst) == 0 {
            Peer::Awaited
        } else {
            Peer::Gone
        }
    }

    /// Wakes everybody, to look at who is still there.
    pub(super) fn wake_all(&self) {
        let layout = &self.layout;
        for gate in [
            layout.items_gate(),
            layout.room_gate(),
            layout.done_gate(),
            layout.opened_gate(),
        ] {
            gate.open(u32::MAX);
        }
    }

    /// Takes the lock of a member's byte; whether it was free. Ends of this link get each other's.
    fn lock(&self, member: u32) -> bool {
        presence::hold(self.layout.0.fd(), member)
    }

    /// Whether somebody beyond this link has the lock of a member's byte.
    fn is_locked(&self, member: u32) -> bool {
        presence::is_held(self.layout.0.fd(), member)
    }

    fn unlock(&self, member: u32) {
        presence::give_back(self.layout.0.fd(), member);
    }
}

/// As which the lock of all producers knows a member: 0 is nobody there.
fn name(member: u32) -> u32 {
    member + 1
}

/// An end that is open. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct OpenEnd {
    link: Arc<Link>,
    number: u32,
}

impl OpenEnd {
    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// As which the lock of all producers knows it.
    pub(super) fn name(&self) -> u32 {
        name(self.number)
    }
}

impl Drop for OpenEnd {
    fn drop(&mut self) {
        let mut own = self.link.own();
        if self.number == HOME {
            self.link.layout.is_sealed().store(1, SeqCst);
        }
        self.link.layout.member(self.number).store(ABSENT, SeqCst);
        own.remove(&self.number);
        self.link.unlock(self.number);
        drop(own);
        self.link.wake_all();
    }
}
