//! What `master logs serve` does not do: whatever a pickle, a length or a slow client wants, the others are served.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use brigade_tests::{
    eventually,
    logs::{LogServer, framed, line, record},
    master, within,
};

/// Whether the server has closed a connection.
fn is_closed(client: &mut TcpStream) -> bool {
    client
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    // An end, or a reset if something had been left unread.
    !matches!(client.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

/// The most memory that a process has had, in kB.
fn peak(pid: i32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

/// Sends a pickle, which must end its connection and no other; returns what is said about it.
#[track_caller]
fn refused(server: &mut LogServer, pickle: &[u8]) -> String {
    let mut other = server.connect();
    let mut client = server.connect();
    let address = client.local_addr().unwrap();
    // The record behind it is not looked at any more.
    client
        .write_all(&[record("before"), framed(pickle), record("behind")].concat())
        .unwrap();
    let said = server.says("; connection closed");
    let peer = format!("warning: ('127.0.0.1', {}): ", address.port());
    assert!(said.starts_with(&peer), "{said}");
    assert!(is_closed(&mut client));
    other.write_all(&record("other")).unwrap();
    said
}

#[test]
fn pickles_that_want_to_do_something_do_nothing() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let canary = folder.path().join("canary");
        let command = format!("touch {}", canary.display());
        let text = |text: &str| {
            let length = u32::try_from(text.len()).unwrap().to_le_bytes();
            [b"X", length.as_slice(), text.as_bytes()].concat()
        };
        let mut server = LogServer::start(&[]);
        // What Python's own pickler makes of an object whose __reduce__ names os.system.
        let system = [
            b"\x80\x02cposix\nsystem\n".as_slice(),
            &text(&command),
            b"\x85R.",
        ]
        .concat();
        assert!(refused(&mut server, &system).contains("wants to import `posix.system`"));
        let newer = [
            b"\x80\x04\x8c\x05posix\x8c\x06system\x93".as_slice(),
            &text(&command),
            b"\x85R.",
        ]
        .concat();
        assert!(refused(&mut server, &newer).contains("wants to import `posix.system`"));
        let old = [b"(S'x'\nios\nsystem\n.".as_slice()].concat();
        assert!(refused(&mut server, &old).contains("wants to import `os.system`"));
        let code = format!("open({:?}, 'w')", canary.display().to_string());
        let eval = [b"cbuiltins\neval\n(".as_slice(), &text(&code), b"tR."].concat();
        assert!(refused(&mut server, &eval).contains("wants to import `builtins.eval`"));
        // In the middle of a record that looks well.
        let hidden = [
            b"}(X\x03\0\0\0msgcos\nsystem\n(".as_slice(),
            &text(&command),
            b"tRu.",
        ]
        .concat();
        assert!(refused(&mut server, &hidden).contains("wants to import `os.system`"));
        assert!(refused(&mut server, b"}b.").contains("wants to fill an object"));
        assert!(refused(&mut server, b"K\x01.").contains("a record must be a dict"));
        assert!(!canary.exists());
        let lines = server.stop_well();
        assert_eq!(
            lines
                .iter()
                .filter(|found| **found == line("before"))
                .count(),
            7
        );
        assert_eq!(
            lines
                .iter()
                .filter(|found| **found == line("other"))
                .count(),
            7
        );
        assert_eq!(lines.len(), 14);
    });
}

#[test]
fn bombs_cost_little_and_are_refused() {
    within(60, || {
        let mut server = LogServer::start(&[]);
        let began = Instant::now();
        let value = |bytes: &[u8]| [b"}U\x01x", bytes, b"s."].concat();
        let deep = value(&[b"]".repeat(1_000_000), b"a".repeat(999_999)].concat());
        assert!(refused(&mut server, &deep).contains("more than 100 deep"));
        assert!(refused(&mut server, &b"(".repeat(16 << 20)).contains("more than 100 deep"));
        assert!(refused(&mut server, &b"]".repeat(16 << 20)).contains("more than 1048576 values"));
        // Each list holds the one before ten times: 10^60 values.
        let mut memo = b"]q\0".to_vec();
        for level in 0..60_u8 {
            memo.extend_from_slice(b"0](");
            memo.extend_from_slice(&[b'h', level].repeat(10));
            memo.extend_from_slice(&[b'e', b'q', level + 1]);
        }
        assert!(refused(&mut server, &value(&memo)).contains("would become a line of more than"));
        // Lengths inside of a pickle that nothing follows.
        assert!(
            refused(&mut server, b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fab")
                .contains("ends in the middle")
        );
        assert!(refused(&mut server, b"B\xff\xff\xff\xffab").contains("ends in the middle"));
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{:?}",
            began.elapsed()
        );
        assert!(peak(server.pid()) < 200_000, "{} kB", peak(server.pid()));
        assert_eq!(server.stop_well().len(), 12);
    });
}

