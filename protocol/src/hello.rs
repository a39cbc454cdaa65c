//! The handshake: who the other side is, and whether the two can work together.
//!
//! `Hello` is the first frame in both directions. Its layout must never change: it is what tells builds
//! apart that agree on nothing else.

use serde::{Deserialize, Serialize};

/// Version of the messages; rises when a change makes older peers misread newer ones.
pub const PROTOCOL_VERSION: u32 = 1;

/// Digest of the sources of this crate, so of all that master and worker must agree on.
pub const BUILD_ID: &str = env!("BRIGADE_BUILD_ID");

/// Version of the crate this was built from.
pub const CRATE_VERSION: &str = env!("CARGO_PKG_VERSION");

const MAGIC: [u8; 8] = *b"BRIGADE\n";

/// How one side introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    magic: [u8; 8],
    /// [`PROTOCOL_VERSION`] of the sender.
    pub protocol: u32,
    /// [`CRATE_VERSION`] of the sender.
    pub version: String,
    /// [`BUILD_ID`] of the sender.
    pub build: String,
    /// The task kinds a worker can run, in the order of their numbers on the wire; empty from a master.
    pub kinds: Vec<String>,
}

/// Why two sides cannot work together.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Mismatch {
    /// The first frame is no `Hello`: the other side is some other program.
    #[error("the other side does not speak Brigade's protocol")]
    NotBrigade,
    /// Both are Brigade, but of different builds.
    #[error(
        "master and worker are of different builds: this side is {ours}, the other is {theirs}; \
         rebuild both with `cargo build --release --workspace`"
    )]
    Build {
        /// Version, protocol and build id of this side.
        ours: String,
        /// The same of the other side.
        theirs: String,
    },
}

impl Hello {
    /// This build's own introduction, with the task kinds it can run.
    #[must_use]
    pub fn of_this_build(kinds: Vec<String>) -> Self {
        Self {
            magic: MAGIC,
            protocol: PROTOCOL_VERSION,
            version: CRATE_VERSION.into(),
            build: BUILD_ID.into(),
            kinds,
        }
    }

    /// Checks that the sender of this `Hello` can work with this build.
    ///
    /// # Errors
    /// A [`Mismatch`] that names both sides and the remedy.
    pub fn check(&self) -> Result<(), Mismatch> {
        if self.magic != MAGIC {
            return Err(Mismatch::NotBrigade);
        }
        let ours = Self::of_this_build(Vec::new());
        if (self.protocol, &self.version, &self.build)
            == (ours.protocol, &ours.version, &ours.build)
        {
            return Ok(());
        }
        Err(Mismatch::Build {
            ours: ours.describe(),
            theirs: self.describe(),
        })
    }

    fn describe(&self) -> String {
        format!(
            "{} (protocol {}, build {})",
            self.version, self.protocol, self.build
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_accepts_itself() {
        assert_eq!(Hello::of_this_build(vec!["x".into()]).check(), Ok(()));
    }

    #[test]
    fn another_build_of_the_same_version_is_refused_and_both_are_named() {
        let mut other = Hello::of_this_build(Vec::new());
        other.build = "feedface".into();
        let message = other.check().unwrap_err().to_string();
        assert!(message.contains(BUILD_ID), "{message}");
        assert!(message.contains("feedface"), "{message}");
        assert!(message.contains("cargo build"), "{message}");
    }

    #[test]
    fn another_program_is_told_apart_from_another_build() {
        let mut other = Hello::of_this_build(Vec::new());
        other.magic = *b"POSTGRES";
        assert_eq!(other.check(), Err(Mismatch::NotBrigade));
    }
}
