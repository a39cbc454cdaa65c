//! A client's stream: plain, or TLS.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// What records are read from.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Waits until there may be something to read, without a buffer for it. What TLS has taken from the socket
    /// already does not wake anybody, so everything must have been read before.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.readable().await,
            Self::Tls(stream) => stream.get_ref().0.readable().await,
        }
    }

    /// Reads what is there into `buffer`, or nothing; does not wait. `None` if nothing is there.
    pub(super) fn read_now(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Option<io::Result<usize>> {
        let before = buffer.filled().len();
        let poll = match self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        };
        match poll {
            Poll::Pending => None,
            Poll::Ready(result) => Some(result.map(|()| buffer.filled().len() - before)),
        }
    }
}
