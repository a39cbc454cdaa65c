//! A small master: runs the fault that its arguments name, and says what became of it and of the next task.
//!
//! `prober print BYTES` · `prober descriptors` · `prober abandon` (leaves `main` with work in the pool) ·
//! `prober vanish` (exits without dropping the pool)
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the tests"
)]

use std::{env, process, time::Duration};

use brigade::{
    Pool,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let pool = Pool::builder().workers(1).start().unwrap();
    match arguments[0].as_str() {
        "print" => {
            let bytes = arguments[1].parse().unwrap();
            let worker = pool
                .submit::<Fault>(Misdeed::Print(bytes))
                .unwrap()
                .wait()
                .unwrap();
            let still = pool.submit::<Fault>(Misdeed::None).unwrap().wait().unwrap();
            println!("\nsame worker: {}", worker == still);
        }
        "descriptors" => {
            let list = pool.submit::<Fault>(Misdeed::ListDescriptors).unwrap();
            println!("{}", list.wait().unwrap_err());
        }
        "abandon" | "vanish" => {
            assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
            let nap = Misdeed::Sleep(Duration::from_hours(1));
            let _running = pool.submit::<Fault>(nap).unwrap();
            let _queued = pool.submit::<Echo>(2).unwrap();
            for pid in pool.worker_pids() {
                eprintln!("OS PID {pid}");
            }
            if arguments[0] == "vanish" {
                process::exit(0);
            }
        }
        other => panic!("prober does not know `{other}`"),
    }
}
