//! `master logs demo`: clients in processes of their own, and none of their records missing.

use brigade_tests::{
    children_of, eventually, free_port, kill,
    logs::{LogServer, lines_of},
    master, within,
};
use nix::sys::signal::Signal;
use serde_json::Value;

#[test]
fn every_record_of_every_client_is_found() {
    within(60, || {
        for sorter in ["bogo", "gnome"] {
            let run = master([
                "logs",
                "demo",
                "--clients",
                "6",
                "--sorter",
                sorter,
                "--format",
                "json",
            ]);
            let output = run.end();
            output.assert_quiet_success();
            let report: Value = serde_json::from_str(&output.stdout).unwrap();
            assert_eq!(report["clients"], 6);
            assert_eq!(report["is_checked"], true);
            assert_eq!(report["missing"], serde_json::json!([]));
            let (records, collections) = (&report["records"], &report["collections"]);
            // One at the start and the end of each client, and two for each collection.
            assert_eq!(
                records.as_u64().unwrap(),
                12 + 2 * collections.as_u64().unwrap()
            );
            assert!((60..=120).contains(&collections.as_u64().unwrap()));
            assert!(report["records_per_second"].as_f64().unwrap() > 0.0);
        }
    });
}

#[test]
fn each_client_is_a_process_and_logs_what_it_does() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.jsonl");
        let name = file.to_str().unwrap();
        let output = master([
            "logs",
            "demo",
            "--clients",
            "8",
            "--collections",
            "3",
            "--output",
            name,
        ])
        .end();
        output.assert_quiet_success();
        assert!(output.stdout.ends_with(
            "none missing: every record of every client is in the file, as it was sent\n"
        ));
        let mut lines = lines_of(&file);
        assert_eq!(lines.pop().unwrap(), "{\"lines_collected\": 64}");
        let records: Vec<Value> = lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut processes: Vec<_> = records
            .iter()
            .map(|record| record["process"].as_u64().unwrap())
            .collect();
        processes.sort_unstable();
        processes.dedup();
        assert_eq!(processes.len(), 8);
        let one: Vec<_> = records
            .iter()
            .filter(|record| record["process"] == processes[0])
            .collect();
        let message = |at: usize| one[at]["msg"].as_str().unwrap();
        assert_eq!(message(0), "sorting 3 collections");
        assert!(message(1).starts_with("Sorting ") && message(2).contains(" steps, "));
        assert!(
            message(7).starts_with("produced 8 entries, taking "),
            "{}",
            message(7)
        );
        assert_eq!(one[0]["name"], format!("app_{}", processes[0]));
        assert_eq!(one[1]["name"], format!("app_{}.GnomeSort", processes[0]));
    });
}

#[test]
fn a_server_that_runs_already_is_used_and_its_file_looked_at() {
    within(60, || {
        let server = LogServer::start(&[]);
        let address = server.address.to_string();
        let file = server.file.to_str().unwrap();
        let demo = |file: &[&str]| {
            let mut arguments = vec![
                "logs",
                "demo",
                "--clients",
                "3",
                "--collections",
                "2",
                "--server",
                &address,
            ];
            arguments.extend(file);
            master(arguments).end()
        };
        demo(&["--output", file]).assert_quiet_success();
        let unchecked = demo(&[]);
        assert_eq!(unchecked.code, 0);
        assert!(
            unchecked
                .stdout
                .contains("not checked: name the server's file with --output")
        );
        assert_eq!(server.stop_well().len(), 2 * 3 * 6);
    });
}

#[test]
fn records_that_are_missing_are_told_and_fail_the_check() {
    within(60, || {
        let server = LogServer::start(&[]);
        let address = server.address.to_string();
        let other = server.folder.path().join("other");
        std::fs::write(&other, "no JSON\n").unwrap();
        // Lines that were there before are nobody's concern.
        let arguments = [
            "logs",
            "demo",
            "--clients",
            "1",
            "--collections",
            "2",
            "--server",
            &address,
            "--output",
        ];
        let output = master(arguments.into_iter().chain([other.to_str().unwrap()])).end();
        assert_eq!(output.code, 1);
        assert!(
            output.stdout.contains(" sent 6 records, 0 were found\n"),
            "{}",
            output.stdout
        );
        assert!(!output.stdout.contains("corrupted"));
        server.stop_well();
    });
}

#[test]
fn without_a_server_every_client_fails_and_says_so() {
    within(60, || {
        let free = format!("127.0.0.1:{}", free_port());
        let output = master(["logs", "demo", "--clients", "2", "--server", &free]).end();
        assert_eq!(output.code, 3);
        assert!(
            output
                .stderr
                .contains(&format!("the log server {free}: Connection refused")),
            "{}",
            output.stderr
        );
    });
}

#[test]
fn an_interrupted_demo_leaves_no_process() {
    within(60, || {
        let run = master([
            "logs",
            "demo",
            "--clients",
            "4",
            "--collections",
            "10000000",
        ]);
        assert!(eventually(20, || children_of(run.pid()).len() == 4));
        let children = children_of(run.pid());
        kill(run.pid(), Signal::SIGINT);
        kill(run.pid(), Signal::SIGINT);
        let _ = run.end();
        assert!(eventually(10, || children
            .iter()
            .all(|pid| !brigade_tests::is_alive(*pid))));
    });
}
