//! The shipped jobs as `master` sees them: arguments, what to submit, how to gather.

pub(crate) mod bench;
pub(crate) mod classify;
pub(crate) mod cluster;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod factor;
pub(crate) mod imports;
pub(crate) mod join;
pub(crate) mod logs;
mod order;
pub(crate) mod ps;
mod reading;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod stats;
pub(crate) mod tune;
pub(crate) mod weather;
