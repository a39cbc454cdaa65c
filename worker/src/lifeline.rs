//! The lifeline: a thread that sees what the serve loop cannot while a task runs.
//!
//! * The end of the task pipe: the master is gone, so the worker ends at once, in the middle of a task, and
//!   takes its process group with it.
//! * SIGCONT, which the kernel sends when the master dies, even to a worker that is stopped and would not see
//!   the end of the pipe. It means nothing otherwise, so it does not matter that it comes once for each of the
//!   master's threads.
//! * SIGTERM and SIGHUP, by which people end a worker; the kernel sends the latter to stopped orphans.
//! * Results that have waited in the outbox for a millisecond behind a task that takes longer.
//!
//! It sleeps in `poll` otherwise: an idle worker and one with a long task cost no wake-ups.

use std::{
    fs::File,
    io, process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use brigade_protocol::shm::{BoardName, unlink_board};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        eventfd::{EfdFlags, EventFd},
        signal::{SigSet, Signal, killpg, raise},
        signalfd::{SfdFlags, SignalFd},
    },
    unistd::{Pid, getpgrp, getppid},
};
use std::os::fd::AsFd;

use crate::{
    descendants::kill_own_descendants,
    marks::{kill_marked, own_board},
    sender::Sender,
};

/// The longest that a finished result waits for others.
const LINGER_MS: u8 = 1;

/// The master's pipes are closed a moment before its children are given to another parent; so long is waited
/// for that.
const ADOPTION_MS: u32 = 1_000;

/// The other workers of a dead master have this long to end by themselves.
const LAST_LOOK: Duration = Duration::from_millis(100);

/// Whether the end of this process has begun.
static IS_CUT: AtomicBool = AtomicBool::new(false);

/// The signals that the lifeline receives; they are blocked in every thread.
pub(crate) const WATCHED: [Signal; 3] = [Signal::SIGCONT, Signal::SIGTERM, Signal::SIGHUP];

/// What the serve loop tells the lifeline.
#[derive(Debug)]
pub(crate) struct Pulse {
    busy: AtomicBool,
    leaving: AtomicBool,
    lingering: AtomicBool,
    bell: EventFd,
}

impl Pulse {
    /// A task begins.
    pub(crate) fn begin(&self) {
        self.busy.store(true, Ordering::Release);
    }

    /// The task has ended.
    pub(crate) fn end(&self) {
        self.busy.store(false, Ordering::Release);
    }

    /// The worker has been told to end and does so by itself.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Results wait in the outbox while a task begins: somebody has to send them if it takes long.
    pub(crate) fn linger(&self) {
        // Looked at first, because this is asked for every result.
        if !self.lingering.load(Ordering::Acquire) && !self.lingering.swap(true, Ordering::AcqRel) {
            // A full counter would be a bell that rings already.
            let _ = self.bell.write(1);
        }
    }
}

/// Who the master is and what to clean up when it has died.
#[derive(Debug)]
pub(crate) struct Ties {
    pub(crate) master: Pid,
    pub(crate) board: String,
}

impl Ties {
    /// As this worker's environment tells them from its birth on.
    pub(crate) fn of_birth() -> Option<Self> {
        let board = own_board()?;
        let master = Pid::from_raw(BoardName::parse(&board)?.pid());
        Some(Self { master, board })
    }

    /// Whether the master is dead, and this process has another parent.
    pub(crate) fn is_orphaned(&self) -> bool {
        getppid() != self.master
    }

    /// Does not return if the end of this process has begun: nothing may be started any more.
    pub(crate) fn hold_if_cut(&self) {
        if IS_CUT.load(Ordering::Acquire) {
            self.cut();
        }
    }

    /// Ends this process because there is nobody left to work for, with all processes its tasks started.
    pub(crate) fn cut(&self) -> ! {
        // The lifeline and the serve loop may both see it, and the second must not end what the first is at.
        while IS_CUT.swap(true, Ordering::AcqRel) {
            thread::sleep(Duration::from_mins(1));
        }
        let mut is_first = false;
        for _ in 0..ADOPTION_MS {
            if self.is_orphaned() {
                is_first = unlink_board(&self.board);
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        // Those that have left the group.
        kill_own_descendants();
        if is_first {
            // One worker looks for what has detached itself from any of them, once the others have ended.
            thread::sleep(LAST_LOOK);
            kill_marked(std::slice::from_ref(&self.board));
        }
        if getpgrp() == Pid::this() {
            let _ = killpg(getpgrp(), Signal::SIGKILL);
        }
        process::exit(1)
    }
}

/// Starts the lifeline of this worker.
pub(crate) fn watch(
    ties: Arc<Ties>,
    tasks: Arc<File>,
    sender: Arc<Sender>,
) -> io::Result<Arc<Pulse>> {
    let watched = SigSet::from_iter(WATCHED);
    let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let pulse = Arc::new(Pulse {
        busy: AtomicBool::new(false),
        leaving: AtomicBool::new(false),
        lingering: AtomicBool::new(false),
        bell: EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?,
    });
    let lifeline = Lifeline {
        ties,
        tasks,
        sender,
        signals,
        pulse: Arc::clone(&pulse),
    };
    thread::Builder::new()
        .name("lifeline".into())
        .stack_size(64 << 10)
        .spawn(move || lifeline.run())?;
    Ok(pulse)
}

struct Lifeline {
    ties: Arc<Ties>,
    tasks: Arc<File>,
    sender: Arc<Sender>,
    signals: SignalFd,
    pulse: Arc<Pulse>,
}

impl Lifeline {
    fn run(self) {
        loop {
            let timeout = if self.pulse.lingering.load(Ordering::Acquire) {
                PollTimeout::from(LINGER_MS)
            } else {
                PollTimeout::NONE
            };
            let mut watched = [
                // No events asked for: the end of the pipe is reported all the same, data is not.
                PollFd::new(self.tasks.as_fd(), PollFlags::empty()),
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.pulse.bell.as_fd(), PollFlags::POLLIN),
            ];
            match poll(&mut watched, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => self.ties.cut(),
            }
            let [hung_up, signalled, rung] = watched.map(|fd| fd.any().unwrap_or(true));
            if hung_up {
                self.master_closed();
            }
            if signalled {
                self.signalled();
            }
            if rung {
                let _ = self.pulse.bell.read();
            } else {
                self.send_what_lingers();
            }
        }
    }

    /// The end of the task pipe. The serve loop sees it by itself, unless it is in a task.
    fn master_closed(&self) {
        if self.pulse.busy.load(Ordering::Acquire) && !self.pulse.leaving.load(Ordering::Acquire) {
            self.ties.cut();
        }
        // What has arrived before the end may still be read: look again until the process has ended.
        thread::sleep(Duration::from_millis(1));
    }

    fn signalled(&self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            if self.ties.is_orphaned() {
                self.ties.cut();
            }
            match i32::try_from(signal.ssi_signo).map(Signal::try_from) {
                Ok(Ok(signal)) if signal != Signal::SIGCONT => {
                    // After its end nobody could tell whose they were.
                    kill_own_descendants();
                    die_of(signal);
                }
                _ => {}
            }
        }
    }

    fn send_what_lingers(&self) {
        if self.pulse.lingering.swap(false, Ordering::AcqRel) && self.sender.open().flush().is_err()
        {
            self.ties.cut();
        }
    }
}

/// Ends the process by this very signal, so that the master sees how it ended.
fn die_of(signal: Signal) {
    if SigSet::from(signal).thread_unblock().is_ok() {
        let _ = raise(signal);
    }
}
