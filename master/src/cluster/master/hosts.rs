//! Which hosts there are, as they say themselves.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::super::{names::JobName, wire::HostBeat, wire::decode_greeted};
use crate::pool::Event;

/// A host that has said nothing for so long is not counted on.
const SILENCE: Duration = Duration::from_secs(10);

/// The most hosts that are listened to.
const MOST: usize = 100_000;

#[derive(Debug)]
enum Seen {
    Joined(HostBeat),
    Refused,
}

/// The hosts of a job.
#[derive(Debug)]
pub(super) struct Hosts {
    job: String,
    seen: HashMap<String, (Seen, Instant)>,
}

impl Hosts {
    pub(super) fn new(job: &JobName) -> Self {
        Self {
            job: job.to_string(),
            seen: HashMap::new(),
        }
    }

    /// A host has said something of itself.
    pub(super) fn take(&mut self, id: &str, bytes: &[u8], now: Instant) -> Option<Event> {
        let known = self
            .seen
            .get(id)
            .map(|(seen, _)| matches!(seen, Seen::Joined(_)));
        if known.is_none() && self.seen.len() >= MOST {
            return None;
        }
        let refused = |reason: String| Event::HostRefused {
            host: id.to_owned(),
            reason,
        };
        let (seen, event) = match decode_greeted::<HostBeat>(bytes) {
            Err(mismatch) => (Seen::Refused, Some(refused(mismatch.to_string()))),
            Ok(beat) if beat.is_leaving => {
                self.seen.remove(id);
                let host = id.to_owned();
                return (known == Some(true)).then_some(Event::HostLost { host });
            }
            Ok(beat) => {
                if let Some((_, reason)) = beat.refused.iter().find(|(job, _)| *job == self.job) {
                    (Seen::Refused, Some(refused(reason.clone())))
                } else {
                    let joined = Event::HostJoined {
                        host: id.to_owned(),
                        slots: beat.slots as usize,
                    };
                    (Seen::Joined(beat), Some(joined))
                }
            }
        };
        let is_joined = matches!(seen, Seen::Joined(_));
        self.seen.insert(id.to_owned(), (seen, now));
        event.filter(|_| known != Some(is_joined))
    }

    /// Forgets the hosts that have been silent for too long.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Event> {
        let is_silent = |_: &String, (_, at): &mut (Seen, Instant)| {
            now.saturating_duration_since(*at) > SILENCE
        };
        let silent = self.seen.extract_if(is_silent);
        silent
            .filter(|(_, (seen, _))| matches!(seen, Seen::Joined(_)))
            .map(|(host, _)| Event::HostLost { host })
            .collect()
    }

    fn joined(&self) -> impl Iterator<Item = &HostBeat> {
        self.seen.values().filter_map(|(seen, _)| match seen {
            Seen::Joined(beat) => Some(beat),
            Seen::Refused => None,
        })
    }

    /// Workers of all hosts that take more.
    pub(super) fn slots(&self) -> usize {
        let ready = self.joined().filter(|beat| !beat.is_draining);
        ready.map(|beat| beat.slots.min(1 << 16) as usize).sum()
    }

    /// Whether there is nobody who takes tasks.
    pub(super) fn is_empty(&self) -> bool {
        self.joined().next().is_none()
    }

    /// Whether a host works on something of this job.
    pub(super) fn has_in_hand(&self) -> bool {
        self.joined()
            .flat_map(|beat| &beat.in_hand)
            .any(|(job, ..)| *job == self.job)
    }

    /// What keeps a host from giving its results.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.joined().find_map(|beat| beat.trouble.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::wire::{encode, encode_greeted, hello};

    fn beat() -> HostBeat {
        HostBeat {
            name: "one".into(),
            pid: 1,
            slots: 3,
            allows_run: false,
            is_draining: false,
            is_leaving: false,
            done: 0,
            in_hand: Vec::new(),
            refused: Vec::new(),
            trouble: None,
        }
    }

    fn hosts() -> Hosts {
        Hosts::new(&"job-1".parse().unwrap())
    }

    #[test]
    fn a_host_joins_once_and_is_lost_when_it_is_silent() {
        let (mut hosts, now) = (hosts(), Instant::now());
        let bytes = encode_greeted(&beat());
        assert!(matches!(
            hosts.take("a", &bytes, now),
            Some(Event::HostJoined { slots: 3, .. })
        ));
        assert_eq!(hosts.take("a", &bytes, now + SILENCE / 2), None);
        assert_eq!(hosts.slots(), 3);
        assert!(hosts.sweep(now + SILENCE).is_empty());
        let lost = hosts.sweep(now + 2 * SILENCE);
        assert!(matches!(&lost[..], [Event::HostLost { host }] if host == "a"));
        assert!(hosts.is_empty());
    }

    #[test]
    fn a_host_of_another_build_or_that_refuses_the_job_does_not_count() {
        let (mut hosts, now) = (hosts(), Instant::now());
        let mut other = hello();
        other.build = "feedface".into();
        let event = hosts.take("a", &encode(&other), now);
        assert!(
            matches!(event, Some(Event::HostRefused { reason, .. }) if reason.contains("feedface"))
        );
        assert_eq!(hosts.take("a", &encode(&other), now), None, "told once");
        let mut unwilling = beat();
        unwilling.refused.push(("job-1".into(), "no".into()));
        let event = hosts.take("b", &encode_greeted(&unwilling), now);
        assert!(matches!(event, Some(Event::HostRefused { .. })));
        assert!(hosts.is_empty());
        assert_eq!(hosts.slots(), 0);
    }
}
