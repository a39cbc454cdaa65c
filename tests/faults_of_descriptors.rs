//! Faults of descriptors: none is lost, none is inherited that should not be, and no zombie stays.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::{collections::BTreeSet, process::Command};

use brigade::{
    Ended, Pool, TaskError,
    jobs::{
        echo::Echo,
        fault::{Fault, Misdeed},
    },
};
use brigade_tests::{
    Output, Running, binary, children_of, eventually, is_zombie, open_descriptors, pool, program,
    within,
};

#[test]
fn faults_25_and_28_a_thousand_crashes_leave_no_zombie_and_no_descriptor() {
    within(120, || {
        let pool = pool(2);
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(pool.submit::<Echo>(1).unwrap().wait(), Ok(1));
        let mine = |pool: &Pool| pool.worker_pids().into_iter().collect::<BTreeSet<i32>>();
        let before = open_descriptors(me);
        let crashes = vec![Misdeed::Exit(1); 1_000];
        let died = pool.map::<Fault, _>(crashes).filter(|outcome| {
            matches!(
                outcome,
                Err(TaskError::WorkerDied {
                    how: Ended::Exited(1),
                    ..
                })
            )
        });
        assert_eq!(died.count(), 1_000);
        // A hundred thousand queued tasks take no descriptors either.
        let echoes = pool.map::<Echo, _>(0..100_000).map(Result::unwrap);
        assert_eq!(echoes.sum::<u64>(), (0..100_000).sum::<u64>());
        assert!(eventually(5, || {
            let workers = mine(&pool);
            workers.len() == 2 && workers.iter().all(|pid| !is_zombie(*pid))
        }));
        // Other tests of this process have pools of their own, so children and descriptors come and go.
        assert!(
            eventually(20, || children_of(me)
                .iter()
                .filter(|pid| is_zombie(**pid))
                .count()
                == 0),
            "zombies are left"
        );
        assert!(
            eventually(60, || open_descriptors(me) <= before + 12),
            "{} descriptors, {before} before",
            open_descriptors(me)
        );
        pool.join();
    });
}

#[test]
fn fault_29_a_worker_has_its_own_descriptors_and_no_others() {
    within(20, || {
        assert_own_descriptors_only(&program("prober", ["descriptors"]).end());
        // A descriptor that the master was born with, and that a child of it would inherit.
        let mut command = Command::new("sh");
        command
            .args(["-c", "exec \"$0\" descriptors 9< /dev/zero"])
            .arg(binary("prober"));
        assert_own_descriptors_only(&Running::start(command).end());
    });
}

/// Of a worker that has listed its descriptors.
#[track_caller]
fn assert_own_descriptors_only(output: &Output) {
    let list = output.stdout.trim().trim_start_matches("the task failed: ");
    let list = &list[..list.rfind(" (worker").unwrap()];
    let kinds: Vec<String> = list
        .lines()
        .map(|line| {
            let (number, target) = line.split_once(' ').unwrap();
            let kind = target.split([':', '-']).next().unwrap_or(target);
            format!("{number} {kind}")
        })
        .collect();
    let (fixed, mut own) = (kinds[..5].to_vec(), kinds[5..].to_vec());
    assert_eq!(
        fixed,
        ["0 /dev/null", "1 pipe", "2 pipe", "3 pipe", "4 pipe"],
        "{list}"
    );
    // The lane and the log are closed again. The lifeline has two, and one is the status board.
    for kind in &mut own {
        kind.drain(..2);
    }
    own.sort_unstable();
    let expected = ["/dev/shm/brigade", "anon_inode", "anon_inode"];
    assert_eq!(own, expected, "{list}");
}

#[test]
fn fault_29_workers_have_nothing_of_each_other_and_what_they_start_has_nothing_of_theirs() {
    within(30, || {
        let pool = pool(3);
        let workers = pool.worker_pids();
        // The eight that the test above names.
        let have = |count| workers.iter().all(|pid| open_descriptors(*pid) == count);
        assert!(eventually(10, || have(8)), "more than their own");
        let child = pool
            .submit::<Fault>(Misdeed::LeaveChild {
                has_own_session: false,
            })
            .unwrap();
        let child = i32::try_from(child.wait().unwrap()).unwrap();
        assert!(
            eventually(5, || open_descriptors(child) == 3),
            "a worker's child has {} descriptors",
            open_descriptors(child)
        );
    });
}
