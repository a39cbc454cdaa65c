//! The same done to several parts, on several threads of this process.

use std::{
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread,
};

/// Does the work on each part, a thread for each as far as the system has threads, and returns what came of them in
/// the order of the parts. Where it has none left, this thread does all, one after the other.
///
/// ```
/// use brigade_protocol::side_by_side;
///
/// assert_eq!(side_by_side(vec![1, 2, 3], |number| number * number), [1, 4, 9]);
/// ```
///
/// # Panics
/// When `work` does.
pub fn side_by_side<P: Send, R: Send>(parts: Vec<P>, work: impl Fn(P) -> R + Sync) -> Vec<R> {
    let others = parts.len().saturating_sub(1);
    let left = Mutex::new(parts.into_iter().enumerate());
    let work_off = || {
        let mut done = Vec::new();
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, part)) = next else {
                return done;
            };
            done.push((at, work(part)));
        }
    };
    let mut done = thread::scope(|scope| {
        let start = |_| {
            let thread = thread::Builder::new().spawn_scoped(scope, work_off);
            thread.ok()
        };
        let helpers: Vec<_> = (0..others).map_while(start).collect();
        let mut done = work_off();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|cause| resume_unwind(cause)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_parts_whoever_was_first() {
        let slow_first = |number: u64| {
            thread::sleep(std::time::Duration::from_millis(
                20_u64.saturating_sub(number),
            ));
            number + 1
        };
        assert_eq!(
            side_by_side((0..20).collect(), slow_first),
            (1..21).collect::<Vec<_>>()
        );
        assert_eq!(side_by_side(Vec::new(), slow_first), []);
    }
}
