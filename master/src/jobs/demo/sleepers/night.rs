//! Tasks that sleep and tell of it. Nothing is printed here.

use std::{
    io,
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use tokio::{runtime, task::JoinSet, time::sleep};

/// What a sleeper does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Sleeps { number: u32, time: Duration },
    Awakens { number: u32, time: Duration },
}

/// Lets `count` tasks sleep, each for a time from nothing up to `longest`, all on one thread. What they do comes in the
/// order in which it happens, and ends when all are awake.
///
/// # Errors
/// When the system has no thread, or nothing to wait with.
pub(crate) fn fall(count: u32, longest: Duration, seed: u64) -> io::Result<Receiver<Event>> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let (tell, news) = mpsc::channel();
    thread::Builder::new()
        .name("sleepers".into())
        .spawn(move || runtime.block_on(sleepers(count, longest, seed, &tell)))?;
    Ok(news)
}

async fn sleepers(count: u32, longest: Duration, seed: u64, tell: &Sender<Event>) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let time = longest.mul_f64(random.f64());
        tasks.spawn(random_sleep(number, time, tell.clone()));
    }
    while tasks.join_next().await.is_some() {}
}

async fn random_sleep(number: u32, time: Duration, tell: Sender<Event>) {
    // Nobody may listen any more.
    let _ = tell.send(Event::Sleeps { number, time });
    sleep(time).await;
    let _ = tell.send(Event::Awakens { number, time });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fall_asleep_in_order_and_wake_by_their_times() {
        let longest = Duration::from_millis(200);
        let events: Vec<Event> = fall(40, longest, 7).unwrap().iter().collect();
        let (mut slept, mut woken) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::Sleeps { number, time } => slept.push((number, time)),
                Event::Awakens { number, time } => woken.push((number, time)),
            }
        }
        assert!((0..40).eq(slept.iter().map(|(number, _)| *number)));
        assert!(slept.iter().all(|(_, time)| *time < longest));
        // The clock of these timers ticks in milliseconds.
        let tick = Duration::from_millis(2);
        assert!(woken.is_sorted_by(|a, b| a.1 <= b.1 + tick), "{woken:?}");
        woken.sort_unstable();
        assert_eq!(woken, slept);
        let again: Vec<Event> = fall(40, longest, 7).unwrap().iter().take(40).collect();
        let times = slept
            .iter()
            .map(|&(number, time)| Event::Sleeps { number, time });
        assert!(times.eq(again));
    }
}
