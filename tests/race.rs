//! `master demo race`, through the binaries.

use brigade_tests::{master, within};

#[test]
fn nothing_is_lost_with_an_atomic_or_a_lock() {
    within(60, || {
        let run = master("demo race -j 3 --times 100000 --format json".split(' '));
        let output = run.end();
        output.assert_quiet_success();
        let whole: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let races = whole["races"].as_array().unwrap();
        let text = |race: &serde_json::Value, name: &str| race[name].as_str().unwrap().to_owned();
        let ways: Vec<_> = races
            .iter()
            .map(|race| format!("{} {}", text(race, "backend"), text(race, "way")))
            .collect();
        assert_eq!(
            ways,
            [
                "processes unsynchronised",
                "processes atomic",
                "processes lock",
                "threads unsynchronised",
                "threads atomic",
                "threads lock"
            ]
        );
        for race in races {
            let count = |name: &str| race[name].as_u64().unwrap();
            assert_eq!(count("expected"), 300_000);
            assert_eq!(count("got") + count("lost"), 300_000);
            assert!(
                race["way"] == "unsynchronised" || count("lost") == 0,
                "{race}"
            );
            assert!(race["ns_per_operation"].as_f64().unwrap() > 0.0);
        }
    });
}

#[test]
fn updates_that_are_not_synchronised_get_lost() {
    within(60, || {
        // Even one core loses some, when one is interrupted between reading and writing; so often it happens.
        let arguments = "demo race -j 4 --times 20000000 --no-compare --format csv";
        let output = master(arguments.split(' ')).end();
        output.assert_quiet_success();
        let row = output.stdout.lines().nth(1).unwrap();
        let lost: u64 = row.split(',').nth(4).unwrap().parse().unwrap();
        assert!(
            row.starts_with("processes,unsynchronised,80000000") && lost > 0,
            "{row}"
        );
    });
}
