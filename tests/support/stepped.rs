//! Does one thing with a primitive, to be watched instruction by instruction: `stepped OPERATION TICKET`, the ticket
//! as its encoded bytes in hexadecimal. Stops itself before the operation and after it.
#![expect(clippy::unwrap_used, reason = "a program for a test")]

use std::env;

use brigade_protocol::{
    codec,
    sync::{BoundedSemaphore, Event, Mutex, Party, RwLock, Semaphore, SharedList, Ticket, Value},
};
use nix::sys::{
    ptrace,
    signal::{Signal, raise},
};

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let bytes: Vec<u8> = (0..arguments[2].len() / 2)
        .map(|at| u8::from_str_radix(&arguments[2][2 * at..2 * at + 2], 16).unwrap())
        .collect();
    match arguments[1].as_str() {
        "mutex" => {
            let opened: Mutex<[u64; 4]> = open(&bytes);
            watched(|| {
                let mut numbers = opened.lock().unwrap();
                add_one(&mut numbers[..]);
            });
        }
        "read" => {
            let opened: RwLock<[u64; 4]> = open(&bytes);
            watched(|| drop(opened.read().unwrap()));
        }
        "write" => {
            let opened: RwLock<[u64; 4]> = open(&bytes);
            watched(|| add_one(&mut opened.write().unwrap()[..]));
        }
        "semaphore" => {
            let opened: Semaphore = open(&bytes);
            watched(|| drop(opened.acquire().unwrap()));
        }
        "signal" => {
            let opened: Semaphore = open(&bytes);
            watched(|| {
                opened.acquire().unwrap().forget();
                opened.release(1).unwrap();
            });
        }
        "bounded" => {
            let opened: BoundedSemaphore = open(&bytes);
            watched(|| drop(opened.acquire().unwrap()));
        }
        "list" => {
            let opened: SharedList = open(&bytes);
            let text = opened.len().to_string().repeat(20);
            watched(|| opened.set(0, text.as_str()).unwrap());
        }
        "value" => {
            let opened: Value<f64> = open(&bytes);
            watched(|| {
                opened.fetch_add(1.0);
            });
        }
        "event" => {
            let opened: Event = open(&bytes);
            watched(|| opened.set());
        }
        "barrier" => {
            let mut opened: Party = open(&bytes);
            watched(|| {
                opened.wait().unwrap();
            });
        }
        other => unreachable!("{other}"),
    }
}

fn open<P: brigade_protocol::sync::Primitive>(bytes: &[u8]) -> P {
    codec::decode::<Ticket<P>>(bytes).unwrap().open().unwrap()
}

fn add_one(numbers: &mut [u64]) {
    for number in numbers {
        *std::hint::black_box(number) += 1;
    }
}

fn watched(operation: impl FnOnce()) {
    if ptrace::traceme().is_err() {
        // Not allowed here, as in some containers: the exit code says so.
        std::process::exit(77);
    }
    raise(Signal::SIGSTOP).unwrap();
    operation();
    raise(Signal::SIGSTOP).unwrap();
}
