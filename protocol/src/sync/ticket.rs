//! What travels to a worker so that it can open a primitive.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Serialize};

use super::SyncError;
use crate::shm::Address;

/// What a [`Ticket`] opens: every primitive of this module, by its own name.
pub trait Primitive: sealed::Sealed {}

impl<P: sealed::Sealed> Primitive for P {}

pub(super) mod sealed {
    use super::{SyncError, Ticket};

    /// What can be opened by its address.
    pub trait Sealed: Sized {
        fn open(ticket: &Ticket<Self>) -> Result<Self, SyncError>;
    }
}

/// Lets another process, or another task of this one, open the same primitive. It may be part of any task's
/// input, and be opened any number of times, for as long as the one that it was made from is open.
#[derive(Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct Ticket<P> {
    address: Address,
    #[serde(skip)]
    primitive: PhantomData<fn() -> P>,
}

impl<P> Ticket<P> {
    pub(super) fn new(address: Address) -> Self {
        Self {
            address,
            primitive: PhantomData,
        }
    }
}

impl<P> Ticket<P> {
    pub(super) const fn address(&self) -> Address {
        self.address
    }
}

impl<P: Primitive> Ticket<P> {
    /// Opens the primitive in this process.
    ///
    /// # Errors
    /// [`SyncError::Gone`] when what the ticket was made from has been dropped, its process has ended, or it belongs
    /// to another user; [`SyncError::Other`] when master and worker do not name the same type; [`SyncError::Crowded`]
    /// when it is open too often.
    pub fn open(&self) -> Result<P, SyncError> {
        P::open(self)
    }
}

impl<P> Clone for Ticket<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Ticket<P> {}

impl<P> PartialEq for Ticket<P> {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

impl<P> Eq for Ticket<P> {}

impl<P> fmt::Debug for Ticket<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address {
            pid,
            descriptor,
            id,
        } = self.address;
        write!(f, "Ticket({id:016x} at {pid}/{descriptor})")
    }
}
