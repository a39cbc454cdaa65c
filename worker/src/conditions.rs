//! What a worker lives under: its name, its place, its core, its memory.

use std::{env, ffi::CString};

use brigade_protocol::Start;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::{
        prctl,
        resource::{Resource, getrlimit, setrlimit},
    },
    unistd::Pid,
};

/// Applies what the master wants. An error is the reason for the user.
pub(crate) fn settle(start: &Start) -> Result<(), String> {
    name(start.index)?;
    if let Some(path) = &start.working_directory {
        env::set_current_dir(path)
            .map_err(|error| format!("cannot work in {}: {error}", path.display()))?;
    }
    if start.is_pinned {
        pin(start.index).map_err(|errno| format!("cannot be pinned to a core: {errno}"))?;
    }
    match start.max_memory_bytes {
        Some(bytes) => limit_memory(bytes)
            .map_err(|errno| format!("cannot be limited to {bytes} bytes of memory: {errno}")),
        None => Ok(()),
    }
}

/// What `top` and `ps -o comm` show; the long title is the `argv[0]` that the master gave.
fn name(index: u32) -> Result<(), String> {
    let name = CString::new(format!("brigade-w{}", u64::from(index) + 1));
    let name = name.map_err(|error| error.to_string())?;
    prctl::set_name(&name).map_err(|errno| errno.to_string())
}

/// Stays on the core with this number among those allowed, counted round.
fn pin(index: u32) -> nix::Result<()> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let cores: Vec<usize> = (0..CpuSet::count())
        .filter(|core| allowed.is_set(*core).unwrap_or(false))
        .collect();
    let Some(core) = cores.get(index as usize % cores.len().max(1)) else {
        return Ok(());
    };
    let mut own = CpuSet::new();
    own.set(*core)?;
    sched_setaffinity(Pid::from_raw(0), &own)
}

/// Limits private writable memory. What is shared, and the program itself, does not count.
fn limit_memory(bytes: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_DATA)?;
    let bytes = bytes.min(hard);
    setrlimit(Resource::RLIMIT_DATA, bytes, bytes)
}
