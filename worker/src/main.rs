//! The `worker` executable that `master` spawns: the shipped jobs, served.

use std::process::ExitCode;

fn main() -> ExitCode {
    brigade_worker::main(&brigade_worker::jobs::registry())
}
