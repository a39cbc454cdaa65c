//! Measures queues between processes: ours beside the channels of ipc-channel, in one run.
//! `scripts/bench-queue.sh` builds it, with the feature `bench`, and shows the figures.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measuring tool"
)]

use std::{
    env,
    fmt::Write as _,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Queue,
    queue::{Bytes, ConsumerTicket, ProducerTicket},
};
use brigade_protocol::codec;
use ipc_channel::ipc::{self, IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcSender};
use nix::sys::signal::Signal;
use serde::{Serialize, de::DeserializeOwned};

/// What a run moves in all, and how many items at most.
const BYTES: usize = 1 << 30;
const ITEMS: usize = 100_000;
const ROUNDS: usize = 2_000;

/// The ends of a pair of ipc-channel's channels.
type Ends = (IpcBytesSender, IpcBytesReceiver);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["put", ticket, size, count] => put(&unpack(ticket), number(size), number(count)),
        ["send", name, size, count] => {
            let sender: IpcBytesSender = receive(name);
            send(&sender, number(size), number(count));
        }
        ["echo", ticket] => echo(&unpack(ticket)),
        ["echo-ipc", name] => {
            let (sender, receiver): Ends = receive(name);
            while let Ok(item) = receiver.recv() {
                sender.send(&item).unwrap();
            }
        }
        // For a profiler.
        ["ours", size, producers] => {
            let (size, producers) = (number(size), number(producers));
            let count = (BYTES / size).min(ITEMS) / producers;
            println!("{:.0}", rate_of_ours(size, producers, count));
        }
        ["theirs", size, producers] => {
            let (size, producers) = (number(size), number(producers));
            let count = (BYTES / size).min(ITEMS) / producers;
            println!("{:.0}", rate_of_ipc(size, producers, count));
        }
        _ => measure(),
    }
}

fn measure() {
    for size in [64, 1 << 10, 64 << 10, 1 << 20, 16 << 20] {
        for producers in [1, 2, 4, 8] {
            let count = (BYTES / size).min(ITEMS) / producers;
            let ours = best(2, || rate_of_ours(size, producers, count));
            let theirs = best(2, || rate_of_ipc(size, producers, count));
            println!("rate {size} {producers} {ours:.0} {theirs:.0}");
        }
    }
    for size in [64, 64 << 10, 1 << 20] {
        let rounds = (ROUNDS).min(BYTES / size / 4);
        let ours = best(2, || 1.0 / round_trip_of_ours(size, rounds)).recip();
        let theirs = best(2, || 1.0 / round_trip_of_ipc(size, rounds)).recip();
        println!("trip {size} 1 {:.1} {:.1}", ours * 1e6, theirs * 1e6);
    }
    for size in [1, 64, 4 << 10, 64 << 10] {
        println!("room {size} {}", items_without_a_reader(size));
    }
    println!("stopped {}", receive_from_a_stopped_sender());
}

fn best(times: u32, mut measure: impl FnMut() -> f64) -> f64 {
    (0..times).map(|_| measure()).fold(0.0, f64::max)
}

/// A child in a role, that begins when it is told.
fn child(words: &[&str]) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(words).stdin(Stdio::piped());
    command.spawn().unwrap()
}

fn begin(children: &mut [Child]) {
    for child in children {
        child.stdin.take().unwrap().write_all(b"x").unwrap();
    }
}

fn await_begin() {
    std::io::stdin().read_exact(&mut [0]).unwrap();
}

fn end(children: Vec<Child>) {
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
}

/// Items a second of many producers, all counted.
fn rate_of_ours(size: usize, producers: usize, count: usize) -> f64 {
    let queue = Queue::<Bytes>::builder().build().unwrap();
    let mut consumer = queue.consumer().unwrap();
    let words = [
        &pack(&queue.producer_ticket()),
        &size.to_string(),
        &count.to_string(),
    ];
    let role = ["put", words[0], words[1], words[2]];
    let mut children: Vec<_> = (0..producers).map(|_| child(&role)).collect();
    let all = u32::try_from(producers).unwrap();
    assert!(queue.wait_for_producers(all, Duration::from_secs(10)));
    drop(queue);
    let began = Instant::now();
    begin(&mut children);
    for _ in 0..producers * count {
        assert_eq!(consumer.get().unwrap().len(), size);
    }
    let took = began.elapsed();
    end(children);
    (producers * count) as f64 / took.as_secs_f64()
}

fn put(ticket: &ProducerTicket<Bytes>, size: usize, count: usize) {
    let mut producer = ticket.open().unwrap();
    let item = Bytes(vec![7; size]);
    await_begin();
    for _ in 0..count {
        producer.put(&item).unwrap();
    }
}

