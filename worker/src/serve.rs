//! The serve loop: tasks in, results out, until the master says so or is gone.
//!
//! The thread that runs the tasks also reads them. A reader thread of its own would cost two wake-ups a
//! call; what it would be there for (seeing the master's end while a task runs) the lifeline does.

mod desk;

use std::process::ExitCode;

use brigade_protocol::codec;

use crate::{
    descendants::kill_own_descendants,
    inbox::InboxError,
    registry::Registry,
    start::{self, StartError},
};
use desk::Desk;

/// Serves tasks to the master that started this process, and returns when it says so.
///
/// The last call in a worker's `main`. It may not return at all: when the master dies, the process ends
/// where it is, with every process that its tasks started.
#[must_use]
pub fn main(registry: &Registry) -> ExitCode {
    match serve(registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(2)
        }
    }
}

#[expect(clippy::print_stderr, reason = "there is nobody else to tell")]
fn complain(error: &ServeError) {
    // The master reports a refusal itself, and an orphan has nobody who reads.
    if !matches!(
        error,
        ServeError::Start(StartError::Refused(_) | StartError::Orphaned)
    ) {
        eprintln!("worker: {error}");
    }
}

#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Inbox(#[from] InboxError),
    #[error("the master sent a message that {0}")]
    Message(#[from] codec::DecodeError),
}

fn serve(registry: &Registry) -> Result<(), ServeError> {
    let (mut desk, mut inbox) = Desk::new(registry, start::start(registry)?);
    desk.work_off(&mut inbox)?;
    desk.leave();
    kill_own_descendants();
    Ok(())
}
