//! How many hosts one NATS server bears: agents without real work, as many as asked for, all in one process. A measurement, run
//! by `scripts/bench-cluster.sh`; it fails if a host or a result is missing.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that cannot go on panics, and is read"
)]

use std::{
    env,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use brigade::{
    Pool,
    cluster::{self, Agent, AgentControl, Broker, Cluster},
    jobs::fault::Fault,
};
use brigade_tests::{Nats, eventually, free_port, sleep, within};

/// A task lasts as long as a chunk should.
const TASK_MS: u64 = 75;

/// Tasks for each host.
const TASKS_EACH: usize = 8;

/// How long hosts are watched that have nothing to do.
const IDLE: Duration = Duration::from_secs(10);

/// What the server says of itself.
#[derive(Debug, Clone, Copy)]
struct Counts {
    messages: f64,
    bytes: f64,
    memory: f64,
    cpu_seconds: f64,
}

/// A server that tells its counts on a port of its own.
struct Watched {
    nats: Nats,
    port: u16,
}

impl Watched {
    fn start() -> Self {
        let port = free_port();
        let nats = Nats::start_with(&["-js", "-m", &port.to_string()], "");
        Self { nats, port }
    }

    fn broker(&self) -> Broker {
        Broker::at([self.nats.url()]).unwrap()
    }

    fn counts(&self) -> Counts {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .write_all(b"GET /varz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (_, body) = text.split_once("\r\n\r\n").unwrap();
        let said: serde_json::Value = serde_json::from_str(body).unwrap();
        let number = |name: &str| said[name].as_f64().unwrap();
        Counts {
            messages: number("in_msgs") + number("out_msgs"),
            bytes: number("in_bytes") + number("out_bytes"),
            memory: number("mem"),
            cpu_seconds: self.nats.cpu_seconds(),
        }
    }

    fn hosts(&self) -> usize {
        cluster::survey(&self.broker()).map_or(0, |survey| survey.hosts.len())
    }
}

fn join(server: &Watched, count: usize) -> Vec<(AgentControl, thread::JoinHandle<u64>)> {
    let folder = server.nats.data_folder();
    let start = |_| {
        let make = |title: &str| {
            let pool = Pool::builder().workers(1).title(title);
            pool.threads(brigade_worker::jobs::registry())
        };
        let agent = Agent::new(server.broker(), make);
        let agent = agent.slots(1).data_folder(&folder);
        let control = agent.control();
        (control, thread::spawn(move || agent.run().unwrap()))
    };
    (0..count).map(start).collect()
}

fn measure(count: usize) {
    let server = Watched::start();
    let began = Instant::now();
    let agents = join(&server, count);
    assert!(
        eventually(120, || server.hosts() == count),
        "{}",
        server.hosts()
    );
    let joined = began.elapsed().as_secs_f64();

    let before = server.counts();
    thread::sleep(IDLE);
    let idle = server.counts();

    let pool = Pool::builder()
        .workers(count)
        .title("capacity")
        .cluster(Cluster::on(server.broker()))
        .start()
        .unwrap();
    let tasks = TASKS_EACH * count;
    let began = Instant::now();
    let mut done = 0;
    for (_, outcome) in pool.map_unordered::<Fault, _>((0..tasks).map(|_| sleep(TASK_MS))) {
        outcome.unwrap();
        done += 1;
    }
    let took = began.elapsed().as_secs_f64();
    pool.join();
    let after = server.counts();
    assert_eq!(done, tasks);

    for (control, _) in &agents {
        control.drain();
    }
    let by_hosts: u64 = agents
        .into_iter()
        .map(|(_, host)| host.join().unwrap())
        .sum();
    assert!(by_hosts >= tasks as u64, "{by_hosts}");

    let seconds = IDLE.as_secs_f64();
    let ideal = TASKS_EACH as f64 * TASK_MS as f64 / 1e3;
    println!(
        "{count:>6} {joined:>8.2} {:>12.1} {:>10.1} {:>9.1} {:>9.1} {:>10.0} {:>7.0} {:>12.1} {:>10.0} {:>9.1} {:>12.2}",
        (idle.messages - before.messages) / seconds,
        (idle.bytes - before.bytes) / seconds / 1e3,
        (idle.cpu_seconds - before.cpu_seconds) / seconds * 100.0,
        idle.memory / 1e6,
        tasks as f64 / took,
        100.0 * ideal / took,
        (after.messages - idle.messages) / tasks as f64,
        (after.bytes - idle.bytes) / tasks as f64,
        after.memory / 1e6,
        (after.cpu_seconds - idle.cpu_seconds) / tasks as f64 * 1e3,
    );
}

#[test]
#[ignore = "a measurement of minutes: scripts/bench-cluster.sh"]
fn one_server_bears_many_hosts() {
    let counts = env::var("HOSTS").unwrap_or_else(|_| "1,10,100,1000".to_owned());
    let counts: Vec<usize> = counts
        .split(',')
        .map(|count| count.parse().unwrap())
        .collect();
    println!(
        " hosts joined/s idle msgs/s  idle kB/s  idle CPU%  idle MB    tasks/s  ideal%   msgs/task bytes/task   busy MB  CPU ms/task"
    );
    for count in counts {
        within(600, move || measure(count));
    }
}
