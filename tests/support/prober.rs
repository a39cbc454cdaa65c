//! A small master: runs the fault that its arguments name, and says what became of it and of the next task.
//!
//! `prober print BYTES` · `prober descriptors` · `prober abandon` (leaves `main` with work in the pool) ·
//! `prober finish` and `prober discard` (as abandon, but joins or terminates the pool) ·
//! `prober crash` (prints the process id of a daemon that its worker leaves, has the worker crash, and ends) ·
//! `prober rest` (has a worker with nothing to do, until standard input ends) ·
//! `prober vanish` (exits without dropping the pool) ·
//! `prober serve` (prints the process ids of a worker and of three grandchildren, and works until it is killed) ·
//! `prober read-board NAME` (looks at a status board and ends) · `prober starve` (runs out of descriptors) ·
//! `prober hunger` (a task that takes 2 GiB) · `prober start-only` · `prober patience` (three threads wait for a second; prints the milliseconds of processor time that took) ·
//! `prober ps` (does seven tasks, then one that lasts for an hour)
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the tests"
)]

use std::{env, process, time::Duration};

use nix::sys::resource::{UsageWho, getrusage};

use brigade_protocol::shm::BoardLine;
use brigade_tests::{children_of, eventually};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use brigade::{
    Exit, Pool,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};

fn main() -> Exit<()> {
    run();
    Exit(())
}

fn run() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let pool = match Pool::builder().workers(1).title("prober").start() {
        Ok(pool) => pool,
        Err(error) => {
            println!("{error}");
            return;
        }
    };
    match arguments[0].as_str() {
        "print" => print(&pool, arguments[1].parse().unwrap()),
        "descriptors" => {
            let list = pool.submit::<Fault>(Misdeed::ListDescriptors).unwrap();
            println!("{}", list.wait().unwrap_err());
        }
        "abandon" => abandon(&pool),
        "vanish" => {
            abandon(&pool);
            process::exit(0);
        }
        "crash" => crash(&pool),
        "rest" => rest(&pool),
        "finish" => {
            submit_fifty(&pool);
            pool.join();
        }
        "discard" => {
            submit_fifty(&pool);
            let _running = pool.submit::<Fault>(an_hour());
            pool.terminate();
        }
        "hunger" => {
            let guilty = pool.submit::<Fault>(Misdeed::EatMemory(2 << 30)).unwrap();
            println!("guilty: {}", guilty.wait().unwrap_err());
            println!("next: {:?}", pool.submit::<Echo>(7).unwrap().wait());
        }
        "patience" => patience(pool),
        "serve" => serve(&pool),
        "read-board" => drop(BoardLine::open(&arguments[1], 900, 1).unwrap()),
        "starve" => starve(pool),
        "start-only" => println!("started"),
        "ps" => {
            for number in 0..7 {
                pool.submit::<Echo>(number).unwrap().wait().unwrap();
            }
            pool.submit::<Fault>(an_hour()).unwrap().wait().unwrap();
        }
        other => panic!("prober does not know `{other}`"),
    }
}

fn an_hour() -> Misdeed {
    Misdeed::Sleep(Duration::from_hours(1))
}

fn tell_workers(pool: &Pool) {
    for pid in pool.worker_pids() {
        eprintln!("OS PID {pid}");
    }
}

fn print(pool: &Pool, bytes: usize) {
    let print = pool.submit::<Fault>(Misdeed::Print(bytes)).unwrap();
    let worker = print.wait().unwrap();
    let still = pool.submit::<Fault>(Misdeed::None).unwrap().wait().unwrap();
    println!("\nsame worker: {}", worker == still);
}

/// Leaves a task that runs and one that waits.
fn abandon(pool: &Pool) {
    assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    let _running = pool.submit::<Fault>(an_hour()).unwrap();
    let _queued = pool.submit::<Echo>(2).unwrap();
    tell_workers(pool);
}

fn crash(pool: &Pool) {
    let daemon = pool.submit::<Fault>(Misdeed::LeaveDaemon).unwrap();
    println!("{}", daemon.wait().unwrap());
    let crash = pool.submit::<Fault>(Misdeed::Segfault).unwrap();
    crash.wait().unwrap_err();
}

fn rest(pool: &Pool) {
    assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
    tell_workers(pool);
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn submit_fifty(pool: &Pool) {
    for number in 0..50 {
        let _nobody_looks = pool.submit::<Echo>(number).unwrap();
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
    pool.join();
}

/// Has a worker with children and a task that takes for ever.
fn serve(pool: &Pool) {
    let mut pids = pool.worker_pids();
    for has_own_session in [false, true] {
        let child = pool
            .submit::<Fault>(Misdeed::LeaveChild { has_own_session })
            .unwrap();
        pids.push(i32::try_from(child.wait().unwrap()).unwrap());
    }
    let daemon = pool.submit::<Fault>(Misdeed::LeaveDaemon).unwrap();
    pids.push(i32::try_from(daemon.wait().unwrap()).unwrap());
    let handle = pool.submit::<Fault>(Misdeed::Spin(Duration::from_mins(10)));
    let pids: Vec<_> = pids.iter().map(ToString::to_string).collect();
    eprintln!("pids {}", pids.join(" "));
    handle.unwrap().wait().unwrap();
}

/// Runs out of descriptors at a start and at a respawn, and says what came of it.
fn starve(pool: Pool) {
    let me = i32::try_from(process::id()).unwrap();
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let before = children_of(me);
    setrlimit(Resource::RLIMIT_NOFILE, 40, hard).unwrap();
    let error = Pool::builder().workers(64).start().unwrap_err();
    println!("{error}");
    println!("no child left: {}", children_of(me) == before);
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    let retried = Pool::builder().workers(8).start().unwrap();
    println!("retry: {:?}", retried.submit::<Echo>(1).unwrap().wait());
    drop((retried, pool));

    let pool = Pool::builder().workers(2).start().unwrap();
    let naps = vec![Misdeed::Sleep(Duration::from_millis(100)); 2];
    pool.map::<Fault, _>(naps).for_each(drop);
    setrlimit(Resource::RLIMIT_NOFILE, 60, hard).unwrap();
    let mut fillers = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        fillers.push(file);
    }
    let guilty = pool.submit::<Fault>(Misdeed::Exit(1)).unwrap().wait();
    println!("guilty: {}", guilty.is_err());
    // What the dead worker had is free again, which must not do for another one.
    while let Ok(file) = std::fs::File::open("/dev/null") {
        fillers.push(file);
    }
    let others = pool.map::<Echo, _>(0..1_000).map(Result::unwrap).count();
    println!("others: {others}, workers: {}", pool.worker_pids().len());
    drop(fillers);
    println!("back: {}", eventually(10, || pool.worker_pids().len() == 2));
}
