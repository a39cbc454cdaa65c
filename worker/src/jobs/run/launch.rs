//! Starts a command by `posix_spawn`: no copy of the worker's memory, and no code of ours in between.

use std::{
    env,
    ffi::{CStr, CString, OsStr, OsString},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::Path,
};

use brigade_protocol::jobs::run::{Command, NoStart};
use nix::{
    errno::Errno,
    spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn, posix_spawnp},
    sys::signal::{SigSet, Signal},
};

use super::{Trouble, child::Child, programs::Programs, worker};
use crate::{
    birth::spawn_patiently,
    marks::{MARK_VARIABLE, with_own_marks},
};

/// Starts commands, and has at hand what all of them need.
pub(super) struct Launcher {
    /// The worker's environment without its marks.
    environment: Vec<(OsString, CString)>,
    programs: Programs,
    /// The worker's own mark, if a pool has started it.
    own_mark: Option<String>,
    /// How many commands there have been.
    count: u64,
}

/// The ends of pipes that a command writes to; none where it writes to what the worker writes to.
pub(super) struct WriteEnds {
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

impl Launcher {
    pub(super) fn new() -> Self {
        let entries = env::vars_os().filter(|(name, _)| name != MARK_VARIABLE);
        let environment = entries.filter_map(|(name, value)| {
            let entry = entry(&name, value.as_bytes())?;
            Some((name, entry))
        });
        let marks = env::var(MARK_VARIABLE).unwrap_or_default();
        Self {
            environment: environment.collect(),
            programs: Programs::default(),
            own_mark: marks
                .rsplit(':')
                .next()
                .filter(|own| !own.is_empty())
                .map(str::to_owned),
            count: 0,
        }
    }

    /// Starts the command. It has the worker's process group, which whoever ends the worker ends as well, and a
    /// mark that finds those of its descendants that have left it.
    pub(super) fn launch(&mut self, command: &Command, ends: &WriteEnds) -> Result<Child, Trouble> {
        let argv: Vec<CString> = command
            .argv
            .iter()
            .map(|word| CString::new(word.as_slice()).map_err(|_| NoStart::Nul))
            .collect::<Result<_, _>>()?;
        let program = argv.first().ok_or(NoStart::Empty)?;
        self.count += 1;
        let mark = self
            .own_mark
            .as_ref()
            .map(|own| format!("{own}.{}", self.count));
        let path = self.programs.path_of(program);
        let changes = changes(command, mark.as_deref())?;
        let environment = self.environment(command, &changes);
        let actions = actions(ends).map_err(worker)?;
        let attributes = attributes().map_err(worker)?;
        let mut spawned = spawn_patiently(|| match &path {
            Some(path) => posix_spawn(&**path, &actions, &attributes, &argv, &environment),
            None => posix_spawnp(program, &actions, &attributes, &argv, &environment),
        });
        // It is not there any more; another may be.
        if path.is_some() && matches!(spawned, Err(Errno::ENOENT | Errno::ENOTDIR)) {
            spawned = spawn_patiently(|| {
                posix_spawnp(program, &actions, &attributes, &argv, &environment)
            });
        }
        match spawned {
            Ok(pid) => Child::new(pid, mark).map_err(worker),
            Err(errno) => Err(explain(errno, program).into()),
        }
    }

    fn environment<'a>(&'a self, command: &Command, changes: &'a [CString]) -> Vec<&'a CStr> {
        let is_changed = |name: &OsStr| {
            let mut names = command.environment.iter();
            names.any(|(changed, _)| changed.as_slice() == name.as_bytes())
        };
        let kept = self.environment.iter();
        let kept = kept.filter(|(name, _)| !is_changed(name));
        let changes = changes.iter().map(CString::as_c_str);
        changes
            .chain(kept.map(|(_, entry)| entry.as_c_str()))
            .collect()
    }
}

/// What this command's environment has beside the worker's.
fn changes(command: &Command, mark: Option<&str>) -> Result<Vec<CString>, NoStart> {
    let mark = mark.and_then(|mark| {
        let marks = with_own_marks(mark);
        entry(OsStr::new(MARK_VARIABLE), marks.as_bytes())
    });
    let changed = command
        .environment
        .iter()
        .map(|(name, value)| entry(OsStr::from_bytes(name), value).ok_or(NoStart::Nul));
    // First, because who looks for it reads from the start.
    mark.map(Ok).into_iter().chain(changed).collect()
}

fn entry(name: &OsStr, value: &[u8]) -> Option<CString> {
    let mut entry = name.to_owned().into_vec();
    entry.push(b'=');
    entry.extend_from_slice(value);
    CString::new(entry).ok()
}

/// Its standard input is the worker's, which is empty. All else that the worker has open closes by itself.
fn actions(ends: &WriteEnds) -> nix::Result<PosixSpawnFileActions> {
    let mut actions = PosixSpawnFileActions::init()?;
    for (end, number) in [(&ends.stdout, 1), (&ends.stderr, 2)] {
        if let Some(end) = end {
            actions.add_dup2(end.as_raw_fd(), number)?;
        }
    }
    Ok(actions)
}

/// A worker has signals blocked or ignored that a command is to receive.
fn attributes() -> nix::Result<PosixSpawnAttr> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF,
    )?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;
    Ok(attributes)
}

fn explain(errno: Errno, program: &CStr) -> NoStart {
    let path = Path::new(OsStr::from_bytes(program.to_bytes()));
    match errno {
        Errno::ENOENT | Errno::ENOTDIR if is_there(path) => NoStart::NoInterpreter,
        Errno::ENOENT | Errno::ENOTDIR => NoStart::NotFound,
        Errno::EACCES => NoStart::NotExecutable,
        Errno::ENOEXEC => NoStart::NoProgram,
        Errno::E2BIG => NoStart::TooLong,
        Errno::EAGAIN => NoStart::System(
            "there are as many processes as may be; raise the limit with `ulimit -u`, or use fewer workers".into(),
        ),
        other => NoStart::System(other.desc().into()),
    }
}

/// Whether there is such a file, in `PATH` if the name has no slash.
fn is_there(program: &Path) -> bool {
    if program.as_os_str().is_empty() {
        return false;
    }
    if program.as_os_str().as_bytes().contains(&b'/') {
        return program.is_file();
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}
