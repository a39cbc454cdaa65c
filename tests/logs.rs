//! `master logs serve`, through the binaries, with programs that log by Python's own `SocketHandler`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    collections::BTreeMap,
    io::Write,
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use brigade_tests::{
    eventually,
    logs::{LogServer, address, line, record},
    master, within,
};
use nix::sys::signal::Signal;
use serde_json::Value;

/// Waits for a Python program; what it printed.
#[track_caller]
fn ended(client: Child, expected: Option<i32>) -> String {
    let output = client.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), expected, "{errors}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// So many processes of each kind send so many records each; then all of these must be in the file.
fn clients_of_all_kinds(of_each: usize, records: usize) {
    let server = LogServer::start(&[]);
    let kinds = ["plain", "exceptions", "extras", "torn"];
    let start = |kind: &'static str| {
        let client = server.python("client.py", &[kind, &records.to_string()]);
        (kind, client)
    };
    let clients: Vec<_> = (0..of_each).flat_map(|_| kinds.map(start)).collect();
    let mut expected = BTreeMap::new();
    for (kind, client) in clients {
        let name = format!("app_{}", client.id());
        // Killed by a signal, there is no code.
        let printed = ended(client, (kind != "torn").then_some(0));
        assert_eq!(printed, records.to_string());
        expected.insert(name, kind);
    }
    let lines = server.stop_well();
    assert_eq!(lines.len(), records * expected.len());
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in lines {
        let record: Value = serde_json::from_str(&line).unwrap();
        let name = record["name"].as_str().unwrap().to_owned();
        found.entry(name).or_default().push(record);
    }
    for (name, kind) in expected {
        let found = &found[&name];
        assert_eq!(found.len(), records, "{name}");
        for (number, record) in found.iter().enumerate() {
            check(record, number, kind);
        }
    }
}

/// A record is what was sent, in its place.
fn check(record: &Value, number: usize, kind: &str) {
    let message = match kind {
        "exceptions" => format!("record {number} failed"),
        _ => format!("record {number}"),
    };
    assert_eq!(record["msg"], *message);
    assert_eq!(record["args"], Value::Null);
    assert_eq!(record["processName"], "MainProcess");
    match kind {
        "exceptions" => {
            let trace = record["exc_text"].as_str().unwrap();
            assert!(trace.starts_with("Traceback") && trace.ends_with("KeyError: 'no such key é'"));
        }
        "extras" => {
            // Its digits, which no f64 has.
            let digits = (1_u128 << 70) + number as u128;
            assert!(record.to_string().contains(r#""list":[1,[2,null]]"#));
            assert_eq!(record["nested"]["3"], "three");
            assert_eq!(record["raw"], "b\"\\x00\\xff'\"");
            assert_eq!(record["ratio"], "NaN");
            assert_eq!(record["tags"], serde_json::json!(["only"]));
            assert_eq!(record["text"], "naïve ☃ \\udcff");
            let float = digits as f64;
            assert_eq!(record["number"].as_f64(), Some(float));
        }
        _ => assert_eq!(record["exc_text"], Value::Null),
    }
}

#[test]
fn all_that_python_programs_send_whole_is_in_the_file() {
    within(60, || clients_of_all_kinds(3, 200));
}

#[test]
#[ignore = "128 Python processes take a while"]
fn all_that_128_python_programs_send_whole_is_in_the_file() {
    within(300, || clients_of_all_kinds(32, 2_000));
}

#[test]
fn values_of_every_protocol_are_what_the_documentation_says() {
    within(60, || {
        for seed in ["1", "2"] {
            let server = LogServer::start(&[]);
            let file = server.file.to_str().unwrap().to_owned();
            let values = server.python("values.py", &[&file, seed, "1500"]);
            let sent: usize = ended(values, Some(0)).parse().unwrap();
            assert!(sent > 1000);
            assert_eq!(server.stop_well().len(), sent);
        }
    });
}

#[test]
fn python_logs_through_tls() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let own =
            rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]).unwrap();
        let [cert, key] = [
            ("cert.pem", own.cert.pem()),
            ("key.pem", own.signing_key.serialize_pem()),
        ]
        .map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        });
        let mut server = LogServer::start(&["--tls-cert", &cert, "--tls-key", &key]);
        let client = server.python("client.py", &["extras", "3000", &cert]);
        assert_eq!(ended(client, Some(0)), "3000");
        // Without TLS nobody is heard.
        server.send(&record("plain"));
        server.says("turned away: no TLS");
        let lines = server.stop_well();
        assert_eq!(lines.len(), 3000);
    });
}

