//! The mark that each worker carries in its environment, which all it starts inherit.
//!
//! When a worker dies of a crash or by somebody's SIGKILL, its children have lost the parent by which they
//! could be found, and a session of their own has taken them out of its process group. Their environment
//! still says whose they were, unless they have cleared it.

use std::{
    collections::HashSet,
    env,
    ffi::OsString,
    fs::{self, File},
    io::Read,
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// Its value is a list: a worker whose task starts a pool of its own passes its mark on to the workers of that.
#[doc(hidden)]
pub const MARK_VARIABLE: &str = "BRIGADE_MARKS";

const SEPARATOR: char = ':';

/// Stands between the name of a pool's status board and the number of the worker.
const NUMBER: char = '.';

/// So often is looked again for what was started while others were killed.
const ROUNDS: u32 = 16;

/// Longer environments are not read to their end.
const ENVIRONMENT_BYTES: u64 = 4 << 20;

/// The mark of the `number`-th worker that a pool has started. No two workers of a machine have the same one.
#[doc(hidden)]
#[must_use]
pub fn mark(board: &str, number: u64) -> String {
    format!("{board}{NUMBER}{number}")
}

/// What [`MARK_VARIABLE`] is set to for a worker with this mark: it comes behind those of this process.
#[doc(hidden)]
#[must_use]
pub fn with_own_marks(mark: &str) -> OsString {
    let mut marks = env::var_os(MARK_VARIABLE).unwrap_or_default();
    if !marks.is_empty() {
        marks.push(SEPARATOR.to_string());
    }
    marks.push(mark);
    marks
}

/// The name of the status board of this worker's pool.
pub(crate) fn own_board() -> Option<String> {
    let marks = env::var(MARK_VARIABLE).ok()?;
    let own = marks.rsplit(SEPARATOR).next()?;
    own.split_once(NUMBER).map(|(board, _)| board.to_owned())
}

/// Kills the processes that carry one of these marks, or one of a pool with a board of such a name; but not this
/// process. Returns how many there were.
///
/// It reads the environment of every process that may be looked at: for the case of a disaster.
#[doc(hidden)]
pub fn kill_marked(wanted: &[String]) -> usize {
    let wanted: HashSet<&[u8]> = wanted.iter().map(String::as_bytes).collect();
    let mut killed = HashSet::new();
    for _ in 0..ROUNDS {
        let round: Vec<i32> = processes().filter(|pid| kill_if(*pid, &wanted)).collect();
        let is_last = round.iter().all(|pid| killed.contains(pid));
        killed.extend(round);
        if is_last {
            break;
        }
    }
    killed.len()
}

/// Kills a process if it is marked so; whether it was.
fn kill_if(pid: i32, wanted: &HashSet<&[u8]>) -> bool {
    if !is_marked(pid, wanted) {
        return false;
    }
    let handle = Pid::from_raw(pid).map(|pid| pidfd_open(pid, PidfdFlags::empty()));
    let Some(Ok(handle)) = handle else {
        return false;
    };
    // Now that there is a handle on it: is it still the one that was looked at?
    is_marked(pid, wanted) && pidfd_send_signal(&handle, Signal::KILL).is_ok()
}

fn processes() -> impl Iterator<Item = i32> {
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(move |pid| *pid != me)
}

fn is_marked(pid: i32, wanted: &HashSet<&[u8]>) -> bool {
    let mut environment = Vec::with_capacity(4096);
    // Of other users and of what has ended there is none.
    let _ = File::open(format!("/proc/{pid}/environ"))
        .and_then(|file| file.take(ENVIRONMENT_BYTES).read_to_end(&mut environment));
    environment
        .split(|byte| *byte == 0)
        .filter_map(|entry| {
            entry
                .strip_prefix(MARK_VARIABLE.as_bytes())?
                .strip_prefix(b"=")
        })
        .flat_map(|marks| marks.split(|byte| *byte == SEPARATOR as u8))
        .any(|mark| {
            let board = mark.split(|byte| *byte == NUMBER as u8).next();
            wanted.contains(mark) || board.is_some_and(|board| wanted.contains(board))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        process::{Child, Command},
        thread,
        time::{Duration, Instant},
    };

    /// A process with these marks, which it shows only a moment after it was started.
    fn sleeper(marks: &str) -> Child {
        let mut command = Command::new("sleep");
        command.arg("3600").env(MARK_VARIABLE, marks);
        let child = command.spawn().unwrap();
        let shown = format!("{MARK_VARIABLE}={marks}\0").into_bytes();
        let deadline = Instant::now() + Duration::from_secs(10);
        let environment = || fs::read(format!("/proc/{}/environ", child.id())).unwrap_or_default();
        while !environment()
            .windows(shown.len())
            .any(|entry| entry == shown)
        {
            assert!(Instant::now() < deadline, "it never shows {marks}");
            thread::yield_now();
        }
        child
    }

    fn is_killed(mut child: Child) -> bool {
        let is_killed = matches!(child.try_wait(), Ok(Some(_)));
        let _ = child.kill();
        let _ = child.wait();
        is_killed
    }

    #[test]
    fn those_that_carry_the_mark_are_killed_and_no_others() {
        let board = format!("test-{}", std::process::id());
        let of = |number| mark(&board, number);
        let guilty = [
            of(7),
            format!("outer.1:{}", of(7)),
            format!("{}:inner.1", of(7)),
        ];
        let guilty: Vec<_> = guilty.iter().map(|marks| sleeper(marks)).collect();
        let innocent = [of(70), of(8), format!("x{}", of(7)), board.clone()];
        let innocent: Vec<_> = innocent.iter().map(|marks| sleeper(marks)).collect();
        assert_eq!(kill_marked(&[of(7)]), 3);
        assert_eq!(kill_marked(&[format!("{board}x")]), 0);
        // Killed is not yet ended.
        for mut child in guilty {
            assert!(!child.wait().unwrap().success());
        }
        let ended: Vec<bool> = innocent.into_iter().map(is_killed).collect();
        assert_eq!(ended, [false; 4]);
    }

    #[test]
    fn a_pool_is_killed_as_a_whole_by_the_name_of_its_board() {
        let board = format!("test-pool-{}", std::process::id());
        let workers = [1, 22].map(|number| sleeper(&mark(&board, number)));
        assert_eq!(kill_marked(&[board]), 2);
        for mut child in workers {
            assert!(!child.wait().unwrap().success());
        }
    }
}
