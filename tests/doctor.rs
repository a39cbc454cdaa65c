//! `master doctor`, through the binary.

use std::{process::Command, time::Instant};

use brigade_tests::{Running, binary, master, within};

#[test]
fn the_doctor_finds_every_promise_kept() {
    within(60, || {
        let began = Instant::now();
        let output = master(["doctor"]).end();
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (0, ""),
            "{}",
            output.stdout
        );
        assert!(began.elapsed().as_secs() < 30);
        assert!(output.stdout.contains(" 0 failed"), "{}", output.stdout);
        assert!(!output.stdout.contains("FAILED"), "{}", output.stdout);
    });
}

#[test]
fn the_doctor_reports_to_programs_as_well() {
    within(60, || {
        let output = master(["doctor", "--format", "json"]).end();
        let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(report["ok"], true, "{report:#}");
        let checks = report["checks"].as_array().unwrap();
        // The first is no fault: a worker starts and answers. README and ARCHITECTURE tell how many there are.
        assert_eq!(checks.len(), 1 + 29);
        for check in checks {
            assert!(check["seconds"].as_f64().unwrap() < 6.0);
            assert!(!check["observed"].as_str().unwrap().is_empty());
        }
    });
}

#[test]
fn a_worker_that_is_none_is_a_clear_row_and_not_a_hang() {
    within(60, || {
        let began = Instant::now();
        for (program, reason) in [
            ("/bin/true", "exited with code 0"),
            ("/no/such/file", "no worker executable"),
        ] {
            let mut command = Command::new(binary("master"));
            command.arg("doctor").env("BRIGADE_WORKER", program);
            let output = Running::start(command).end();
            assert_eq!(output.code, 1, "{}", output.stdout);
            assert!(output.stdout.contains("FAILED"), "{}", output.stdout);
            let text = output
                .stdout
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            assert!(text.contains(reason), "{text}");
            assert!(text.contains("not tried"), "{text}");
        }
        assert!(began.elapsed().as_secs() < 30);
    });
}
