//! What the loop watches of each worker, and how an event says what it is about.

use std::{io, os::fd::AsFd};

use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags};

use super::spawn::Spawned;

/// Token of the bell that ends a wait.
pub(super) const BELL: u64 = u64::MAX;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Results,
    Tasks,
    Process,
}

pub(super) fn token(slot: usize, generation: u32, source: Source) -> u64 {
    u64::from(generation) << 32 | (slot as u64) << 2 | source as u64
}

pub(super) fn read_token(token: u64) -> Option<(usize, u32, Source)> {
    if token == BELL {
        return None;
    }
    let source = [Source::Results, Source::Tasks, Source::Process]
        .into_iter()
        .find(|source| *source as u64 == token & 3)?;
    let generation = u32::try_from(token >> 32).ok()?;
    let slot = usize::try_from((token & u64::from(u32::MAX)) >> 2).ok()?;
    Some((slot, generation, source))
}

pub(super) fn watch(
    epoll: &Epoll,
    process: &Spawned,
    slot: usize,
    generation: u32,
) -> io::Result<()> {
    // Room in the task pipe is told once each time there is some again, the rest as long as it is so.
    let room = EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
    let input = EpollFlags::EPOLLIN;
    let event = |flags, source| EpollEvent::new(flags, token(slot, generation, source));
    epoll.add(process.results.as_fd(), event(input, Source::Results))?;
    epoll.add(process.tasks.as_fd(), event(room, Source::Tasks))?;
    epoll.add(process.child.pidfd(), event(input, Source::Process))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_read_back_and_the_bell_is_none_of_them() {
        for source in [Source::Results, Source::Tasks, Source::Process] {
            let token = token(1023, u32::MAX, source);
            assert_eq!(read_token(token), Some((1023, u32::MAX, source)));
        }
        assert_eq!(read_token(BELL), None);
    }
}
