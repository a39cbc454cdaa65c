//! A disk that is full while `master logs serve` writes.

use std::{fs, io::Write, time::Duration};

use brigade_tests::{
    eventually, kill,
    logs::{LogServer, address, line, record, records_of},
    master, within,
};
use nix::sys::signal::Signal;

#[test]
fn a_full_disk_is_reported_and_survived_and_nothing_is_lost() {
    within(60, || {
        // No file of this process may get longer than 64 KiB.
        let mut server = LogServer::start_after("ulimit -f 64", &[]);
        let messages: Vec<_> = (0..2000)
            .map(|number| format!("{number:04}{}", "x".repeat(100)))
            .collect();
        let bytes: Vec<u8> = messages
            .iter()
            .flat_map(|message| record(message))
            .collect();
        let mut client = server.connect();
        client.write_all(&bytes).unwrap();
        let said = server.says("error: cannot write: ");
        assert!(said.contains("nothing is lost, clients wait"), "{said}");
        let mut found = Vec::new();
        while found.len() < messages.len() {
            assert!(eventually(10, || {
                let lines = server.line_count();
                lines > 500 || lines + found.len() == messages.len()
            }));
            let moved = server.folder.path().join(format!("part{}", found.len()));
            fs::rename(&server.file, &moved).unwrap();
            server.signal(Signal::SIGHUP);
            // Nothing goes into the old file once there is a new one, whether by the signal or before it.
            assert!(eventually(10, || server.file.exists()));
            // No part of a line has stayed there.
            assert!(fs::read(&moved).unwrap().ends_with(b"\n"));
            found.extend(records_of(&moved));
        }
        let expected: Vec<_> = messages.iter().map(|message| line(message)).collect();
        assert_eq!(found, expected);
        let (output, lines, _folder) = server.stop();
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (0, "{\"lines_collected\": 2000}\n")
        );
        assert_eq!(lines, ["{\"lines_collected\": 2000}"]);
    });
}

#[test]
fn clients_wait_while_the_disk_is_full_and_memory_stays_bounded() {
    within(60, || {
        let mut run = master([
            "logs",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--output",
            "/dev/full",
        ]);
        let mut client = std::net::TcpStream::connect(address(&mut run)).unwrap();
        client
            .set_write_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        let record = record(&"x".repeat(100_000));
        let sent = (0..5_000)
            .take_while(|_| client.write_all(&record).is_ok())
            .count();
        assert!((10..2_000).contains(&sent), "{sent}");
        run.stderr_line(|line| line.contains("error: cannot write: No space left on device"));
        kill(run.pid(), Signal::SIGTERM);
        let output = run.end();
        // What could not be written is told by the exit code.
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (3, "{\"lines_collected\": 0}\n")
        );
        assert!(
            output.stderr.contains("records could not be written"),
            "{}",
            output.stderr
        );
    });
}
