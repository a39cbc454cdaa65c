//! Locks and their like between processes, which survive those who hold them.
//!
//! What Python's multiprocessing has, and what it lacks: a process may be killed at any instruction, and nobody waits
//! for it.
//!
//! | here | Python | when its holder dies |
//! | --- | --- | --- |
//! | [`Mutex`] | `Lock` | the next one gets the lock, with a mark |
//! | [`RwLock`] | – | readers are taken out, a writer's lock is given on, with a mark |
//! | [`BoundedSemaphore`] | `BoundedSemaphore` | its permits go back |
//! | [`Semaphore`] | `Semaphore` | its permits go back |
//! | [`Event`] | `Event` | nobody holds it |
//! | [`Condvar`] | `Condition` | no wake-up is lost for longer than a tenth of a second |
//! | [`Barrier`] | `Barrier` | it breaks, and all hear of it |
//! | [`Value`], [`Array`] | `Value`, `Array` | every operation is one step |
//! | [`SharedList`] | `ShareableList` | an item is the old or the new one |
//!
//! Each is made in one process, usually the master. Others open it by its [`Ticket`], which may be part of any task's
//! input:
//!
//! ```
//! use std::time::Duration;
//! use brigade_protocol::sync::{Mutex, Ticket};
//!
//! let account = Mutex::new([100_i64, 0])?;
//!
//! // In a task, whose input has this ticket:
//! let ticket: Ticket<Mutex<[i64; 2]>> = account.ticket();
//! let opened = ticket.open()?;
//! let mut amounts = opened.lock_timeout(Duration::from_secs(5))?;
//! amounts[0] -= 30;
//! amounts[1] += 30;
//! drop(amounts);
//!
//! assert_eq!(*account.lock()?, [70, 30]);
//! # Ok::<(), brigade_protocol::sync::SyncError>(())
//! ```
//!
//! # What they promise
//!
//! * **Death.** Taking a lock and being named as its holder is one step. Whether a holder lives is asked of the kernel,
//!   by a file lock that goes with its process: no process id that could be somebody else's by now, no heartbeat, no
//!   clock. A process that is stopped lives, and keeps what it has. Whoever waits for the dead hears of it within 50 ms.
//! * **Time.** Every wait has a variant with a limit. Nobody waits busily beyond some microseconds.
//! * **Speed.** Taking and freeing what nobody else wants costs two atomic operations and no system call.
//! * **Nothing left.** There are no names, files or threads. The memory is gone with the last process that has it.
//!
//! A child that a process makes by `fork`, without `exec`, shares the identity of its parent: what one holds, the
//! other seems to. Workers of a pool are never made so.

mod barrier;
mod bounded;
mod condvar;
mod error;
mod event;
mod item;
mod list;
mod mutex;
mod rwlock;
mod semaphore;
mod ticket;
mod value;

pub use crate::shm::{Atom, Number, Plain};
pub use barrier::{Barrier, Party};
pub use bounded::{BoundedPermit, BoundedSemaphore};
pub use condvar::Condvar;
pub use error::{LockError, LockResult, SyncError};
pub use event::Event;
pub use item::Item;
pub use list::SharedList;
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{Permit, Semaphore};
pub use ticket::{Primitive, Ticket};
pub use value::{Array, Value};

#[cfg(test)]
mod tests;
