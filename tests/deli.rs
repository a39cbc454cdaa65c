//! `master demo deli`, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeSet;

use brigade_tests::{Running, children_of, eventually, master, within};
use nix::sys::signal::Signal;

const ORDERS: [&str; 8] = [
    "BLT",
    "Cuban",
    "French Dip",
    "Grilled Cheese",
    "Ham and Cheese",
    "Monte Cristo",
    "Reuben",
    "Tuna Melt",
];

fn deli(arguments: &str) -> Running {
    let arguments = arguments.split(' ').filter(|word| !word.is_empty());
    master(["demo", "deli"].into_iter().chain(arguments))
}

/// Seconds, chef and order of each line.
fn made(stdout: &str) -> Vec<(f64, &str, &str)> {
    stdout
        .lines()
        .map(|line| {
            let (seconds, rest) = line.split_once(' ').unwrap();
            let (chef, order) = rest.split_once(" made ").unwrap();
            (seconds.parse().unwrap(), chef, order)
        })
        .collect()
}

#[test]
fn the_two_chefs_make_each_order_once() {
    within(60, || {
        let output = deli("--seconds 20ms").end();
        output.assert_quiet_success();
        let made = made(&output.stdout);
        let mut orders: Vec<_> = made.iter().map(|(_, _, order)| *order).collect();
        orders.sort_unstable();
        assert_eq!(orders, ORDERS);
        let chefs: BTreeSet<_> = made.iter().map(|(_, chef, _)| *chef).collect();
        assert_eq!(chefs, BTreeSet::from(["Constantine", "Michael"]));
        assert!(made.iter().all(|(seconds, ..)| *seconds >= 0.02));
    });
}

#[test]
fn other_chefs_may_cook() {
    within(60, || {
        let output =
            deli("--seconds 5ms --chef Ada --chef Grace --chef Edsger --format json").end();
        output.assert_quiet_success();
        let whole: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(
            whole["chefs"],
            serde_json::json!(["Ada", "Grace", "Edsger"])
        );
        assert_eq!(whole["made"].as_array().unwrap().len(), 8);
    });
}

#[test]
fn what_a_killed_chef_had_taken_is_made_by_the_next_one() {
    within(60, || {
        let mut run = deli("--seconds 150ms");
        let first = run.stdout_line();
        let worker = *children_of(run.pid()).first().unwrap();
        brigade_tests::kill(worker, Signal::SIGKILL);
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let rest = made(&output.stdout);
        let mut orders: Vec<_> = rest.iter().map(|(_, _, order)| *order).collect();
        orders.push(first.trim_end().split_once(" made ").unwrap().1);
        orders.sort_unstable();
        assert_eq!(orders, ORDERS);
    });
}

#[test]
fn with_the_flag_nothing_lands_on_the_floor() {
    within(60, || {
        let output = deli("--tray --sandwiches 3000 --format json").end();
        output.assert_quiet_success();
        let whole: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let races = whole["tray"].as_array().unwrap();
        assert_eq!(races.len(), 2);
        for race in races {
            let count = |name: &str| race[name].as_u64().unwrap();
            assert_eq!(count("on_tray") + count("on_floor"), 6_000);
            assert!(count("moves") > 0);
        }
        assert_eq!(races[1]["has_flag"], true);
        assert_eq!(races[1]["on_floor"], 0);
        let output = deli("--tray --flag --sandwiches 500 --format lines").end();
        output.assert_quiet_success();
        assert!(
            output
                .stdout
                .starts_with("with the flag: 1000 on the tray, 0 on the floor")
        );
    });
}

#[test]
fn a_master_that_is_killed_leaves_no_chef() {
    within(60, || {
        let mut run = deli("--seconds 500ms");
        run.stdout_line();
        let workers = children_of(run.pid());
        brigade_tests::kill(run.pid(), Signal::SIGKILL);
        assert!(eventually(10, || workers
            .iter()
            .all(|pid| !brigade_tests::is_alive(*pid))));
    });
}
