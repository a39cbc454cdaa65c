//! What hosts say becomes outcomes, once each.

use std::time::Instant;

use serde_bytes::ByteBuf;

use super::{
    super::super::{
        failure::Failure,
        wire::{Body, Item, Print, Report},
    },
    State,
};
use crate::pool::internals::{Output, Payload, Wakes};

impl State {
    /// Takes what a host says of a chunk. What is known already is dropped.
    pub(in super::super) fn report(&mut self, report: Report, wakes: &mut Wakes) {
        let is_ours = report.master == self.master;
        let (chunk, attempt, host) = (report.chunk, report.attempt, report.host);
        match report.body {
            Body::Items(items) => {
                if is_ours {
                    self.learn(chunk, report.cost_ns);
                }
                for Item {
                    index,
                    print,
                    outcome,
                } in items
                {
                    let outcome = outcome.map(ByteBuf::into_vec);
                    self.outcome(
                        is_ours.then_some((chunk, index as usize)),
                        print,
                        outcome,
                        wakes,
                    );
                }
            }
            Body::Piece {
                index,
                print,
                piece,
                pieces,
                bytes,
            } => {
                if is_ours && !self.chunks.contains_key(&chunk) {
                    return;
                }
                let key = (chunk, attempt, host, index);
                let limit = self.result_limit_bytes;
                let whole = self
                    .pieces
                    .take(&key, (piece, pieces), bytes.into_vec(), limit);
                if let Some(whole) = whole {
                    self.outcome(
                        is_ours.then_some((chunk, index as usize)),
                        print,
                        Ok(whole),
                        wakes,
                    );
                }
            }
        }
    }

    fn learn(&mut self, chunk: u64, cost_ns: u64) {
        let kind = self.chunks.get(&chunk).map(|sent| sent.kind);
        if let Some(kind) = kind.and_then(|kind| self.kinds.get_mut(kind))
            && cost_ns > 0
        {
            let cost_ns = cost_ns as f64;
            kind.cost_ns = Some(
                kind.cost_ns
                    .map_or(cost_ns, |old| (old * 3.0 + cost_ns) / 4.0),
            );
        }
    }

    /// The outcome of a task at a place of ours, or one that an earlier master has sent.
    fn outcome(
        &mut self,
        place: Option<(u64, usize)>,
        print: Print,
        outcome: Result<Vec<u8>, Failure>,
        wakes: &mut Wakes,
    ) {
        let Some((chunk, index)) = place.or_else(|| self.places.get(&print).copied()) else {
            if let Ok(output) = outcome {
                self.known.insert(print, output);
            }
            return;
        };
        let Some(sent) = self.chunks.get_mut(&chunk) else {
            return;
        };
        let kind = sent.kind;
        let Some((_, sink)) = sent.sinks.get_mut(index).and_then(Option::take) else {
            return;
        };
        sent.left -= 1;
        if sent.left == 0 {
            self.chunks.remove(&chunk);
            self.pieces.forget(chunk);
        }
        let outcome = match outcome {
            Ok(output) => Ok(Output::Bytes(Payload::from_vec(output))),
            Err(failure) => Err(Box::new(failure.into_error(self.kind_name(kind)))),
        };
        self.stats.finished += 1;
        self.last_news = Instant::now();
        sink.deliver(outcome, wakes);
    }
}