#[test]
fn lengths_beyond_the_limit_are_refused_before_anything_follows() {
    within(60, || {
        let mut server = LogServer::start(&["--record-limit", "1K"]);
        for (bytes, expected) in [
            (
                &b"\xff\xff\xff\xff"[..],
                "4294967295 bytes is announced, and the limit is 1024",
            ),
            (b"\0\0\x04\x01", "1025 bytes is announced"),
            (b"\0\0\0\0", "a record of no bytes"),
            (b"GET / HTTP/1.1\r\n", "this looks like HTTP"),
        ] {
            let mut client = server.connect();
            client.write_all(bytes).unwrap();
            server.says(expected);
            assert!(is_closed(&mut client));
        }
        assert!(peak(server.pid()) < 60_000, "{} kB", peak(server.pid()));
        let longest = "x".repeat(1024 - (record("").len() - 4));
        server.send(&record(&longest));
        server.wait_for_lines(1);
        assert_eq!(server.stop_well(), [line(&longest)]);
    });
}

#[test]
fn a_record_as_long_as_the_limit_is_taken_however_it_comes() {
    within(60, || {
        let server = LogServer::start(&[]);
        let long = "x".repeat((16 << 20) - 100);
        let bytes = [record("first"), record(&long), record("last")].concat();
        server.send(&bytes);
        let mut slow = server.connect();
        for piece in bytes.chunks(1 << 20) {
            slow.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
        server.wait_for_lines(6);
        let lines = server.stop_well();
        assert_eq!(
            lines
                .iter()
                .filter(|found| found.len() == long.len() + 10)
                .count(),
            2
        );
    });
}

#[test]
fn slow_clients_slow_nobody_and_are_sent_away_in_time() {
    within(60, || {
        let mut server = LogServer::start(&["--half-record-limit", "1s"]);
        let mut slow: Vec<_> = (0..300)
            .map(|number: usize| {
                let mut client = server.connect();
                // Some in the length, some behind it, some that announce much.
                let whole = record("slow");
                let start: &[u8] = [&b"\0"[..], &whole[..9], b"\0\xff\0\0abc"][number % 3];
                client.write_all(start).unwrap();
                client
            })
            .collect();
        let began = Instant::now();
        let mut quick = server.connect();
        for number in 0..100 {
            quick.write_all(&record("quick")).unwrap();
            server.wait_for_lines(number + 1);
        }
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
        assert!(peak(server.pid()) < 100_000);
        server.says("half a record after 1 s: ");
        // A byte now and then does not help.
        let are_gone = eventually(20, || {
            slow.iter_mut()
                .all(|client| client.write_all(b"x").is_err())
        });
        assert!(are_gone);
        quick.write_all(&record("quick")).unwrap();
        server.wait_for_lines(101);
        assert_eq!(server.stop_well(), vec![line("quick"); 101]);
    });
}

#[test]
fn a_refused_record_can_be_left_out_alone() {
    within(60, || {
        let mut server = LogServer::start(&["--on-refused", "skip"]);
        server.send(&[record("a"), framed(b"cos\nsystem\n."), record("b")].concat());
        server.says("wants to import `os.system`: only plain data is accepted; left out");
        server.wait_for_lines(2);
        assert_eq!(server.stop_well(), [line("a"), line("b")]);
    });
}

#[test]
fn clients_beyond_the_limit_wait_for_their_turn() {
    within(60, || {
        let mut server = LogServer::start(&["--max-connections", "2"]);
        let first = [server.connect(), server.connect()];
        server.send(&record("third"));
        server.says("2 clients are here; others wait");
        assert_eq!(server.line_count(), 0);
        drop(first);
        server.wait_for_lines(1);
        // Those who wait when the end comes are heard as well.
        let stay = [server.connect(), server.connect()];
        server.says("2 clients are here");
        server.send(&record("fourth"));
        assert_eq!(server.stop_well(), [line("third"), line("fourth")]);
        drop(stay);
    });
}

#[test]
fn who_is_not_allowed_is_turned_away() {
    within(60, || {
        let mut server = LogServer::start(&["--allow", "10.0.0.0/8,192.168.1.1"]);
        let mut client = server.connect();
        server.says("turned away: its address is not in --allow");
        assert!(is_closed(&mut client));
        assert!(server.stop_well().is_empty());
        let server = LogServer::start(&["--allow", "127.0.0.0/8"]);
        server.send(&record("a"));
        server.wait_for_lines(1);
        server.stop_well();
    });
}

#[test]
fn other_machines_are_served_only_when_that_is_meant() {
    within(60, || {
        let output = master(["logs", "serve", "--listen", "0.0.0.0:0"]).end();
        assert_eq!(output.code, 2);
        assert!(
            output.stderr.contains("add --remote if that is meant"),
            "{}",
            output.stderr
        );
        let mut run = master(["logs", "serve", "--listen", "0.0.0.0:0", "--remote"]);
        run.stderr_line(|line| {
            line.contains(
                "warning: 0.0.0.0:0 is open to other machines: anybody who reaches it can write",
            )
        });
        run.stderr_line(|line| line.starts_with("Serving on ('0.0.0.0', "));
    });
}
