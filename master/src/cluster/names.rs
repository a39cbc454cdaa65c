//! What streams, subjects and jobs are called.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
};

/// The stream of what jobs there are: one message each, until the job ends.
pub(super) const JOBS: &str = "BRIGADE_JOBS";

/// The consumer that the hosts share.
pub(super) const HOSTS: &str = "hosts";

/// The bucket of the data sets.
pub(super) const DATA: &str = "brigade-data";

/// Whoever asks here is answered by all hosts and masters.
pub(super) const ASK: &str = "brigade.ask";

/// A new job is announced here.
pub(super) const NEW: &str = "brigade.new";

/// The subjects of [`JOBS`].
pub(super) const ALL_JOBS: &str = "brigade.job.*";

/// What hosts say of themselves.
pub(super) const ALL_HOSTS: &str = "brigade.host.*";

/// What masters say of their jobs.
pub(super) const ALL_MASTERS: &str = "brigade.master.*";

/// The longest name of a job.
const LONGEST: usize = 48;

/// The name of a job on a server: letters, digits and dashes.
///
/// ```
/// use brigade::cluster::JobName;
///
/// let job: JobName = "census-2026".parse()?;
/// assert_eq!(job.to_string(), "census-2026");
/// assert!("a.b".parse::<JobName>().is_err());
/// # Ok::<(), brigade::cluster::JobNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

/// Why something is no name of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of a job: expected up to {LONGEST} letters, digits and dashes; `master cluster status` lists the jobs"
)]
pub struct JobNameError(String);

impl FromStr for JobName {
    type Err = JobNameError;

    fn from_str(text: &str) -> Result<Self, JobNameError> {
        let is_fit = !text.is_empty()
            && text.len() <= LONGEST
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_fit {
            Ok(Self(text.to_owned()))
        } else {
            let shown = text.chars().take(LONGEST).flat_map(char::escape_debug);
            Err(JobNameError(shown.collect()))
        }
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl JobName {
    /// A name that no other job has: the title and something random.
    pub(super) fn new(title: &str) -> Self {
        let title = token(title, 24);
        Self(format!("{title}-{:08x}", random() & 0xffff_ffff))
    }

    pub(super) fn task_stream(&self) -> String {
        format!("JT_{self}")
    }

    pub(super) fn result_stream(&self) -> String {
        format!("JR_{self}")
    }

    pub(super) fn tasks(&self) -> String {
        format!("jt.{self}")
    }

    pub(super) fn results(&self) -> String {
        format!("jr.{self}")
    }

    /// Where the job's description is kept.
    pub(super) fn description(&self) -> String {
        format!("brigade.job.{self}")
    }

    /// Where its end is announced, whatever the reason.
    pub(super) fn end(&self) -> String {
        format!("ctl.{self}.cancel")
    }

    /// Where its master says how far it is.
    pub(super) fn master(&self) -> String {
        format!("brigade.master.{self}")
    }
}

/// A number that is another one each time.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// What of a text may stand in a subject.
pub(super) fn token(text: &str, longest: usize) -> String {
    let fit = text.chars().map(|letter| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    });
    let token: String = fit.take(longest).collect();
    if token.is_empty() { "x".into() } else { token }
}

/// The last token of a subject.
pub(super) fn last_token(subject: &str) -> &str {
    subject.rsplit('.').next().unwrap_or(subject)
}

/// Whether a name fits a pattern, in which `*` stands for anything.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else {
            return false;
        };
        name = &name[at + part.len()..];
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_single_tokens_of_subjects() {
        for bad in ["", "a.b", "a b", "*", ">", "a\n", &"x".repeat(49)] {
            assert!(bad.parse::<JobName>().is_err(), "{bad}");
        }
        let name = JobName::new("find imports/2");
        assert_eq!(name.to_string().parse(), Ok(name.clone()));
        assert!(name.to_string().starts_with("find-imports-2-"));
        assert_ne!(name, JobName::new("find imports/2"));
    }

    #[test]
    fn a_star_in_a_pattern_stands_for_anything() {
        for (pattern, name) in [
            ("*", "x"),
            ("factor-*", "factor-1"),
            ("*-1", "factor-1"),
            ("f*r*1", "factor-1"),
            ("a", "a"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("factor", "factor-1"),
            ("tune-*", "factor-1"),
            ("f*x*1", "factor-1"),
            ("a*a", "a"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
