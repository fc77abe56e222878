//! One type for all transports, so that a session is the same over TCP, TLS and an in-memory pipe.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Address of the client. Over a pipe: of the person's browser, as the trusted hop tells it.
    pub client: SocketAddr,
    /// Our address.
    pub local: SocketAddr,
    /// Whether this is a pipe from a role in this process, which may present tickets.
    pub trusted: bool,
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// In-memory pipe.
    Pipe(DuplexStream),
}

impl Stream {
    /// Whether what is sent cannot be read on the way: TLS or a pipe.
    pub fn is_secure(&self) -> bool {
        !matches!(self, Self::Tcp(_))
    }

    /// Version and cipher suite for the Received header, for example `TLS1.3 with TLS13_AES_256_GCM_SHA384`.
    pub fn tls_description(&self) -> Option<String> {
        let Self::Tls(stream) = self else { return None };
        let (_, connection) = stream.get_ref();
        let version = format!("{:?}", connection.protocol_version()?).replace('v', "").replace('_', ".");
        Some(format!("{version} with {:?}", connection.negotiated_cipher_suite()?.suite()))
    }
}

impl Stream {
    /// Upgrades plain TCP to TLS, with a deadline. The caller has made sure that nothing it read ahead is left
    /// ([`crate::line::LineReader::forget`]).
    ///
    /// # Errors
    /// `InvalidInput` unless this is plain TCP, `TimedOut`, and those of the handshake.
    pub async fn starttls(self, config: Arc<rustls::ServerConfig>) -> std::io::Result<Self> {
        let Self::Tcp(stream) = self else {
            return Err(std::io::Error::new(ErrorKind::InvalidInput, "TLS begins on plain TCP only"));
        };
        let handshake = TlsAcceptor::from(config).accept(stream);
        match tokio::time::timeout(config::Limits::TLS_HANDSHAKE_TIMEOUT, handshake).await {
            Ok(done) => Ok(Self::Tls(Box::new(done?))),
            Err(_) => Err(std::io::Error::new(ErrorKind::TimedOut, "no TLS handshake in time")),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_read(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_read(cx, buf),
            Self::Pipe(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_write(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_write(cx, buf),
            Self::Pipe(s) => Pin::new(s).poll_write(cx, buf),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s).poll_flush(cx),
            Self::Pipe(s) => Pin::new(s).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s).poll_shutdown(cx),
            Self::Pipe(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
