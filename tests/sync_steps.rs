//! Killed at every instruction: a process is stepped through an operation on a primitive by the debugger's interface,
//! and it is written down which instructions change the shared memory. Then one process after another does the same, and
//! is killed before and after each of these. After each death, everything has to be there for the next one, and soon.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, and says what it could not do"
)]

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::File,
    os::unix::fs::FileExt,
    process::{Child, Command},
    time::Duration,
};

use brigade::sync::{
    Barrier, BoundedSemaphore, Event, Item, LockError, Mutex, RwLock, Semaphore, SharedList,
    SyncError, Ticket, Value,
};
use brigade_protocol::codec;
use brigade_tests::{binary, within};
use nix::{
    sys::{
        ptrace,
        signal::Signal,
        wait::{WaitStatus, waitpid},
    },
    unistd::Pid,
};

const SOON: Duration = Duration::from_secs(10);
/// What `stepped` exits with where it may not be watched.
const NOT_ALLOWED: i32 = 77;

/// A process that is stepped through its operation.
struct Stepped {
    child: Child,
    pid: Pid,
}

impl Stepped {
    /// Starts it, up to its operation; nothing where it may not be watched.
    fn start(operation: &str, ticket: &str) -> Option<Self> {
        let child = Command::new(binary("stepped"))
            .args([operation, ticket])
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        match waitpid(pid, None).unwrap() {
            WaitStatus::Stopped(_, Signal::SIGSTOP) => Some(Self { child, pid }),
            WaitStatus::Exited(_, NOT_ALLOWED) => None,
            other => panic!("{operation}: {other:?}"),
        }
    }

