//! The contracts of the shipped jobs: one file a job, the same file name as in `worker` and `master`.

pub mod burn;
pub mod classify;
pub mod deli;
pub mod echo;
pub mod factor;
pub mod fault;
pub mod imports;
pub mod logs;
pub mod philosophers;
pub mod race;
pub mod run;
pub mod search;
pub mod tune;
