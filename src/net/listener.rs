//! Accept loops.

use crate::{Peer, Stream, limits::{ConnectionLimits, Refusal}, shutdown::Shutdown};
use std::{future::Future, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// How a listener treats a new connection.
#[derive(Clone)]
pub struct Service<H> {
    /// TLS from the first byte, when set.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Bounds.
    pub limits: ConnectionLimits,
    /// Line sent to a refused client before closing (not with implicit TLS), for example `421 4.3.2 ...\r\n`.
    pub refusal: fn(Refusal) -> String,
    /// Runs a session.
    pub handler: H,
}

/// Binds, with a clear error naming the address.
///
/// # Errors
/// The address and why.
pub async fn bind(_address: SocketAddr) -> std::io::Result<TcpListener> {
    todo!()
}

/// Accepts until draining begins; each session runs as a task of `shutdown.tasks`.
pub async fn serve<H, F>(_listener: TcpListener, _service: Service<H>, _shutdown: Shutdown)
where
    H: Fn(Stream, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    todo!()
}
