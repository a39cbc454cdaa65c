//! `master demo burn`, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;

use brigade_tests::{master, within};

fn pids(stdout: &str) -> Vec<u32> {
    let lines = stdout
        .lines()
        .filter_map(|line| line.strip_prefix("OS PID "));
    lines.map(|pid| pid.parse().unwrap()).collect()
}

#[test]
fn each_process_says_its_own_id_and_the_time_follows() {
    within(60, || {
        let run = master([
            "demo",
            "burn",
            "-j",
            "3",
            "--count",
            "300000000",
            "--no-compare",
        ]);
        let own = run.pid().cast_unsigned();
        let output = run.end();
        output.assert_quiet_success();
        let pids = pids(&output.stdout);
        assert_eq!(pids.len(), 3);
        assert_eq!(BTreeSet::from_iter(&pids).len(), 3, "{pids:?}");
        assert!(!pids.contains(&own));
        let last = output.stdout.lines().last().unwrap();
        let seconds = last
            .strip_prefix("work took ")
            .and_then(|rest| rest.strip_suffix(" seconds"));
        assert!(
            seconds.is_some_and(|seconds| seconds.parse::<f64>().is_ok()),
            "{last}"
        );
    });
}

#[test]
fn threads_all_say_the_id_of_the_one_process() {
    within(60, || {
        let arguments = "demo burn -j 3 --count 1000 --no-compare --backend threads";
        let run = master(arguments.split(' '));
        let own = run.pid().cast_unsigned();
        assert_eq!(pids(&run.end().stdout), [own; 3]);
    });
}

#[test]
fn the_comparison_measures_three_ways() {
    within(60, || {
        let run = master("demo burn -j 2 --count 1000 --format json".split(' '));
        let own = run.pid();
        let output = run.end();
        output.assert_quiet_success();
        let whole: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let runs = whole["runs"].as_array().unwrap();
        let ways: Vec<_> = runs
            .iter()
            .map(|run| run["way"].as_str().unwrap())
            .collect();
        assert_eq!(ways, ["processes", "threads", "one after another"]);
        assert!(
            runs.iter()
                .all(|run| run["seconds"].as_f64().unwrap() > 0.0)
        );
        assert!(runs.iter().all(|run| run["speedup"].is_f64()));
        assert_eq!(runs[1]["pids"], serde_json::json!([own, own]));
    });
}
