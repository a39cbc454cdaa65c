//! Sends whole lines to the master as they come.

use brigade_protocol::{
    jobs::run::{Piece, Said},
    queue::{Producer, ProducerTicket, QueueError},
};
use serde_bytes::ByteBuf;

/// A line that does not end is sent in pieces of this size.
const LONGEST_LINE: usize = 1 << 20;

/// Which of its two streams a command has written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Error,
}

/// The worker's end of the queue, opened when it is first needed.
#[derive(Default)]
pub(super) struct Lines {
    open: Option<(ProducerTicket<Piece>, Producer<Piece>)>,
}

impl Lines {
    fn put(&mut self, ticket: &ProducerTicket<Piece>, piece: &Piece) -> Result<(), QueueError> {
        let producer = match &mut self.open {
            Some((of, producer)) if of == ticket => producer,
            open => &mut open.insert((*ticket, ticket.open()?)).1,
        };
        producer.put(piece)
    }

    /// Sends the whole lines of `waiting`, or all that is there when no more can come.
    pub(super) fn send(
        &mut self,
        (ticket, job): (&ProducerTicket<Piece>, u64),
        stream: Stream,
        waiting: &mut Vec<u8>,
        is_last: bool,
    ) -> Result<(), QueueError> {
        let is_all = is_last || waiting.len() >= LONGEST_LINE;
        let whole = match waiting.iter().rposition(|byte| *byte == b'\n') {
            _ if is_all => waiting.len(),
            Some(end) => end + 1,
            None => return Ok(()),
        };
        if whole == 0 {
            return Ok(());
        }
        let rest = waiting.split_off(whole);
        let bytes = ByteBuf::from(std::mem::replace(waiting, rest));
        let said = match stream {
            Stream::Out => Said::Out(bytes),
            Stream::Error => Said::Error(bytes),
        };
        self.put(ticket, &Piece { job, said })
    }

    /// Tells that a command will send no more.
    pub(super) fn end(
        &mut self,
        ticket: &ProducerTicket<Piece>,
        job: u64,
    ) -> Result<(), QueueError> {
        self.put(
            ticket,
            &Piece {
                job,
                said: Said::End,
            },
        )
    }
}
