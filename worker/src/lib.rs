//! Brigade's worker process.

pub mod jobs;
