//! What the kernel says about a process in `/proc/<pid>/stat`.

use std::{fs, io};

/// The state, family and use of a process at some moment.
///
/// ```
/// use brigade_protocol::process::Stat;
///
/// let own = Stat::of(std::process::id())?;
/// assert!(own.is_alive() && own.start_ticks > 0);
/// assert_eq!(own.parent, std::os::unix::process::parent_id() as i32);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The kernel's letter for the state, such as `R` for running, `S` for sleeping, `Z` for a zombie.
    pub state: char,
    /// The process id of the parent; 0 if it is in none of our namespaces.
    pub parent: i32,
    /// Processor time in user and kernel mode since the start, in clock ticks.
    pub cpu_ticks: u64,
    /// When it started, in clock ticks since the machine did.
    pub start_ticks: u64,
    /// Memory that is resident, in pages.
    pub resident_pages: u64,
}

impl Stat {
    /// Asks about a process.
    ///
    /// # Errors
    /// When there is no such process, or none that we may see.
    pub fn of(pid: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        Self::parse(&text).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "unexpected /proc/<pid>/stat")
        })
    }

    /// Whether it runs or could: a zombie has ended, and is only waited for.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }

    /// The fields of `proc_pid_stat(5)`, which counts them from 1.
    fn parse(text: &str) -> Option<Self> {
        // The name, field 2 in parentheses, may hold anything, blanks and parentheses included.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |at| field(at)?.parse::<u64>().ok();
        Some(Self {
            state: field(3)?.chars().next()?,
            parent: field(4)?.parse().ok()?,
            cpu_ticks: number(14)?.saturating_add(number(15)?),
            start_ticks: number(22)?,
            resident_pages: number(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_fields() {
        let text = "7 (a) Z 1 (b) S 3 7 7 0 -1 4194560 1 0 0 0 20 5 0 0 20 0 1 0 8888 9 42 0\n";
        let stat = Stat {
            state: 'S',
            parent: 3,
            cpu_ticks: 25,
            start_ticks: 8888,
            resident_pages: 42,
        };
        assert_eq!(Stat::parse(text), Some(stat));
        assert_eq!(Stat::parse("7 (a) S 3"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn zombies_are_not_alive_and_nobody_is_an_error() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        while Stat::of(pid).unwrap().is_alive() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(Stat::of(pid).is_err());
    }
}
