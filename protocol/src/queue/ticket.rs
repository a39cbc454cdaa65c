//! What travels to a worker so that it can open an end.

use std::{
    fmt,
    marker::PhantomData,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Consumer, Producer, error::QueueError, link::Link};
use crate::shm::{Address, gate::Deadline};

fn address_of(link: &Link) -> Address {
    let layout = link.layout();
    Address::of(layout.0.fd(), layout.id().load(Relaxed))
}

fn link_at(address: Address) -> Result<Arc<Link>, QueueError> {
    Link::open(&address.path(), address.id)
}

macro_rules! ticket {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Serialize, Deserialize)]
        #[serde(bound = "", transparent)]
        pub struct $name<T> {
            address: Address,
            #[serde(skip)]
            items: PhantomData<fn() -> T>,
        }

        impl<T> $name<T> {
            pub(super) fn of(link: &Link) -> Self {
                Self { address: address_of(link), items: PhantomData }
            }
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> PartialEq for $name<T> {
            fn eq(&self, other: &Self) -> bool {
                self.address == other.address
            }
        }

        impl<T> Eq for $name<T> {}

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Address { pid, descriptor, id } = self.address;
                write!(f, "{}({id:016x} at {pid}/{descriptor})", stringify!($name))
            }
        }
    };
}

ticket! {
    /// Lets a worker open a producer end. It may be part of any task's input, and be opened any number of
    /// times, for as long as the [`Queue`](super::Queue) lives.
    ProducerTicket
}

ticket! {
    /// Lets a worker open the consumer end. It may be part of any task's input, and be opened again when the
    /// consumer before has ended, for as long as the [`Queue`](super::Queue) lives.
    ConsumerTicket
}

impl<T> ProducerTicket<T> {
    /// Opens a producer end in this process.
    ///
    /// # Errors
    /// [`QueueError::Gone`] when the queue has been dropped, its process has ended, or it belongs to another user;
    /// [`QueueError::Crowded`] when there are too many producers.
    pub fn open(&self) -> Result<Producer<T>, QueueError> {
        Ok(Producer::new(link_at(self.address)?.join_as_producer()?))
    }
}

impl<T> ConsumerTicket<T> {
    /// Opens the consumer end in this process; waits for at most `limit` for an earlier consumer to end.
    ///
    /// # Errors
    /// [`QueueError::Taken`] when that one has not ended in time, and [`QueueError::Gone`] when the queue has been
    /// dropped, its process has ended, or it belongs to another user.
    pub fn open(&self, limit: Duration) -> Result<Consumer<T>, QueueError> {
        let (link, deadline) = (link_at(self.address)?, Deadline::after(limit));
        loop {
            match link.join_as_consumer() {
                Err(QueueError::Taken) if deadline.left().is_some() => {
                    thread::sleep(Duration::from_millis(1));
                }
                joined => return Ok(Consumer::new(joined?)),
            }
        }
    }
}
