//! Connecting, EHLO, STARTTLS and AUTH.

use super::{Error, Stage, Timeouts, Tls};
use crate::proto::response::{Capabilities, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use rustls::pki_types::ServerName;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

/// How TLS is used with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsPolicy {
    /// STARTTLS when offered, with any certificate; in the clear when it fails.
    Opportunistic,
    /// STARTTLS with a certificate that the system trusts, or nothing.
    Required,
    /// TLS from the first byte, with a certificate that the system trusts.
    Implicit,
    /// None at all: only for servers on this host.
    None,
}

/// A name and password for a smarthost.
#[derive(Clone)]
pub struct Credentials {
    /// Sign-in name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// The next server.
#[derive(Debug, Clone)]
pub struct Hop {
    /// Its name, for TLS and for people.
    pub host: String,
    /// Its address.
    pub address: SocketAddr,
    /// How TLS is used.
    pub tls: TlsPolicy,
    /// How to sign in. Taken over TLS, or by a server on this host, only.
    pub credentials: Option<Credentials>,
    /// The address of ours that the connection comes from; `None` leaves it to the system.
    pub source: Option<IpAddr>,
}

async fn connect(hop: &Hop) -> io::Result<TcpStream> {
    let Some(source) = hop.source else { return TcpStream::connect(hop.address).await };
    let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(hop.address).await
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open conversation, past EHLO and sign-in.
pub struct Connection {
    stream: Pin<Box<dyn Duplex>>,
    input: BytesMut,
    /// What the server offers.
    pub capabilities: Capabilities,
    /// Whether TLS is in use.
    pub secure: bool,
    /// Whether the server's certificate was checked.
    pub verified: bool,
    pub(super) timeouts: Timeouts,
    /// Transactions so far.
    pub(super) transactions: usize,
}

impl Connection {
    /// Connects, says EHLO as `hostname`, begins TLS and signs in as the hop says. When opportunistic TLS fails, connects
    /// once more without.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open(hop: &Hop, hostname: &str, tls: &Tls, timeouts: Timeouts) -> Result<Self, Error> {
        match Self::open_with(hop, hop.tls, hostname, tls, timeouts).await {
            Err(Error::Tls(reason)) if hop.tls == TlsPolicy::Opportunistic => {
                tracing::info!(host = hop.host, address = %hop.address, reason, "TLS failed, trying without");
                Self::open_with(hop, TlsPolicy::None, hostname, tls, timeouts).await
            }
            result => result,
        }
    }

    async fn open_with(
        hop: &Hop,
        policy: TlsPolicy,
        hostname: &str,
        tls: &Tls,
        timeouts: Timeouts,
    ) -> Result<Self, Error> {
        let connect = timeout(timeouts.connect, connect(hop)).await;
        let tcp = connect.map_err(|_| Error::Timeout(Stage::Connect))?.map_err(|e| Error::Io(e, Stage::Connect))?;
        let _ = tcp.set_nodelay(true);
        let mut connection = Self {
            stream: Box::pin(tcp),
            input: BytesMut::new(),
            capabilities: Capabilities::default(),
            secure: false,
            verified: false,
            timeouts,
            transactions: 0,
        };
        if policy == TlsPolicy::Implicit {
            connection.start_tls(hop, TlsConnector::from(tls.verified.clone())).await?;
        }
        connection.greeting().await?;
        connection.hello(hostname).await?;
        let wanted = matches!(policy, TlsPolicy::Opportunistic | TlsPolicy::Required);
        if wanted && connection.capabilities.starttls {
            let config = if policy == TlsPolicy::Required { &tls.verified } else { &tls.opportunistic };
            let response = connection.command("STARTTLS\r\n", Stage::StartTls, timeouts.command).await?;
            if !response.is_success() {
                return Err(Error::Tls(response.to_string()));
            }
            // Whatever an attacker put behind the reply must not count as said within TLS.
            connection.input.clear();
            connection.start_tls(hop, TlsConnector::from(config.clone())).await?;
            connection.hello(hostname).await?;
        } else if policy == TlsPolicy::Required {
            return Err(Error::TlsMissing);
        }
        connection.verified = matches!(policy, TlsPolicy::Required | TlsPolicy::Implicit);
        if let Some(credentials) = &hop.credentials {
            connection.sign_in(hop, credentials).await?;
        }
        Ok(connection)
    }

    async fn start_tls(&mut self, hop: &Hop, connector: TlsConnector) -> Result<(), Error> {
        let host = hop.host.trim_matches(['[', ']']);
        let name =
            ServerName::try_from(host.to_owned()).unwrap_or_else(|_| ServerName::IpAddress(hop.address.ip().into()));
        let stream = std::mem::replace(&mut self.stream, Box::pin(tokio::io::empty()));
        let handshake = timeout(self.timeouts.connect, connector.connect(name, stream)).await;
        let stream = handshake.map_err(|_| Error::Tls("no answer in time".into()))?;
        self.stream = Box::pin(stream.map_err(|error| Error::Tls(error.to_string()))?);
        self.secure = true;
        Ok(())
    }

    async fn greeting(&mut self) -> Result<(), Error> {
        let response = self.response(Stage::Greeting, self.timeouts.greeting).await?;
        if response.code == 220 { Ok(()) } else { Err(Error::Refused(response, Stage::Greeting)) }
    }

    /// EHLO, and HELO for servers that do not know it (RFC 5321 section 3.2).
    async fn hello(&mut self, hostname: &str) -> Result<(), Error> {
        let patience = self.timeouts.command;
        let response = self.command(&format!("EHLO {hostname}\r\n"), Stage::Hello, patience).await?;
        if response.is_success() {
            self.capabilities = Capabilities::read(&response);
            return Ok(());
        }
        if response.is_temporary() {
            return Err(Error::Refused(response, Stage::Hello));
        }
        self.capabilities = Capabilities::default();
        let response = self.command(&format!("HELO {hostname}\r\n"), Stage::Hello, patience).await?;
        if response.is_success() { Ok(()) } else { Err(Error::Refused(response, Stage::Hello)) }
    }

    async fn sign_in(&mut self, hop: &Hop, credentials: &Credentials) -> Result<(), Error> {
        if !self.secure && !hop.address.ip().is_loopback() {
            return Err(Error::TlsMissing);
        }
        let Credentials { username, password } = credentials;
        let patience = self.timeouts.command;
        let offers = |name: &str| self.capabilities.auth.iter().any(|mechanism| mechanism == name);
        let response = if offers("PLAIN") {
            let message = STANDARD.encode(format!("\0{username}\0{password}"));
            self.command(&format!("AUTH PLAIN {message}\r\n"), Stage::Auth, patience).await?
        } else if offers("LOGIN") {
            let mut response = self.command("AUTH LOGIN\r\n", Stage::Auth, patience).await?;
            for answer in [username, password] {
                if response.code != 334 {
                    return Err(Error::Refused(response, Stage::Auth));
                }
                response = self.command(&format!("{}\r\n", STANDARD.encode(answer)), Stage::Auth, patience).await?;
            }
            response
        } else {
            return Err(Error::AuthMissing);
        };
        if response.code == 235 { Ok(()) } else { Err(Error::Refused(response, Stage::Auth)) }
    }

    pub(super) async fn command(&mut self, line: &str, stage: Stage, patience: Duration) -> Result<Response, Error> {
        self.write(line.as_bytes(), stage, patience).await?;
        self.response(stage, patience).await
    }

    pub(super) async fn write(&mut self, bytes: &[u8], stage: Stage, patience: Duration) -> Result<(), Error> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(patience, write).await.map_err(|_| Error::Timeout(stage))?.map_err(|error| Error::Io(error, stage))
    }

    /// The next reply, within `patience` as a whole.
    pub(super) async fn response(&mut self, stage: Stage, patience: Duration) -> Result<Response, Error> {
        let read = async {
            loop {
                if let Some(response) = Response::take(&mut self.input).map_err(|e| Error::Malformed(e, stage))? {
                    return Ok(response);
                }
                let count = self.stream.read_buf(&mut self.input).await.map_err(|e| Error::Io(e, stage))?;
                if count == 0 {
                    return Err(Error::Io(io::ErrorKind::UnexpectedEof.into(), stage));
                }
            }
        };
        timeout(patience, read).await.map_err(|_| Error::Timeout(stage))?
    }

    /// Says QUIT and goes; what the server answers does not matter any more.
    pub async fn quit(mut self) {
        let patience = self.timeouts.connect.min(Duration::from_secs(5));
        let _ = self.command("QUIT\r\n", Stage::End, patience).await;
        let _ = timeout(patience, self.stream.shutdown()).await;
    }
}
