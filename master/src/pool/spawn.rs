//! Starts a worker process: its pipes, its lane, its place among the processes.
//!
//! Workers are started with `posix_spawn`: exec only, whatever threads the master has, and at a cost that does
//! not grow with the master's memory. Each gets a process group of its own, `/dev/null` as standard input,
//! and the fixed descriptors of [`brigade_protocol::fd`]; everything else is close-on-exec.

use std::{
    ffi::{CString, OsStr, OsString},
    fs::File,
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use brigade_protocol::{
    fd,
    shm::{BoardName, Lane},
};
use brigade_worker::{MARK_VARIABLE, mark, spawn_patiently, take_hold, with_own_marks};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn},
    sys::{
        signal::{SigSet, Signal},
        stat::Mode,
    },
    unistd::{Pid, pipe2},
};

use super::{inherit::inheritable, log::Log, reap::Child, start_error::StartError};
use crate::os::duplicate_from;

/// A segment that every worker of the pool is given.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) fd: OwnedFd,
}

/// What the workers of a pool live under.
#[derive(Debug)]
pub(crate) struct Conditions {
    pub(crate) result_limit_bytes: u64,
    pub(crate) max_memory_bytes: Option<u64>,
    /// Kind and encoded input of the task that prepares a worker.
    pub(crate) initializer: Option<(String, Vec<u8>)>,
    pub(crate) working_directory: Option<PathBuf>,
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Whether each worker has a core of its own.
    pub(crate) is_pinned: bool,
}

impl Conditions {
    pub(crate) fn new(result_limit_bytes: u64) -> Self {
        Self {
            result_limit_bytes,
            max_memory_bytes: None,
            initializer: None,
            working_directory: None,
            environment: Vec::new(),
            is_pinned: false,
        }
    }
}

/// How the workers of a pool are started.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) executable: PathBuf,
    /// What `ps` shows after the worker's number, such as `tune`.
    pub(crate) title: String,
    pub(crate) workers: usize,
    pub(crate) shared: Vec<Shared>,
    pub(crate) conditions: Conditions,
    /// The name of the pool's status board, which is unique to it.
    pub(crate) board: BoardName,
    /// How many processes were started.
    pub(crate) born: AtomicU64,
}

/// A worker process that has just been started, and the master's ends of what it shares with it.
#[derive(Debug)]
pub(crate) struct Spawned {
    pub(crate) child: Child,
    pub(crate) tasks: File,
    pub(crate) results: File,
    pub(crate) lane: Lane,
    pub(super) log: Log,
    /// What it and all it starts carry in their environment.
    pub(super) mark: String,
}

impl Recipe {
    /// Starts the process for slot `index`.
    pub(crate) fn spawn(&self, index: usize) -> Result<Spawned, StartError> {
        let (lane, lane_fd) = Lane::create()?;
        let (tasks_read, tasks_write) = pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from)?;
        let (results_read, results_write) = pipe2(OFlag::O_CLOEXEC).map_err(io::Error::from)?;
        for end in [&tasks_write, &results_read] {
            fcntl(end, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(io::Error::from)?;
        }
        let log = Log::create()?;
        let inherited = [tasks_read, results_write, lane_fd];
        let mark = mark(
            &self.board.to_string(),
            self.born.fetch_add(1, Ordering::Relaxed),
        );
        let pid = self.exec(index, inherited, &log, &mark)?;
        Ok(Spawned {
            child: Child::new(pid, take_hold(pid)?),
            tasks: File::from(tasks_write),
            results: File::from(results_read),
            lane,
            log,
            mark,
        })
    }

