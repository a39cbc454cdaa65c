//! `master demo philosophers`, through the binaries.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{thread, time::Duration};

use brigade_tests::{Running, children_of, eventually, master, within};
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

fn dine(arguments: &str) -> Running {
    master(format!("demo philosophers {arguments}").split(' '))
}

/// The lists of servings: for each, who.
fn servings(stdout: &str) -> Vec<Vec<u32>> {
    let lists = stdout.lines().filter(|line| line.starts_with('['));
    let philosopher = |entry: &str| entry.split(',').next().unwrap().parse().unwrap();
    lists
        .map(|list| list.split('(').skip(1).map(philosopher).collect())
        .collect()
}

#[test]
fn everybody_eats_every_serving() {
    within(60, || {
        let output = dine("--faculty 4 --servings 3 --min 5ms --max 10ms --seed 1").end();
        output.assert_quiet_success();
        assert_eq!(servings(&output.stdout), [[0, 1, 2, 3]; 3]);
        for philosopher in 0..4 {
            for what in ["eating", "philosophizing"] {
                let line = format!("{philosopher} {what}");
                let count = output.stdout.lines().filter(|said| **said == line).count();
                assert_eq!(count, 3, "{line}");
            }
        }
    });
}

#[test]
fn the_same_seed_gives_the_same_times_in_every_format() {
    within(60, || {
        let lists = |format: &str| {
            let arguments = "--faculty 3 --servings 2 --min 1ms --max 9ms --seed 7";
            let output = dine(&format!("{arguments} --format {format}")).end();
            output.assert_quiet_success();
            output.stdout
        };
        let csv = lists("csv");
        assert_eq!(csv, lists("csv"));
        assert_eq!(csv.lines().count(), 7);
        let whole: serde_json::Value = serde_json::from_str(&lists("json")).unwrap();
        let first = &whole["servings"][0][0];
        let row: Vec<f64> = csv
            .lines()
            .nth(1)
            .unwrap()
            .split(',')
            .map(|n| n.parse().unwrap())
            .collect();
        assert!((first["eat"].as_f64().unwrap() - row[2]).abs() < 1e-5);
        assert!(whole["deadlock"].is_null());
    });
}

#[test]
fn without_a_footman_all_are_stuck_and_named() {
    within(60, || {
        let output = dine("--no-footman --min 1ms --max 2ms").end();
        assert_eq!(output.code, 1, "{}", output.stderr);
        let expected = "\
deadlock: 5 wait for each other
0 holds fork 0 and waits for fork 1, which 1 holds
1 holds fork 1 and waits for fork 2, which 2 holds
2 holds fork 2 and waits for fork 3, which 3 holds
3 holds fork 3 and waits for fork 4, which 4 holds
4 holds fork 4 and waits for fork 0, which 0 holds
";
        assert!(output.stdout.ends_with(expected), "{}", output.stdout);
        let json = dine("--no-footman --faculty 2 --min 1ms --max 2ms --format json").end();
        let whole: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert_eq!(
            (json.code, whole["deadlock"].as_array().unwrap().len()),
            (1, 2)
        );
    });
}

#[test]
fn random_kills_leave_no_meal_uneaten() {
    within(100, || {
        let run = dine("--faculty 5 --servings 12 --min 5ms --max 20ms --seed 3");
        let master = run.pid();
        let murders = thread::spawn(move || {
            let mut killed = 0;
            for round in 0..60_usize {
                thread::sleep(Duration::from_millis(7));
                let workers: Vec<_> = children_of(master).into_iter().collect();
                if workers.is_empty() {
                    continue;
                }
                let pid = Pid::from_raw(workers[round * 7 % workers.len()]);
                killed += usize::from(signal::kill(pid, Signal::SIGKILL).is_ok());
            }
            killed
        });
        let output = run.end();
        let killed = murders.join().unwrap();
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(killed > 5, "{killed}");
        assert_eq!(servings(&output.stdout), vec![vec![0, 1, 2, 3, 4]; 12]);
    });
}

#[test]
fn a_killed_philosopher_blocks_nobody_at_full_speed() {
    within(60, || {
        let run = dine("--benchmark --seconds 1500ms --format json");
        let master = run.pid();
        assert!(eventually(20, || children_of(master).len() == 5));
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(150));
            if let Some(worker) = children_of(master).first() {
                let _ = signal::kill(Pid::from_raw(*worker), Signal::SIGKILL);
            }
        }
        let output = run.end();
        assert_eq!(output.code, 0, "{}", output.stderr);
        let whole: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
        let meals = whole["meals"].as_array().unwrap();
        assert!(
            meals.iter().all(|meals| meals.as_u64() > Some(100)),
            "{meals:?}"
        );
    });
}

#[test]
fn threads_can_dine_as_well() {
    within(60, || {
        let output = dine("--backend threads --faculty 3 --servings 2 --min 1ms --max 2ms").end();
        output.assert_quiet_success();
        assert_eq!(servings(&output.stdout), [[0, 1, 2]; 2]);
    });
}

#[test]
fn ctrl_c_ends_a_dinner_in_good_order() {
    within(60, || {
        let mut run = dine("--servings 1000 --min 10ms --max 20ms");
        run.stdout_line();
        brigade_tests::kill(run.pid(), Signal::SIGINT);
        let output = run.end();
        assert_eq!(output.code, 130, "{}", output.stderr);
    });
}

#[test]
fn impossible_times_and_tables_are_refused() {
    within(60, || {
        for arguments in [
            "--min 2s --max 1s",
            "--faculty 1",
            "--servings 0",
            "--min soon",
        ] {
            let output = dine(arguments).end();
            assert_eq!(
                (output.code, output.stdout.as_str()),
                (2, ""),
                "{arguments}"
            );
        }
    });
}
