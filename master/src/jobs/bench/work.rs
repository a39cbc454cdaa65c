//! The jobs as something that can be done again and again, each by the engine of the command of its name.

mod burn;
mod dispatch;
mod factor;
mod search;
mod tune;

use std::{
    hash::{DefaultHasher, Hasher},
    io::{self, Write},
};

use super::args::Job;
use crate::cli::{Common, Narrator};

/// A job that is ready to be done.
pub(super) trait Work {
    /// What it is, in words.
    fn title(&self) -> String;

    /// Starts workers, does all of it, and ends them.
    ///
    /// # Errors
    /// What makes all further tries pointless.
    fn run(&self, common: &Common, narrator: &Narrator) -> anyhow::Result<Ran>;
}

/// One run.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) answer: Answer,
    /// Tasks that failed, so that the answer is not whole.
    pub(super) failures: u64,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// In words.
    pub(crate) said: String,
    /// A fingerprint of everything.
    pub(crate) digest: u64,
}

/// Makes the job ready: what can be read once is read, what cannot be done is refused.
///
/// # Errors
/// Bad input.
pub(super) fn prepare(job: &Job) -> anyhow::Result<Box<dyn Work + '_>> {
    Ok(match job {
        Job::Tune { input, .. } => Box::new(tune::Tune::new(input)?),
        Job::Factor { numbers, .. } => Box::new(factor::Factor::new(numbers)),
        Job::Search { search, rounds, .. } => Box::new(search::Search::new(search, *rounds)?),
        Job::Burn { tasks, count, .. } => Box::new(burn::Burning {
            tasks: *tasks,
            count: *count,
        }),
        Job::Dispatch { tasks, .. } => Box::new(dispatch::Dispatch { tasks: *tasks }),
    })
}

/// A fingerprint of what is written.
#[derive(Debug, Default)]
struct Digest(DefaultHasher);

impl Digest {
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

impl Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_bytes_however_they_were_cut() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::default();
            for part in parts {
                digest.write_all(part.as_bytes()).unwrap();
            }
            digest.finish()
        };
        assert_eq!(of(&["12: 2 2 3\n"]), of(&["12:", " 2", " 2 3\n"]));
        assert_ne!(of(&["12: 2 2 3\n"]), of(&["12: 2 3 2\n"]));
        assert_ne!(of(&[]), of(&["\n"]));
    }
}
