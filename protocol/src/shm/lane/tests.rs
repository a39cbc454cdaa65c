use super::*;

fn pair() -> (Lane, Lane) {
    let (master, fd) = Lane::create().unwrap();
    (master, Lane::attach(&fd).unwrap())
}

#[test]
fn a_task_is_begun_or_revoked_but_never_both_on_every_lap() {
    let (master, worker) = pair();
    for sequence in 0..3 * MAX_IN_FLIGHT as u64 + 5 {
        assert!(!master.is_claimed(sequence));
        if sequence % 3 == 0 {
            assert!(master.revoke(sequence));
            assert!(!worker.claim(sequence));
            assert!(!master.is_claimed(sequence));
        } else {
            assert!(worker.claim(sequence));
            assert!(!master.revoke(sequence));
            assert!(master.is_claimed(sequence));
        }
    }
}

#[test]
fn when_both_reach_for_a_task_at_once_exactly_one_gets_it() {
    let (master, worker) = pair();
    let tasks = 200_000_u64;
    // Laps keep their order because neither side may be a ring ahead of the other.
    let turn = std::sync::Barrier::new(2);
    let race = |lane: &Lane, revoke: bool| -> Vec<u64> {
        let mut won = Vec::new();
        for start in (0..tasks).step_by(MAX_IN_FLIGHT) {
            turn.wait();
            for sequence in start..(start + MAX_IN_FLIGHT as u64).min(tasks) {
                if if revoke {
                    lane.revoke(sequence)
                } else {
                    lane.claim(sequence)
                } {
                    won.push(sequence);
                }
            }
        }
        won
    };
    let (mut all, revoked) = std::thread::scope(|scope| {
        let other = scope.spawn(|| race(&worker, false));
        let revoked = race(&master, true);
        (other.join().unwrap(), revoked)
    });
    all.extend(revoked);
    all.sort_unstable();
    assert!(all.into_iter().eq(0..tasks));
}

#[test]
fn a_length_scribbled_over_by_a_dying_worker_is_bounded() {
    let (master, worker) = pair();
    worker
        .word(OUTBOX_LENGTH)
        .store(u64::MAX, Ordering::Release);
    assert_eq!(master.leftover().len(), OUTBOX_BYTES);
}

#[test]
fn other_memory_is_refused() {
    let fd = memfd_create(c"other", MFdFlags::MFD_CLOEXEC).unwrap();
    assert!(matches!(Lane::attach(&fd), Err(LaneError::NotALane)));
}
