//! Ctrl-C and its relatives.
//!
//! The first SIGINT, SIGTERM or SIGHUP stops the pools from taking work, cancels what has not begun, and lets
//! what is running end within a grace; what is done is reported, and the exit code says which signal it was. The
//! second one kills. SIGTSTP stops the workers, and the clocks of their tasks, together with this process.
//!
//! A thread of its own receives the signals; all others have them blocked, worker processes have not.

use std::{
    io,
    os::fd::AsFd,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI32, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use brigade::{Control, Pool};
use brigade_protocol::process::Stat;
use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, raise},
        signalfd::{SfdFlags, SignalFd},
    },
    unistd::{Pid, getpgid, getpgrp, getppid, getsid},
};

pub(crate) use nix::sys::signal::Signal;

use super::{narrate::complain, progress};

/// Decides about a signal; whether it has been dealt with.
type Diversion = Box<dyn FnMut(Signal) -> bool + Send>;

/// How long running tasks may take to end after the first signal.
const GRACE: Duration = Duration::from_secs(5);

/// How long the rest of the program may take to end after the last task.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The first signal that asked for the end; 0 if none did.
static CAUGHT: AtomicI32 = AtomicI32::new(0);

/// The pools that are at work, each with a number of its own.
static POOLS: Mutex<Vec<(u64, Control)>> = Mutex::new(Vec::new());

/// Who is asked before a signal ends anything.
static DIVERSION: Mutex<Option<Diversion>> = Mutex::new(None);

/// Receives signals from now on. To be called before any thread is started.
pub(crate) fn install() -> io::Result<()> {
    let mut signals = SigSet::empty();
    let ignored = ignored_signals();
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGTSTP,
    ] {
        // Under nohup, or in the background of a script, a signal is to have no effect.
        if ignored & (1 << (signal as u32 - 1)) == 0 {
            signals.add(signal);
        }
    }
    signals.thread_block()?;
    let fd = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    thread::Builder::new()
        .name("signals".into())
        .stack_size(256 << 10)
        .spawn(move || watch(&fd))?;
    Ok(())
}

/// The signals that this process was started to ignore, as a mask.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// Lets signals reach a pool from now on.
pub(crate) fn attach(pool: &Pool) {
    std::mem::forget(attach_while(pool));
}

/// Lets signals reach a pool as long as what is returned is there: for programs that outlive their pools.
#[must_use]
pub(crate) fn attach_while(pool: &Pool) -> Attached {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    // What is over would keep its descriptors for as long as it is listed, and a benchmark starts pools by the hundred.
    pools.retain(|(_, pool)| !pool.is_over());
    pools.push((number, pool.control()));
    if caught().is_some() {
        pool.control().drain();
    }
    Attached(number)
}

/// A pool that signals reach.
pub(crate) struct Attached(u64);

impl Drop for Attached {
    fn drop(&mut self) {
        let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|(number, _)| *number != self.0);
    }
}

/// Gives signals to `diversion` from now on. What it does not deal with ends the program, as it would without.
pub(crate) fn divert(diversion: impl FnMut(Signal) -> bool + Send + 'static) {
    *DIVERSION.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(diversion));
}

fn is_diverted(signal: Signal) -> bool {
    let mut diversion = DIVERSION.lock().unwrap_or_else(PoisonError::into_inner);
    diversion.as_mut().is_some_and(|divert| divert(signal))
}

/// The signal that asked for the end, if one did.
pub(crate) fn caught() -> Option<i32> {
    Some(CAUGHT.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// The life of the signals' thread.
fn watch(fd: &SignalFd) {
    loop {
        match next(fd, None) {
            Some(Signal::SIGTSTP) => stop(),
            Some(signal) if is_diverted(signal) => {}
            Some(signal) => end(fd, signal),
            None => {}
        }
    }
}

/// Waits for a signal, until `deadline` if there is one.
fn next(fd: &SignalFd, deadline: Option<Instant>) -> Option<Signal> {
    let timeout = deadline.map_or(PollTimeout::NONE, |at| {
        let left = at.saturating_duration_since(Instant::now());
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    });
    let mut watched = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    let _ = poll(&mut watched, timeout);
    let info = fd.read_signal().ok().flatten()?;
    Signal::try_from(i32::try_from(info.ssi_signo).ok()?).ok()
}

fn each_pool(act: impl Fn(&Control)) {
    POOLS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .for_each(|(_, pool)| act(pool));
}

/// Ctrl-Z: the workers first, then this process; and all go on together.
fn stop() {
    if is_orphaned_group() {
        // Nobody could let it go on; the kernel would not stop it either.
        return;
    }
    each_pool(Control::pause);
    let _ = raise(Signal::SIGSTOP);
    each_pool(Control::resume);
}

/// Whether no process outside of this one's group, in the same session, is a parent of it: no shell that could
/// continue it.
fn is_orphaned_group() -> bool {
    let (own, mut parent) = (getpgrp(), getppid());
    while getpgid(Some(parent)).is_ok_and(|group| group == own) {
        let Some(next) = parent_of(parent) else {
            return true;
        };
        parent = next;
    }
    let session = getsid(None);
    session.is_err() || getsid(Some(parent)) != session
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = Stat::of(u32::try_from(pid.as_raw()).ok()?).ok()?;
    (stat.parent > 0).then(|| Pid::from_raw(stat.parent))
}

/// The first signal: an end in good order. The second one, or impatience: an end.
fn end(fd: &SignalFd, signal: Signal) {
    CAUGHT.store(signal as i32, Ordering::Relaxed);
    let open = open_tasks();
    progress::wipe();
    if open > 0 {
        complain(&format!(
            "{}: finishing what is running; once more to kill it",
            reason(signal)
        ));
    }
    each_pool(Control::drain);
    let deadline = Instant::now() + GRACE;
    let mut idle_since = None;
    while Instant::now() < deadline {
        let soon = Instant::now() + Duration::from_millis(20);
        match next(fd, Some(soon)) {
            Some(Signal::SIGTSTP) => stop(),
            Some(_) => break,
            None => {}
        }
        if open_tasks() > 0 {
            idle_since = None;
        } else if idle_since.get_or_insert(Instant::now()).elapsed() > LAST_WORDS {
            break;
        }
    }
    each_pool(Control::terminate);
    // Whoever waited for a task of these pools has its outcome now and ends the program, unless it waits for
    // something else.
    if open > 0 {
        thread::sleep(LAST_WORDS);
    }
    die_of(signal);
}

fn open_tasks() -> usize {
    let pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    pools.iter().map(|(_, pool)| pool.stats().open).sum()
}

fn reason(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGINT => "interrupted",
        Signal::SIGHUP => "hung up",
        _ => "terminated",
    }
}

/// Ends this process by the signal itself.
fn die_of(signal: Signal) {
    progress::wipe();
    let mut set = SigSet::empty();
    set.add(signal);
    if set.thread_unblock().is_ok() {
        let _ = raise(signal);
    }
}
