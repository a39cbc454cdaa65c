//! Processes as `/proc` shows them.

use std::{collections::BTreeSet, fs};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

/// Sends a signal to one process.
pub fn kill(pid: i32, signal: Signal) {
    signal::kill(Pid::from_raw(pid), signal).unwrap_or_else(|e| panic!("cannot kill {pid}: {e}"));
}

/// Sends a signal to a process that may have ended meanwhile.
pub fn kill_if_there(pid: i32, signal: Signal) {
    let _ = signal::kill(Pid::from_raw(pid), signal);
}

/// What `/proc/<pid>/stat` says after the process's name.
fn fields(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

/// The state letter and the parent of a process.
fn stat(pid: i32) -> Option<(char, i32)> {
    let fields = fields(pid)?;
    let state = fields.first()?.chars().next()?;
    Some((state, fields.get(1)?.parse().ok()?))
}

/// Whether a process has been stopped by a signal.
pub fn is_stopped(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'T')
}

/// Processor time that a process has used, in clock ticks of 10 ms; 0 if it is gone.
pub fn cpu_ticks(pid: i32) -> u64 {
    let ticks = |at: usize| fields(pid)?.get(at)?.parse::<u64>().ok();
    ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0)
}

/// Whether a process runs, so neither is gone nor a zombie.
pub fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// Whether a process has ended and was not reaped.
pub fn is_zombie(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state == 'Z')
}

/// The processes, zombies included, whose parent is `pid`.
pub fn children_of(pid: i32) -> BTreeSet<i32> {
    fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|child| stat(*child).is_some_and(|(_, parent)| parent == pid))
        .collect()
}

/// What `ps -ef` shows of a process, and its short name.
pub fn title_of(pid: i32) -> (String, String) {
    let read = |file| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let title = read("cmdline").trim_end_matches('\0').replace('\0', " ");
    (title, read("comm").trim_end().to_owned())
}

/// How many descriptors a process has open.
pub fn open_descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}
