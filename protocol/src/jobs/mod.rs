//! The contracts of the shipped jobs: one file a job, the same file name as in `worker` and `master`.

pub mod echo;
pub mod fault;
pub mod tune;
