//! One executable that is both master and worker.

use std::{env, os::unix::process::parent_id, process::ExitCode};

use brigade_worker::Registry;

/// Set for workers that are started from the master's own executable: the master's process id, so that a
/// program which a task starts in turn does not take itself for a worker.
pub(crate) const ROLE_VARIABLE: &str = "BRIGADE_WORKER_OF";

/// Serves tasks, if this process was started as a worker by
/// [`PoolBuilder::this_executable`](crate::PoolBuilder::this_executable); `None` in any other process.
///
/// To be called first in `main`, whose exit code the returned one is:
///
/// ```
/// use std::process::ExitCode;
/// use brigade::{Pool, Registry, jobs::echo::Echo};
///
/// fn main() -> ExitCode {
///     let mut registry = Registry::new();
///     registry.register::<Echo, _>(|number, _context| Ok(number));
///     if let Some(end) = brigade::worker_role(&registry) {
///         return end;
///     }
///     // From here on this is the master.
///     match echo() {
///         Ok(7) => ExitCode::SUCCESS,
///         _ => ExitCode::FAILURE,
///     }
/// }
///
/// fn echo() -> Result<u64, Box<dyn std::error::Error>> {
///     let pool = Pool::builder().workers(1).this_executable()?.start()?;
///     Ok(pool.submit::<Echo>(7)?.wait()?)
/// }
/// ```
#[must_use]
pub fn worker_role(registry: &Registry) -> Option<ExitCode> {
    let master = env::var(ROLE_VARIABLE).ok()?;
    (master == parent_id().to_string()).then(|| brigade_worker::main(registry))
}
