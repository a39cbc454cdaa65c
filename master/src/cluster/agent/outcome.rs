//! From outcomes of a local pool to messages that fit the server.

use serde_bytes::ByteBuf;

use super::super::{
    failure::Failure,
    wire::{Body, Chunk, Item, Print, Report, encode},
};

/// What an item takes in a message beside its output.
const ITEM_BYTES: usize = 64;

/// What became of one task.
pub(super) type Outcome = Result<Vec<u8>, Failure>;

/// The messages that say what became of a chunk.
pub(super) fn messages(
    host: &str,
    chunk: &Chunk,
    cost_ns: u64,
    outcomes: Vec<(Print, Outcome)>,
    max_bytes: usize,
) -> Vec<Vec<u8>> {
    let report = |body| {
        encode(&Report {
            master: chunk.master,
            chunk: chunk.chunk,
            attempt: chunk.attempt,
            host: host.to_owned(),
            cost_ns,
            body,
        })
    };
    let mut messages = Vec::new();
    let (mut items, mut bytes) = (Vec::new(), 0);
    for (index, (print, outcome)) in (0..).zip(outcomes) {
        let outcome = match outcome {
            Ok(output) if output.len() + ITEM_BYTES > max_bytes => {
                messages.extend(pieces(index, print, &output, max_bytes).map(&report));
                continue;
            }
            Ok(output) => Ok(ByteBuf::from(output)),
            Err(failure) => Err(failure),
        };
        let size = ITEM_BYTES
            + outcome
                .as_ref()
                .map_or_else(|failure| encode(failure).len(), |output| output.len());
        if bytes + size > max_bytes && !items.is_empty() {
            messages.push(report(Body::Items(std::mem::take(&mut items))));
            bytes = 0;
        }
        bytes += size;
        items.push(Item {
            index,
            print,
            outcome,
        });
    }
    if !items.is_empty() {
        messages.push(report(Body::Items(items)));
    }
    messages
}

/// An output that is larger than a message.
fn pieces(index: u32, print: Print, output: &[u8], max_bytes: usize) -> impl Iterator<Item = Body> {
    let parts = output.chunks(max_bytes.saturating_sub(ITEM_BYTES).max(1));
    let pieces = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    (0..).zip(parts).map(move |(piece, part)| Body::Piece {
        index,
        print,
        piece,
        pieces,
        bytes: ByteBuf::from(part),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::wire::decode;

    #[test]
    fn every_output_arrives_whatever_its_size() {
        let chunk = Chunk {
            master: 1,
            chunk: 2,
            attempt: 3,
            kind: "x".into(),
            retries: 0,
            timeout: None,
            cost_ns: 0,
            inputs: ByteBuf::new(),
        };
        let sizes = [0, 10, 900, 1000, 5000, 3];
        let outcomes = sizes.map(|size| ([7; 16], Ok(vec![7; size])));
        let messages = messages("host", &chunk, 9, outcomes.into(), 1000);
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        for message in &messages {
            assert!(message.len() < 1100);
            match decode::<Report>(message).unwrap().body {
                Body::Items(items) => {
                    whole.extend(items.into_iter().map(|item| item.outcome.unwrap().len()));
                }
                Body::Piece { index, bytes, .. } => parts.push((index, bytes.len())),
            }
        }
        assert_eq!(whole, [0, 10, 900, 3]);
        let size_of = |index| {
            parts
                .iter()
                .filter(|(i, _)| *i == index)
                .map(|(_, size)| size)
                .sum::<usize>()
        };
        assert_eq!((size_of(3), size_of(4)), (1000, 5000));
    }
}