fn rate_of_ipc(size: usize, producers: usize, count: usize) -> f64 {
    let (sender, receiver) = ipc::bytes_channel().unwrap();
    let mut children = Vec::new();
    for _ in 0..producers {
        let words = [size.to_string(), count.to_string()];
        let end = sender.clone();
        children.push(child_with(end, |name| {
            vec!["send", name, &words[0], &words[1]]
        }));
    }
    drop(sender);
    let began = Instant::now();
    begin(&mut children);
    for _ in 0..producers * count {
        assert_eq!(receiver.recv().unwrap().len(), size);
    }
    let took = began.elapsed();
    end(children);
    (producers * count) as f64 / took.as_secs_f64()
}

fn send(sender: &IpcBytesSender, size: usize, count: usize) {
    let item = vec![7; size];
    await_begin();
    for _ in 0..count {
        sender.send(&item).unwrap();
    }
}

fn round_trip_of_ours(size: usize, rounds: usize) -> f64 {
    let [there, back] = [(); 2].map(|()| Queue::<Bytes>::builder().build().unwrap());
    let ticket = pack(&(there.consumer_ticket(), back.producer_ticket()));
    let other = child(&["echo", &ticket]);
    let (mut producer, mut consumer) = (there.producer().unwrap(), back.consumer().unwrap());
    assert!(back.wait_for_producers(1, Duration::from_secs(10)));
    let took = trips(size, rounds, |item| {
        producer.put(&Bytes(item)).unwrap();
        consumer.get().unwrap().0
    });
    drop((there, producer));
    end(vec![other]);
    took
}

fn echo((orders, answers): &(ConsumerTicket<Bytes>, ProducerTicket<Bytes>)) {
    let consumer = orders.open(Duration::from_secs(10)).unwrap();
    let mut producer = answers.open().unwrap();
    for item in consumer {
        producer.put(&item.unwrap()).unwrap();
    }
}

fn round_trip_of_ipc(size: usize, rounds: usize) -> f64 {
    let (there, orders) = ipc::bytes_channel().unwrap();
    let (answers, back) = ipc::bytes_channel().unwrap();
    let ends: Ends = (answers, orders);
    let other = child_with(ends, |name| vec!["echo-ipc", name]);
    let took = trips(size, rounds, |item| {
        there.send(&item).unwrap();
        back.recv().unwrap()
    });
    drop(there);
    end(vec![other]);
    took
}

/// Seconds a round trip.
fn trips(size: usize, rounds: usize, mut trip: impl FnMut(Vec<u8>) -> Vec<u8>) -> f64 {
    let mut item = vec![7; size];
    let mut began = Instant::now();
    for round in 0..rounds + 100 {
        if round == 100 {
            began = Instant::now();
        }
        item = trip(item);
    }
    began.elapsed().as_secs_f64() / rounds as f64
}

/// How many items a channel of ipc-channel takes before `send` waits.
fn items_without_a_reader(size: usize) -> usize {
    let (sender, receiver) = ipc::bytes_channel().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let item = vec![7; size];
        while sender.send(&item).is_ok() && tell.send(()).is_ok() {}
    });
    let mut count = 0;
    while told.recv_timeout(Duration::from_millis(300)).is_ok() {
        count += 1;
    }
    drop(receiver);
    count
}

/// Whether `try_recv` comes back when a sender was stopped in the middle of a large item.
fn receive_from_a_stopped_sender() -> &'static str {
    let (sender, receiver) = ipc::bytes_channel().unwrap();
    let size = (64 << 20).to_string();
    let mut children = vec![child_with(sender, |name| vec!["send", name, &size, "1"])];
    begin(&mut children);
    thread::sleep(Duration::from_millis(200));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(children[0].id()).unwrap());
    nix::sys::signal::kill(pid, Signal::SIGSTOP).unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(receiver.try_recv().is_ok()));
    let came_back = told.recv_timeout(Duration::from_secs(1)).is_ok();
    children[0].kill().unwrap();
    children[0].wait().unwrap();
    if came_back { "came-back" } else { "waited" }
}

/// A child that is handed a value, ends of channels for the most part, by way of a server of this name.
fn child_with<'a, T>(value: T, words: impl FnOnce(&'a str) -> Vec<&'a str>) -> Child
where
    T: Serialize + DeserializeOwned,
{
    let (server, name) = IpcOneShotServer::<IpcSender<T>>::new().unwrap();
    let child = child(&words(name.leak()));
    let (_, to_child) = server.accept().unwrap();
    to_child.send(value).unwrap();
    child
}

/// In the child: what it is handed.
fn receive<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let server = IpcSender::<IpcSender<T>>::connect(name.to_owned()).unwrap();
    let (to_child, from_parent) = ipc::channel().unwrap();
    server.send(to_child).unwrap();
    from_parent.recv().unwrap()
}

fn number(text: &str) -> usize {
    text.parse().unwrap()
}

fn pack(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    codec::encode_into(value, &mut bytes).unwrap();
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unpack<T: DeserializeOwned>(text: &str) -> T {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect();
    codec::decode(&bytes).unwrap()
}
