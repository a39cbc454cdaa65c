//! Listening on an address, for the servers here: `web` and `logs`.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use tokio::net::{TcpListener, TcpSocket};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[error(
        "cannot listen on {0}: another program does; end it (ss -ltnp shows which), or choose another port with --listen"
    )]
    Taken(SocketAddr),
    #[error("cannot listen on {address}: {cause}; choose an address of this machine with --listen")]
    Refused {
        address: SocketAddr,
        cause: io::Error,
    },
}

/// An address and a port, as an option says it; a name stands for its first address. Programs that are given a name try
/// every address of it: of `localhost`, the first of the older kind is the one they all come to.
///
/// # Errors
/// What was expected, with this port as an example.
pub(crate) fn address(text: &str, port: u16) -> Result<SocketAddr, String> {
    match text.to_socket_addrs() {
        Ok(addresses) => addresses
            .min_by_key(SocketAddr::is_ipv6)
            .ok_or_else(|| format!("`{text}` has no address")),
        Err(error) => Err(format!(
            "expected an address and a port such as 127.0.0.1:{port} or [::1]:{port}: {error}"
        )),
    }
}

/// Listens; so many connections wait in the kernel until they are accepted. To be called inside a runtime.
///
/// # Errors
/// [`ListenError`], naming the address.
pub(crate) fn listen(address: SocketAddr, backlog: u32) -> Result<TcpListener, ListenError> {
    let listening = || -> io::Result<TcpListener> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        socket.set_reuseaddr(true)?;
        // Accepted connections inherit it: hosts that have vanished are noticed.
        socket.set_keepalive(true)?;
        socket.bind(address)?;
        socket.listen(backlog)
    };
    listening().map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken(address),
        _ => ListenError::Refused { address, cause },
    })
}
