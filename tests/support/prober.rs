//! A small master: runs the fault that its arguments name, and says what became of it and of the next task.
//!
//! `prober print BYTES` · `prober descriptors` · `prober abandon` (leaves `main` with work in the pool) ·
//! `prober patience` (three threads wait for a second; prints the milliseconds of processor time that took)
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool of the tests"
)]

use std::{env, time::Duration};

use nix::sys::resource::{UsageWho, getrusage};

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
        "abandon" => {
            let nap = Misdeed::Sleep(Duration::from_secs(3600));
            let _handle = pool.submit::<Fault>(nap).unwrap();
            assert_eq!(pool.submit::<Echo>(1).unwrap().id(), 1);
        }
        "patience" => patience(pool),
        other => panic!("prober does not know `{other}`"),
    }
}

/// Waits on three threads for one slow task: for its outcome, and twice for room in the queue.
fn patience(pool: Pool) {
    drop(pool);
    let pool = Pool::builder().workers(1).max_queued(1).start().unwrap();
    let nap = || Misdeed::Sleep(Duration::from_secs(1));
    // One runs, one lies with the worker, one fills the queue.
    let handles = [(); 3].map(|()| pool.submit::<Fault>(nap()).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| pool.submit::<Echo>(1).unwrap());
        }
        for handle in handles {
            handle.wait().unwrap();
        }
    });
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let ms = |time: nix::sys::time::TimeVal| time.tv_sec() * 1000 + time.tv_usec() / 1000;
    println!("{}", ms(usage.user_time()) + ms(usage.system_time()));
}
