//! Where records are read: memory that all connections of a thread share, so that a client who sends nothing
//! costs none.

use std::{
    cell::RefCell,
    io,
    task::{Context, Poll},
};

use tokio::io::ReadBuf;

use super::{
    batch::Batch,
    connection::Pending,
    event::Refusal,
    intake::{Intake, Taken},
    server::Shared,
    stream::Stream,
};

/// How much is read at a time.
pub(super) const INPUT: usize = 256 << 10;

/// Records of more than this are read into memory of their own, for which there is a limit of all together.
pub(super) const LARGE: usize = 64 << 10;

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk::default());
}

#[derive(Default)]
struct Desk {
    input: Vec<u8>,
    intake: Intake,
}

/// What came of reading once.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) batch: Batch,
    pub(super) taken: Taken,
    /// How many bytes came.
    pub(super) bytes: usize,
    /// The client has closed its side, or the connection broke.
    pub(super) ended: Option<io::Result<()>>,
    /// There may be more that nobody would be told of.
    pub(super) is_full: bool,
}

/// Reads what is there, does not wait for more, and makes lines of all records that are whole.
pub(super) fn read(
    stream: &mut Stream,
    pending: &mut Pending,
    shared: &Shared,
    context: &mut Context<'_>,
) -> Poll<Read> {
    let read = DESK.with_borrow_mut(|desk| {
        if pending.needs > LARGE {
            desk.read_large(stream, pending, shared, context)
        } else {
            desk.read_small(stream, pending, shared, context)
        }
    });
    Poll::Ready(read)
}

impl Desk {
    /// Reads into the common input, behind what the client has sent before.
    fn read_small(
        &mut self,
        stream: &mut Stream,
        pending: &mut Pending,
        shared: &Shared,
        context: &mut Context<'_>,
    ) -> Read {
        let mut read = Read::default();
        self.input.resize(INPUT, 0);
        let have = pending.bytes.len();
        self.input[..have].copy_from_slice(&pending.bytes);
        let mut buffer = ReadBuf::new(&mut self.input);
        buffer.set_filled(have);
        read.fill(stream, &mut buffer, context);
        let filled = buffer.filled().len();
        if read.bytes == 0 {
            return read;
        }
        let bytes = &self.input[..filled];
        read.batch = shared.spares.take();
        read.taken = self.intake.take(
            bytes,
            &shared.form,
            &shared.limits,
            shared.skips,
            &mut read.batch,
        );
        pending.keep(&bytes[read.taken.bytes..], read.taken.needs);
        read
    }

    /// Reads the rest of one large record, whose memory grows as its bytes come.
    fn read_large(
        &mut self,
        stream: &mut Stream,
        pending: &mut Pending,
        shared: &Shared,
        context: &mut Context<'_>,
    ) -> Read {
        let mut read = Read::default();
        let have = pending.bytes.len();
        let more = (pending.needs - have).min(INPUT);
        if pending.bytes.capacity() < have + more {
            // As much again as has come, so that who only announces much takes little.
            let whole = pending.needs.min(2 * have.max(INPUT));
            pending.bytes.reserve_exact(whole - have);
        }
        pending.bytes.resize(have + more, 0);
        let mut buffer = ReadBuf::new(&mut pending.bytes);
        buffer.set_filled(have);
        read.fill(stream, &mut buffer, context);
        let filled = buffer.filled().len();
        pending.bytes.truncate(filled);
        if pending.bytes.len() < pending.needs {
            read.taken.needs = pending.needs;
            return read;
        }
        read.batch = shared.spares.take();
        let Self { intake, .. } = self;
        // It may take a while: the other connections of this thread go on elsewhere.
        read.taken = tokio::task::block_in_place(|| {
            intake.take(
                &pending.bytes,
                &shared.form,
                &shared.limits,
                shared.skips,
                &mut read.batch,
            )
        });
        pending.keep(&[], read.taken.needs);
        read
    }
}

impl Read {
    /// Reads until nothing is there, or the buffer is full.
    fn fill(&mut self, stream: &mut Stream, buffer: &mut ReadBuf<'_>, context: &mut Context<'_>) {
        while buffer.remaining() > 0 {
            match stream.read_now(context, buffer) {
                None => return,
                Some(Ok(0)) => {
                    self.ended = Some(Ok(()));
                    return;
                }
                Some(Ok(count)) => self.bytes += count,
                // An end without a farewell; whether a record was whole is seen without it.
                Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.ended = Some(Ok(()));
                    return;
                }
                Some(Err(error)) => {
                    self.ended = Some(Err(error));
                    return;
                }
            }
        }
        self.is_full = true;
    }
}

impl Pending {
    fn keep(&mut self, bytes: &[u8], needs: usize) {
        if bytes.is_empty() {
            // Idle clients are to cost nothing.
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
            self.bytes.extend_from_slice(bytes);
        }
        self.needs = needs;
    }
}

impl Taken {
    /// Why the stream ends here, if it does.
    pub(super) fn take_end(&mut self) -> Option<Refusal> {
        self.end.take()
    }
}
