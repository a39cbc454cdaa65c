//! The file that `master logs serve` writes: whole lines, whatever becomes of the file.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use brigade_tests::{
    Running, binary, eventually, kill,
    logs::{LogServer, address, line, lines_of, record, records_of},
    master, within,
};
use nix::sys::signal::Signal;

fn numbered(file: &Path, number: usize) -> PathBuf {
    PathBuf::from(format!("{}.{number}", file.display()))
}

#[test]
fn files_are_rotated_by_size_between_lines_and_old_ones_are_kept() {
    within(60, || {
        let server =
            LogServer::start(&["--rotate-size", "10K", "--keep", "3", "--fsync", "always"]);
        let messages: Vec<_> = (0..1000)
            .map(|number| format!("{number:04}{}", "x".repeat(100)))
            .collect();
        let bytes: Vec<u8> = messages
            .iter()
            .flat_map(|message| record(message))
            .collect();
        server.send(&bytes);
        let last = line(&messages[999]);
        assert!(eventually(20, || fs::read_to_string(&server.file)
            .is_ok_and(|text| text.contains(&last))));
        let file = server.file.clone();
        let (output, _, _folder) = server.stop();
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (0, "{\"lines_collected\": 1000}\n")
        );
        let mut kept = Vec::new();
        for number in [3, 2, 1] {
            let old = numbered(&file, number);
            let length = old.metadata().unwrap().len();
            assert!((10_000..=10 << 10).contains(&length), "{length}");
            kept.extend(records_of(&old));
        }
        kept.extend(records_of(&file));
        assert!(!numbered(&file, 4).exists());
        let expected: Vec<_> = messages[1000 - kept.len()..]
            .iter()
            .map(|message| line(message))
            .collect();
        assert_eq!(kept, expected);
    });
}

#[test]
fn files_are_rotated_by_time_unless_they_are_empty() {
    within(60, || {
        let server = LogServer::start(&["--rotate-every", "300ms", "--keep", "9"]);
        std::thread::sleep(Duration::from_millis(700));
        assert!(!numbered(&server.file, 1).exists());
        server.send(&record("a"));
        assert!(eventually(10, || numbered(&server.file, 1).exists()));
        server.send(&record("b"));
        // The older one moves first.
        let are_there = || {
            [1, 2]
                .iter()
                .all(|number| numbered(&server.file, *number).exists())
        };
        assert!(eventually(10, are_there));
        assert_eq!(records_of(&numbered(&server.file, 2)), [line("a")]);
        assert_eq!(records_of(&numbered(&server.file, 1)), [line("b")]);
        let (output, _, _folder) = server.stop();
        assert_eq!(output.stdout, "{\"lines_collected\": 2}\n");
    });
}

#[test]
fn a_file_that_was_moved_away_is_made_anew_on_sighup() {
    within(60, || {
        let mut server = LogServer::start(&[]);
        let moved = server.folder.path().join("moved");
        server.send(&record("a"));
        server.wait_for_lines(1);
        fs::rename(&server.file, &moved).unwrap();
        let mut client = server.connect();
        client.write_all(&record("b")).unwrap();
        assert!(eventually(10, || records_of(&moved).len() == 2));
        server.signal(Signal::SIGHUP);
        server.says("opened ");
        client.write_all(&record("c")).unwrap();
        server.wait_for_lines(1);
        assert_eq!(records_of(&moved), [line("a"), line("b")]);
        // The same file, opened once more, is still the same.
        server.signal(Signal::SIGHUP);
        server.says("opened ");
        let (output, lines, _folder) = server.stop();
        assert_eq!(output.code, 0);
        assert_eq!(lines, [line("c"), "{\"lines_collected\": 3}".into()]);
    });
}

#[test]
fn a_file_that_was_deleted_is_noticed() {
    within(60, || {
        let mut server = LogServer::start(&[]);
        server.send(&record("a"));
        server.wait_for_lines(1);
        fs::remove_file(&server.file).unwrap();
        server.says("the file was deleted; it is made anew");
        server.send(&record("b"));
        server.wait_for_lines(1);
        server.signal(Signal::SIGTERM);
        let (_, lines, _folder) = server.end();
        assert_eq!(lines[0], line("b"));
    });
}

