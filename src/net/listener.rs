//! Accept loops.
//!
//! Fatal: nothing. Temporary: running out of file descriptors or memory; the loop waits and goes on. A failed handshake
//! or a refused client is noted at debug level, because anyone can cause it.

use crate::{
    Peer, Stream,
    limits::{ConnectionLimits, Permit, Refusal},
    pipe::Acceptor,
    proxy,
    shutdown::Shutdown,
};
use config::{Limits, Trust};
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    future::Future,
    io::{Error, ErrorKind, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};

/// Connections that wait in the kernel to be accepted.
const BACKLOG: i32 = 1024;
/// First and last pause after the kernel had no file descriptor or memory for a connection.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How a listener treats a new connection.
#[derive(Clone)]
pub struct Service<H> {
    /// TLS from the first byte, when set.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Bounds.
    pub limits: ConnectionLimits,
    /// Line sent to a refused client before closing (not with implicit TLS), for example `421 4.3.2 ...\r\n`.
    pub refusal: fn(Refusal) -> String,
    /// Peers whose connections begin with a PROXY header.
    pub trust: Trust,
    /// Who is let in, by the client's address.
    pub banned: Banned,
    /// Runs a session.
    pub handler: H,
}

/// Tells whether an address is banned.
pub type Banned = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Nobody is banned.
pub fn nobody_banned() -> Banned {
    Arc::new(|_| false)
}

/// Binds, with a clear error naming the address. `[::]` takes IPv4 too; where both wildcards of a port are wanted as
/// sockets of their own, use [`bind_all`].
///
/// # Errors
/// The address and why.
// Async because a listener can only be made inside the runtime that will poll it.
#[allow(clippy::unused_async, reason = "needs the runtime")]
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    bind_one(address, false)
}

/// Binds all addresses of a protocol. `[::]` beside `0.0.0.0` on one port is for IPv6 alone, so that both can be had.
///
/// # Errors
/// The first address that cannot be bound, and why.
#[allow(clippy::unused_async, reason = "needs the runtime")]
pub async fn bind_all(addresses: &[SocketAddr]) -> std::io::Result<Vec<TcpListener>> {
    let v4_wildcard = |port| addresses.contains(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    addresses.iter().map(|address| bind_one(*address, v4_wildcard(address.port()))).collect()
}

fn bind_one(address: SocketAddr, v6_only: bool) -> std::io::Result<TcpListener> {
    let listener = socket(address, v6_only).map_err(|error| explain(address, &error))?;
    TcpListener::from_std(listener).map_err(|error| explain(address, &error))
}

fn socket(address: SocketAddr, v6_only: bool) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restarted server takes its ports back at once, though old connections linger in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(v6_only)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn explain(address: SocketAddr, error: &Error) -> Error {
    let why = match error.kind() {
        ErrorKind::AddrInUse => "the port is in use by another program".to_owned(),
        ErrorKind::PermissionDenied if address.port() < 1024 => {
            "permission denied: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE".to_owned()
        }
        ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        _ => error.to_string(),
    };
    Error::new(error.kind(), format!("cannot listen on {address}: {why}"))
}

/// Accepts until draining begins; each session runs as a task of `shutdown.tasks`.
pub async fn serve<H, F>(listener: TcpListener, service: Service<H>, shutdown: Shutdown)
where
    H: Fn(Stream, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let mut pause = PAUSE_MIN;
    loop {
        let accepted = tokio::select! {
            () = shutdown.draining.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "connections cannot be accepted at the moment");
                tokio::select! {
                    () = shutdown.draining.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(PAUSE_MAX);
                continue;
            }
        };
        pause = PAUSE_MIN;
        // A proxy is counted as the clients that it tells of.
        if service.trust.is_proxy(client.ip()) {
            shutdown.tasks.spawn(proxied(stream, service.clone()));
            continue;
        }
        match admit(&service, client.ip()) {
            Ok(permit) => {
                let task = session(stream, client, None, service.tls.clone(), service.handler.clone(), permit);
                shutdown.tasks.spawn(task);
            }
            Err(refusal) => refuse(stream, client, &service, refusal),
        }
    }
}

fn admit<H>(service: &Service<H>, client: IpAddr) -> Result<Permit, Refusal> {
    if (service.banned)(client.to_canonical()) { Err(Refusal::Banned) } else { service.limits.admit(client) }
}

/// A connection whose client a trusted proxy tells.
async fn proxied<H, F>(mut stream: TcpStream, service: Service<H>)
where
    H: Fn(Stream, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (Ok(peer), Ok(here)) = (stream.peer_addr(), stream.local_addr()) else { return };
    let header = tokio::time::timeout(Limits::PROXY_HEADER_TIMEOUT, proxy::read(&mut stream)).await;
    let (client, local) = match header {
        Ok(Ok(told)) => told.unwrap_or((peer, here)),
        Ok(Err(error)) => return tracing::warn!(%peer, %error, "a connection of a proxy was closed"),
        Err(_) => return tracing::warn!(%peer, "a connection of a proxy was closed: no PROXY header in time"),
    };
    match admit(&service, client.ip()) {
        Ok(permit) => {
            session(stream, client, Some(local), service.tls.clone(), service.handler.clone(), permit).await;
        }
        Err(refusal) => refuse(stream, client, &service, refusal),
    }
}

/// Accepts from a pipe until draining begins or every connector is gone. There are no bounds on addresses: the trusted
/// hop has its own.
pub async fn serve_pipe<H, F>(mut acceptor: Acceptor, handler: H, shutdown: Shutdown)
where
    H: Fn(Stream, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            () = shutdown.draining.cancelled() => return,
            accepted = acceptor.accept() => accepted,
        };
        let Some((stream, peer)) = accepted else {
            return;
        };
        shutdown.tasks.spawn(handler(stream, peer));
    }
}

/// Errors of accept(2) that tell of one connection that went before it was taken, not of the listener.
fn is_of_one_connection(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
    )
}

async fn session<H, F>(
    stream: TcpStream,
    client: SocketAddr,
    told: Option<SocketAddr>,
    tls: Option<Arc<rustls::ServerConfig>>,
    handler: H,
    permit: Permit,
) where
    H: Fn(Stream, Peer) -> F,
    F: Future<Output = ()>,
{
    // Replies are small and answered one by one: waiting to fill a segment would only delay them.
    let _ = stream.set_nodelay(true);
    let Ok(here) = stream.local_addr() else {
        return;
    };
    let local = told.unwrap_or(here);
    let peer = Peer { client: canonical(client), local: canonical(local), trusted: false };
    let stream = match tls {
        None => Stream::Tcp(stream),
        Some(config) => match Stream::Tcp(stream).starttls(config).await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(client = %peer.client, local = %peer.local, %error, "TLS handshake failed");
                return;
            }
        },
    };
    handler(stream, peer).await;
    drop(permit);
}

/// An IPv4 client of a dual-stack socket is shown as IPv4.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Says why and closes. The socket's buffer is empty, so a short line goes out without waiting for the client.
fn refuse<H>(stream: TcpStream, client: SocketAddr, service: &Service<H>, refusal: Refusal) {
    tracing::debug!(%client, %refusal, "connection refused");
    if service.tls.is_some() {
        return;
    }
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write((service.refusal)(refusal).as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}
