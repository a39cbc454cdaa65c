//! The shipped jobs as `master` sees them: arguments, what to submit, how to gather.

pub(crate) mod doctor;
pub(crate) mod iris;
pub(crate) mod tune;