    fn exec(
        &self,
        index: usize,
        inherited: [OwnedFd; 3],
        log: &Log,
        mark: &str,
    ) -> Result<Pid, StartError> {
        let floor = fd::FIRST_SEGMENT + i32::try_from(self.shared.len()).unwrap_or(i32::MAX);
        // Descriptors must not stand where another is to be put, or one would overwrite the other.
        let [tasks, results, lane] = inherited.map(|fd| raise_above(fd, floor));
        let (tasks, results, lane) = (tasks?, results?, lane?);
        let log = duplicate_from(log.fd(), floor)?;
        let mut plan = vec![
            (tasks.as_raw_fd(), fd::TASKS),
            (results.as_raw_fd(), fd::RESULTS),
            (lane.as_raw_fd(), fd::LANE),
            // First, before number 2 is the log.
            (2, fd::STANDARD_ERROR),
            (log.as_raw_fd(), 2),
        ];
        let mut raised = Vec::with_capacity(self.shared.len());
        for (target, shared) in (fd::FIRST_SEGMENT..).zip(&self.shared) {
            let segment = duplicate_from(shared.fd.as_fd(), floor)?;
            plan.push((segment.as_raw_fd(), target));
            raised.push(segment);
        }
        let title = format!(
            "brigade-worker[{}/{}] {}",
            index + 1,
            self.workers,
            self.title
        );
        self.exec_with(&plan, &title, mark)
    }

    fn exec_with(
        &self,
        plan: &[(RawFd, RawFd)],
        title: &str,
        mark: &str,
    ) -> Result<Pid, StartError> {
        let actions = file_actions(&inheritable(), plan).map_err(io::Error::from)?;
        let attributes = attributes().map_err(io::Error::from)?;
        let path = c_string(self.executable.as_os_str())?;
        let title = c_string(OsStr::new(title))?;
        let environment = environment(&self.conditions.environment, mark)?;
        spawn_patiently(|| posix_spawn(&*path, &actions, &attributes, &[&title], &environment))
            .map_err(|errno| self.explain(errno))
    }

    fn explain(&self, errno: Errno) -> StartError {
        let path = self.executable.clone();
        if errno == Errno::ENOENT {
            StartError::NoWorker { path }
        } else {
            StartError::Spawn {
                path,
                error: errno.into(),
            }
        }
    }
}

/// The same descriptor under a number of at least `floor`.
fn raise_above(fd: OwnedFd, floor: RawFd) -> Result<OwnedFd, io::Error> {
    if fd.as_raw_fd() >= floor {
        return Ok(fd);
    }
    duplicate_from(fd.as_fd(), floor)
}

fn file_actions(private: &[RawFd], plan: &[(RawFd, RawFd)]) -> nix::Result<PosixSpawnFileActions> {
    let mut actions = PosixSpawnFileActions::init()?;
    for fd in private {
        actions.add_close(*fd)?;
    }
    actions.add_open(0, Path::new("/dev/null"), OFlag::O_RDONLY, Mode::empty())?;
    for (source, target) in plan {
        actions.add_dup2(*source, *target)?;
    }
    Ok(actions)
}

/// Its own process group, no blocked signals, and the default action for those that a shell or a Rust
/// runtime may have had ignored.
fn attributes() -> nix::Result<PosixSpawnAttr> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_sigmask(&SigSet::empty())?;
    let mut defaults = SigSet::empty();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGPIPE,
        Signal::SIGCHLD,
    ] {
        defaults.add(signal);
    }
    attributes.set_sigdefault(&defaults)?;
    Ok(attributes)
}

/// This process's environment with changes, and with the worker's mark.
fn environment(changes: &[(OsString, OsString)], mark: &str) -> Result<Vec<CString>, io::Error> {
    let is_changed = |name: &OsString| changes.iter().any(|(changed, _)| changed == name);
    let marks = (OsString::from(MARK_VARIABLE), with_own_marks(mark));
    // First, because who looks for it reads from the start.
    std::iter::once(marks)
        .chain(std::env::vars_os().filter(|(name, _)| !is_changed(name)))
        .chain(changes.iter().cloned())
        .enumerate()
        .filter(|(at, (name, _))| *at == 0 || name != MARK_VARIABLE)
        .map(|(_, entry)| entry)
        .map(|(name, value)| {
            let mut entry = name;
            entry.push("=");
            entry.push(value);
            c_string(&entry)
        })
        .collect()
}

fn c_string(text: &OsStr) -> Result<CString, io::Error> {
    CString::new(text.as_bytes()).map_err(io::Error::from)
}