#[test]
fn each_client_is_told_with_its_lines_and_the_counters_when_asked_for() {
    within(60, || {
        let mut server = LogServer::start(&[]);
        let mut client = server.connect();
        let port = client.local_addr().unwrap().port();
        client
            .write_all(&[record("a"), record("b")].concat())
            .unwrap();
        server.wait_for_lines(2);
        // What is in the file is counted a moment later.
        let mut counters = Value::Null;
        assert!(eventually(10, || {
            server.signal(Signal::SIGUSR1);
            counters = serde_json::from_str(&server.says("\"connections\"")).unwrap();
            counters["lines"] == 2
        }));
        let bytes = record("a").len() * 2;
        assert_eq!(counters["connections"], 1);
        assert_eq!(counters["open"], 1);
        assert_eq!(
            (&counters["records"], &counters["lines"]),
            (&2.into(), &2.into())
        );
        assert_eq!(counters["bytes"], bytes);
        assert_eq!(counters["rejected"], 0);
        drop(client);
        server.says(&format!("From ('127.0.0.1', {port}): 2 lines"));
        assert_eq!(server.stop_well(), [line("a"), line("b")]);
    });
}

#[test]
fn what_has_arrived_when_the_end_is_asked_for_is_written() {
    within(60, || {
        for signal in [Signal::SIGTERM, Signal::SIGINT] {
            let server = LogServer::start(&[]);
            // One in the middle of a record, others that have sent and stay.
            let clients: Vec<_> = (0..20)
                .map(|number| {
                    let mut client = server.connect();
                    let records = record(&number.to_string()).repeat(500);
                    client.write_all(&records).unwrap();
                    client
                })
                .collect();
            let mut half = server.connect();
            half.write_all(&record("half")[..10]).unwrap();
            server.signal(signal);
            let lines = server.end_well();
            assert_eq!(lines.len(), 20 * 500);
            drop((clients, half));
        }
    });
}

#[test]
fn a_client_that_never_stops_is_cut_off_between_records() {
    within(60, || {
        let server = LogServer::start(&["--drain-limit", "300ms"]);
        let mut client = server.connect();
        let talking = std::thread::spawn(move || {
            let records = record("again").repeat(100);
            while client.write_all(&records).is_ok() {}
        });
        server.wait_for_lines(1000);
        let lines = server.stop_well();
        assert!(lines.iter().all(|found| *found == line("again")));
        talking.join().unwrap();
    });
}

#[test]
fn a_slow_reader_slows_the_clients_and_nothing_is_lost() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        let mut run = master([
            "logs",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--output",
            fifo.to_str().unwrap(),
        ]);
        let mut client = TcpStream::connect(address(&mut run)).unwrap();
        let text = "x".repeat(100_000);
        let sending = std::thread::spawn(move || {
            for _ in 0..2_000 {
                client.write_all(&record(&text)).unwrap();
            }
        });
        // It stops taking more in long before the 200 MB that are offered.
        std::thread::sleep(Duration::from_millis(500));
        assert!(!sending.is_finished());
        let status = std::fs::read_to_string(format!("/proc/{}/status", run.pid())).unwrap();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 150_000, "{peak} kB");
        let mut reader = Command::new("cat")
            .arg(&fifo)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = std::io::BufReader::new(reader.stdout.take().unwrap());
        let lines = std::io::BufRead::lines(out).take(2_000);
        assert!(lines.map(Result::unwrap).all(|line| line.len() == 100_010));
        sending.join().unwrap();
        run.stderr_line(|line| line.contains("2000 lines"));
        let _ = (reader.kill(), reader.wait());
    });
}

#[test]
fn an_idle_client_is_left_alone_unless_told_otherwise() {
    within(60, || {
        let mut server = LogServer::start(&["--idle-limit", "200ms"]);
        let mut client = server.connect();
        client.write_all(&record("a")).unwrap();
        server.says("nothing sent for 0.2 s; connection closed");
        let gone = eventually(10, || client.write_all(&record("b")).is_err());
        assert!(gone);
        assert_eq!(server.stop_well(), [line("a")]);
    });
}
