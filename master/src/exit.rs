//! The end of a program whose pools still had work.

use std::{
    io::Write,
    process::{ExitCode, Termination},
};

use crate::pool::dropped_tasks;

/// What a program exits with that has dropped work and would have exited with success.
const WORK_DROPPED: u8 = 70;

/// What `main` returns so that work is not dropped in silence: if tasks were submitted whose pool was dropped, or
/// left alone, before they were done, it says so on standard error, and success becomes exit code 70.
///
/// Work that was ended on purpose is not meant: by [`Pool::terminate`](crate::Pool::terminate),
/// [`Control`](crate::Control) or [`Handle::cancel`](crate::Handle::cancel), or because nobody goes on with the
/// iterator of a map.
///
/// ```no_run
/// use brigade::{Exit, Pool, jobs::echo::Echo};
///
/// fn main() -> Exit<Result<(), Box<dyn std::error::Error>>> {
///     Exit(work())
/// }
///
/// fn work() -> Result<(), Box<dyn std::error::Error>> {
///     let pool = Pool::builder().start()?;
///     pool.submit::<Echo>(7)?;
///     // Without this line the program would exit with 70.
///     pool.join();
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exit<T>(
    /// What `main` would return otherwise.
    pub T,
);

impl<T: Termination> Termination for Exit<T> {
    fn report(self) -> ExitCode {
        let code = self.0.report();
        let dropped = dropped_tasks();
        if dropped == 0 {
            return code;
        }
        // Whoever read there may be gone.
        let _ = writeln!(
            std::io::stderr(),
            "error: {dropped} submitted tasks were dropped before they were done: `Pool::join` finishes them, \
             `Pool::terminate` says that they are not wanted"
        );
        if code == ExitCode::SUCCESS {
            ExitCode::from(WORK_DROPPED)
        } else {
            code
        }
    }
}
