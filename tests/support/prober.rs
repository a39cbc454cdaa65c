//! A small master: runs the fault that its arguments name, and says what became of it and of the next task.
//!
//! `prober print BYTES` · `prober descriptors` · `prober abandon` (leaves `main` with work in the pool) ·
//! `prober ps` (does seven tasks, then one that lasts for an hour)
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool of the tests"
)]

use std::{env, time::Duration};

use brigade::{
    Pool,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let pool = Pool::builder().workers(1).title("prober").start().unwrap();
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
        "abandon" => {
            let nap = Misdeed::Sleep(Duration::from_secs(3600));
            let _handle = pool.submit::<Fault>(nap).unwrap();
            assert_eq!(pool.submit::<Echo>(1).unwrap().id(), 1);
        }
        "ps" => {
            for number in 0..7 {
                pool.submit::<Echo>(number).unwrap().wait().unwrap();
            }
            let nap = Misdeed::Sleep(Duration::from_secs(3600));
            pool.submit::<Fault>(nap).unwrap().wait().unwrap();
        }
        other => panic!("prober does not know `{other}`"),
    }
}