#[test]
fn no_line_goes_into_a_file_that_was_deleted() {
    within(60, || {
        let mut server = LogServer::start(&[]);
        let mut client = server.connect();
        for round in 0..5 {
            fs::remove_file(&server.file).unwrap();
            let message = format!("after {round}");
            client.write_all(&record(&message)).unwrap();
            assert!(eventually(10, || server.line_count() == 1));
            assert_eq!(records_of(&server.file), [line(&message)]);
        }
        fs::remove_file(&server.file).unwrap();
        // Written at the end, if not before.
        client.write_all(&record("last")).unwrap();
        drop(client);
        server.says("6 lines");
        let (output, lines, _folder) = server.stop();
        assert_eq!(output.code, 0);
        assert_eq!(lines, [line("last"), "{\"lines_collected\": 6}".into()]);
    });
}

#[test]
fn a_line_that_a_killed_server_left_unfinished_spoils_no_other() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.jsonl");
        fs::write(&file, format!("{}\n{{\"msg\":\"torn", line("old"))).unwrap();
        let name = file.to_str().unwrap().to_owned();
        let mut run = master([
            "logs",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--output",
            &name,
        ]);
        run.stderr_line(|line| line.contains("ended in the middle of a line: its 12 bytes were"));
        let mut client = std::net::TcpStream::connect(address(&mut run)).unwrap();
        client.write_all(&record("new")).unwrap();
        assert!(eventually(10, || fs::read_to_string(&file)
            .unwrap()
            .contains("new")));
        assert_eq!(lines_of(&file), [line("old"), line("new")]);
    });
}

#[test]
fn a_second_server_says_clearly_why_it_cannot_start() {
    within(60, || {
        let server = LogServer::start(&[]);
        let listen = server.address.to_string();
        let output = master(["logs", "serve", "--listen", &listen]).end();
        assert_eq!(output.code, 2);
        let expected =
            format!("error: cannot listen on {listen}: another program does; end it (ss -ltnp");
        assert!(output.stderr.starts_with(&expected), "{}", output.stderr);
        let file = server.file.to_str().unwrap();
        let output = master(["logs", "serve", "--listen", "127.0.0.1:0", "--output", file]).end();
        assert_eq!(output.code, 2);
        assert!(
            output
                .stderr
                .contains("is being written by another process"),
            "{}",
            output.stderr
        );
        let output = master([
            "logs",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--output",
            "/no/such/folder/log",
        ])
        .end();
        assert_eq!(output.code, 2);
        assert!(
            output
                .stderr
                .contains("cannot open /no/such/folder/log: No such file"),
            "{}",
            output.stderr
        );
        server.stop_well();
    });
}

#[test]
fn text_is_written_by_a_template_and_no_message_forges_a_line() {
    within(60, || {
        let server = LogServer::start(&["--format", "text", "--template", "{levelname:8}[{msg}]"]);
        server.send(&[record("one"), record("two\nINFO    [three]\x1b[2J")].concat());
        server.wait_for_lines(3);
        let (_, lines, _folder) = server.stop();
        let expected = [
            "        [one]",
            "        [two",
            "    INFO    [three]\\x1b[2J]",
            "{\"lines_collected\": 2}",
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn standard_output_is_a_stream_of_records_that_may_be_closed() {
    within(60, || {
        let mut command = Command::new(binary("master"));
        command.args(["logs", "serve", "--listen", "127.0.0.1:0"]);
        let mut run = Running::start(command);
        let mut client = std::net::TcpStream::connect(address(&mut run)).unwrap();
        client.write_all(&record("a")).unwrap();
        assert_eq!(run.stdout_line().trim_end(), line("a"));
        kill(run.pid(), Signal::SIGTERM);
        let output = run.end();
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (0, "{\"lines_collected\": 1}\n")
        );

        let mut child = Command::new("bash")
            .args(["-c", "\"$0\" logs serve --listen 127.0.0.1:0 | head -n 1"])
            .arg(binary("master"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        std::io::BufRead::read_line(&mut errors, &mut said).unwrap();
        let port: u16 = said
            .trim_end()
            .trim_end_matches(')')
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let mut client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let is_ended = eventually(20, || {
            let _ = client.write_all(&record("a"));
            child.try_wait().unwrap().is_some()
        });
        assert!(is_ended);
    });
}