    /// Executes one instruction; whether the operation goes on.
    fn step(&mut self) -> bool {
        ptrace::step(self.pid, None).unwrap();
        match waitpid(self.pid, None).unwrap() {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => true,
            WaitStatus::Stopped(_, Signal::SIGSTOP) => false,
            other => panic!("after an instruction: {other:?}"),
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// After how many instructions to kill: wherever one has changed the shared memory, one before each of these, and here
/// and there in between. What else an instruction does is lost with its process.
fn fatal_steps(operation: &str, ticket: &str, memory: &File) -> Option<BTreeSet<usize>> {
    let mut stepped = Stepped::start(operation, ticket)?;
    let mut steps = BTreeSet::from([1]);
    let (mut before, mut now) = (Vec::new(), Vec::new());
    read(memory, &mut before);
    for step in 1.. {
        let goes_on = stepped.step();
        read(memory, &mut now);
        if now != before || step % 200 == 0 {
            steps.extend([step - 1, step]);
        }
        std::mem::swap(&mut before, &mut now);
        if !goes_on {
            steps.insert(step);
            break;
        }
    }
    stepped.kill();
    steps.remove(&0);
    Some(steps)
}

/// Reads what the operations here use: the words, the first rows behind them, and the data at the end.
fn read(memory: &File, bytes: &mut Vec<u8>) {
    const WORDS: usize = 4096 + 8 * 64;
    const DATA: usize = 512;
    let length = memory.metadata().unwrap().len();
    bytes.resize(WORDS + DATA, 0);
    let (words, data) = bytes.split_at_mut(WORDS);
    let _ = memory.read_at(words, 0).unwrap();
    let _ = memory
        .read_at(data, length.saturating_sub(DATA as u64))
        .unwrap();
}

/// A ticket as an argument of `stepped`.
fn encoded<P>(ticket: &Ticket<P>) -> String {
    let mut bytes = Vec::new();
    codec::encode_into(ticket, &mut bytes).unwrap();
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Kills at every instruction that matters, and checks after each death.
fn at_every_instruction<P>(operation: &str, ticket: &Ticket<P>, mut check: impl FnMut()) {
    let encoded = encoded(ticket);
    // Ticket(… at pid/descriptor)
    let shown = format!("{ticket:?}");
    let descriptor = shown.trim_end_matches(')').rsplit('/').next().unwrap();
    let memory = File::open(format!("/proc/self/fd/{descriptor}")).unwrap();
    let Some(steps) = fatal_steps(operation, &encoded, &memory) else {
        eprintln!("{operation} not stepped through: processes may not be traced here");
        return;
    };
    check();
    assert!(steps.len() > 3, "{operation} changes too little: {steps:?}");
    eprintln!("{operation}: killed after {steps:?} instructions");
    for step in steps {
        let mut stepped = Stepped::start(operation, &encoded).unwrap();
        for _ in 0..step {
            if !stepped.step() {
                break;
            }
        }
        stepped.kill();
        check();
    }
}

/// What guarded numbers were before, and must be now: the same, or each one more, unless it is said that they are not.
struct Ledger {
    marks: usize,
}

impl Ledger {
    fn check(&mut self, numbers: &mut [u64], is_marked: bool) {
        self.marks += usize::from(is_marked);
        let first = numbers[0];
        assert!(
            is_marked || numbers.iter().all(|number| *number == first),
            "spoilt without a mark: {numbers:?}"
        );
        numbers.fill(first);
    }
}

#[test]
fn a_mutex_is_given_on_and_marked_exactly_when_it_was_held() {
    within(100, || {
        let mutex = Mutex::new([0_u64; 4]).unwrap();
        let mut ledger = Ledger { marks: 0 };
        at_every_instruction("mutex", &mutex.ticket(), || {
            let (mut guard, is_marked) = match mutex.lock_timeout(SOON) {
                Ok(guard) => (guard, false),
                Err(LockError::HolderDied(guard)) => (guard, true),
                Err(error) => panic!("{error}"),
            };
            ledger.check(&mut guard[..], is_marked);
            guard.mend();
        });
        let last = *mutex.lock().unwrap();
        assert!(last[0] == 0 || ledger.marks > 5, "{} marks", ledger.marks);
    });
}

#[test]
fn who_is_stopped_with_a_lock_lives_and_keeps_it() {
    within(60, || {
        let mutex = Mutex::new([0_u64; 4]).unwrap();
        let Some(mut stopped) = Stepped::start("mutex", &encoded(&mutex.ticket())) else {
            eprintln!("not stepped through: processes may not be traced here");
            return;
        };
        while !mutex.is_locked() {
            assert!(stopped.step(), "it has never had the lock");
        }
        let waited = mutex.lock_timeout(Duration::from_millis(300));
        assert!(matches!(waited, Err(LockError::Busy)), "{waited:?}");
        assert!(mutex.try_lock().is_err());
        while stopped.step() {}
        drop(mutex.lock_timeout(SOON).unwrap());
        stopped.kill();
    });
}

#[test]
fn dead_readers_are_forgotten() {
    within(100, || {
        let lock = RwLock::new([0_u64; 4]).unwrap();
        at_every_instruction("read", &lock.ticket(), || {
            lock.write_timeout(SOON).unwrap()[0] += 1;
            drop(lock.read_timeout(SOON).unwrap());
        });
    });
}

#[test]
fn dead_writers_leave_a_mark_if_they_have_changed_anything() {
    within(100, || {
        let lock = RwLock::new([0_u64; 4]).unwrap();
        let mut ledger = Ledger { marks: 0 };
        at_every_instruction("write", &lock.ticket(), || {
            let (mut guard, is_marked) = match lock.write_timeout(SOON) {
                Ok(guard) => (guard, false),
                Err(LockError::HolderDied(guard)) => (guard, true),
                Err(error) => panic!("{error}"),
            };
            ledger.check(&mut guard[..], is_marked);
            guard.mend();
        });
    });
}

#[test]
fn permits_are_all_there_after_each_death() {
    within(100, || {
        let semaphore = Semaphore::new(1).unwrap();
        at_every_instruction("semaphore", &semaphore.ticket(), || {
            drop(semaphore.acquire_timeout(SOON).unwrap());
            assert_eq!(semaphore.available(), 1);
            assert_eq!(semaphore.try_acquire().map(drop), Ok(()));
        });
    });
}

#[test]
fn a_permit_that_is_used_up_and_made_again_is_there_or_not_and_never_twice() {
    within(100, || {
        let semaphore = Semaphore::new(1).unwrap();
        at_every_instruction("signal", &semaphore.ticket(), || {
            let permit = semaphore.acquire_timeout(Duration::from_millis(1));
            assert!(semaphore.try_acquire().is_err(), "two of one");
            if permit.is_err() {
                // Used up, and its maker dead before there was a new one.
                semaphore.release(1).unwrap();
            }
            drop(permit);
            assert_eq!(semaphore.available(), 1);
        });
    });
}

#[test]
fn named_permits_are_all_there_after_each_death() {
    within(100, || {
        let semaphore = BoundedSemaphore::new(1).unwrap();
        at_every_instruction("bounded", &semaphore.ticket(), || {
            drop(semaphore.acquire_timeout(SOON).unwrap());
            assert_eq!(semaphore.available(), 1);
        });
    });
}

#[test]
fn an_item_of_a_list_is_the_old_one_or_the_new_one() {
    within(100, || {
        let old = Item::from("o".repeat(20));
        let list = SharedList::new([old.clone()]).unwrap();
        let new = Item::from("1".repeat(20));
        at_every_instruction("list", &list.ticket(), || {
            let item = list.get(0).unwrap();
            assert!(item == old || item == new, "{item:?}");
            list.set(0, old.clone()).unwrap();
            assert_eq!(list.get(0), Some(old.clone()));
        });
    });
}

#[test]
fn a_number_is_the_old_one_or_the_new_one() {
    within(100, || {
        let value = Value::new(0.0_f64).unwrap();
        at_every_instruction("value", &value.ticket(), || {
            let number = value.swap(0.0).to_bits();
            assert!([0.0_f64.to_bits(), 1.0_f64.to_bits()].contains(&number));
        });
    });
}

#[test]
fn an_event_has_happened_or_not_and_can_still_be_set() {
    within(100, || {
        let event = Event::new().unwrap();
        at_every_instruction("event", &event.ticket(), || {
            event.set();
            assert!(event.wait_timeout(SOON));
            event.clear();
        });
    });
}

#[test]
fn a_barrier_is_whole_after_a_reset_whoever_died_at_it() {
    within(100, || {
        let barrier = Barrier::new(1).unwrap();
        at_every_instruction("barrier", &barrier.ticket(), || {
            // The dead party's place is free as soon as it is found dead, and the barrier broken.
            let mut party = barrier.party().unwrap();
            assert_eq!(party.wait_timeout(SOON), Err(SyncError::Broken));
            barrier.reset();
            assert_eq!(party.wait_timeout(SOON), Ok(0));
        });
    });
}
