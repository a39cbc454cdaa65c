//! Memory that all clients share: who needs some waits until there is some.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit that is counted in, so that 32 bits suffice.
const UNIT: usize = 1 << 10;

/// So many bytes at a time, in the order in which they are asked for.
#[derive(Debug)]
pub(super) struct Room {
    units: Arc<Semaphore>,
    total: u32,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        let total = units(bytes);
        Self {
            units: Arc::new(Semaphore::new(total as usize)),
            total,
        }
    }

    /// Waits for room. Who wants more than there is gets all of it, alone.
    pub(super) async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = units(bytes).min(self.total);
        Arc::clone(&self.units).acquire_many_owned(units).await.ok()
    }

    /// Changes room that was taken to what is needed after all.
    pub(super) async fn settle(
        &self,
        mut room: OwnedSemaphorePermit,
        bytes: usize,
    ) -> Option<OwnedSemaphorePermit> {
        let needed = units(bytes);
        if let Some(spare) = room.num_permits().checked_sub(needed as usize) {
            drop(room.split(spare));
            return Some(room);
        }
        // Given back first: if all held some and wanted more, nobody would get any.
        drop(room);
        self.take(bytes).await
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX >> 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(work)
    }

    #[test]
    fn room_is_settled_to_what_is_needed() {
        block_on(async {
            let room = Room::new(10 * UNIT);
            let taken = room.take(5 * UNIT).await.unwrap();
            let taken = room.settle(taken, 1).await.unwrap();
            assert_eq!(room.units.available_permits(), 9);
            let taken = room.settle(taken, 7 * UNIT).await.unwrap();
            assert_eq!(room.units.available_permits(), 3);
            drop(taken);
            let all = room.take(1 << 40).await.unwrap();
            assert_eq!((all.num_permits(), room.units.available_permits()), (10, 0));
        });
    }
}
