//! Sends records to a log server, as Python's `SocketHandler` does: each by itself, when it is made.

use std::{
    io::{self, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    process,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use brigade_protocol::jobs::logs::fingerprint;

use super::record::{Record, pickle};

/// How long the server may take to answer, or to read anything.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to a log server, and what went over it.
#[derive(Debug)]
pub(super) struct SocketHandler {
    stream: TcpStream,
    began: Instant,
    buffer: Vec<u8>,
    records: u64,
    bytes: u64,
    fingerprint: u64,
}

impl SocketHandler {
    pub(super) fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            began: Instant::now(),
            buffer: Vec::new(),
            records: 0,
            bytes: 0,
            fingerprint: 0,
        })
    }

    /// How many records were sent.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// Sends a record.
    pub(super) fn info(&mut self, logger: &str, function: &str, message: &str) -> io::Result<()> {
        const HEADER: usize = 4;
        let created = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let record = Record {
            logger,
            message,
            function,
            created: created.as_secs_f64(),
            relative_ms: self.began.elapsed().as_secs_f64() * 1e3,
            process: process::id(),
            thread: rustix::thread::gettid()
                .as_raw_nonzero()
                .get()
                .unsigned_abs()
                .into(),
        };
        self.buffer.clear();
        self.buffer.resize(HEADER, 0);
        pickle(&record, &mut self.buffer);
        let length = u32::try_from(self.buffer.len() - HEADER).map_err(io::Error::other)?;
        self.buffer[..HEADER].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&self.buffer)?;
        self.records += 1;
        self.bytes += self.buffer.len() as u64;
        self.fingerprint = self.fingerprint.wrapping_add(fingerprint(logger, message));
        Ok(())
    }

    /// Ends the stream; returns how many records and bytes it had, and the sum of their fingerprints.
    pub(super) fn close(self) -> io::Result<(u64, u64, u64)> {
        self.stream.shutdown(Shutdown::Write)?;
        Ok((self.records, self.bytes, self.fingerprint))
    }
}
