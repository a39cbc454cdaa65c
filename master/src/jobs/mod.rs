//! The shipped jobs as `master` sees them: arguments, what to submit, how to gather.

pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod factor;
pub(crate) mod iris;
pub(crate) mod ps;
pub(crate) mod tune;
