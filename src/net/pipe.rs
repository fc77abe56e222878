//! Listeners without a socket: how webmail reaches IMAP and submission when both run in this process.

use crate::{Peer, Stream};
use std::net::SocketAddr;
use tokio::{io::DuplexStream, sync::mpsc};

/// Bytes in flight in each direction.
const PIPE_BYTES: usize = 64 * 1024;

/// Opens connections to the [`Acceptor`] it was made with.
#[derive(Debug, Clone)]
pub struct Connector {
    sender: mpsc::Sender<(Stream, Peer)>,
    local: SocketAddr,
}

/// Takes the connections that its [`Connector`]s open.
#[derive(Debug)]
pub struct Acceptor {
    receiver: mpsc::Receiver<(Stream, Peer)>,
}

/// A pipe listener. `local` is what sessions see as our address.
pub fn listen(local: SocketAddr) -> (Connector, Acceptor) {
    let (sender, receiver) = mpsc::channel(64);
    (Connector { sender, local }, Acceptor { receiver })
}

impl Connector {
    /// Opens a connection on behalf of the person at `client`.
    ///
    /// # Errors
    /// `NotConnected` when the service is gone.
    pub async fn connect(&self, client: SocketAddr) -> std::io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(PIPE_BYTES);
        let peer = Peer { client, local: self.local, trusted: true };
        match self.sender.send((Stream::Pipe(far), peer)).await {
            Ok(()) => Ok(near),
            Err(_) => Err(std::io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Acceptor {
    /// The next connection; `None` when every [`Connector`] is gone.
    pub async fn accept(&mut self) -> Option<(Stream, Peer)> {
        self.receiver.recv().await
    }
}
