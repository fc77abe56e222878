//! The sockets. All are bound before the store is opened and before anyone is let in, so that a port that is taken stops the
//! start and not a server at work.

use config::Settings;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Listeners of each protocol.
pub(crate) struct Listeners {
    pub(crate) smtp: Vec<TcpListener>,
    pub(crate) submission: Vec<TcpListener>,
    pub(crate) submissions: Vec<TcpListener>,
    pub(crate) lmtp: Vec<TcpListener>,
    pub(crate) imap: Vec<TcpListener>,
    pub(crate) imaps: Vec<TcpListener>,
    pub(crate) pop3: Vec<TcpListener>,
    pub(crate) pop3s: Vec<TcpListener>,
    pub(crate) sieve: Vec<TcpListener>,
    pub(crate) http: Vec<std::net::TcpListener>,
    pub(crate) https: Vec<std::net::TcpListener>,
}

impl Listeners {
    /// Binds all. `advice` tells what to do when an address cannot be had.
    pub(crate) async fn bind(settings: &Settings, advice: &str) -> anyhow::Result<Self> {
        let listen = &settings.listen;
        let all = async |addresses: &[SocketAddr]| {
            net::listener::bind_all(addresses).await.map_err(|error| match error.kind() {
                // The message tells about ports below 1024.
                std::io::ErrorKind::PermissionDenied => anyhow::anyhow!("{error}"),
                _ => anyhow::anyhow!("{error}; {advice}"),
            })
        };
        Ok(Self {
            smtp: all(&listen.smtp).await?,
            submission: all(&listen.submission).await?,
            submissions: all(&listen.submissions).await?,
            lmtp: all(&listen.lmtp).await?,
            imap: all(&listen.imap).await?,
            imaps: all(&listen.imaps).await?,
            pop3: all(&listen.pop3).await?,
            pop3s: all(&listen.pop3s).await?,
            sieve: all(&listen.sieve).await?,
            http: plain(all(&listen.http).await?)?,
            https: plain(all(&listen.https).await?)?,
        })
    }
}

/// Actix polls its listeners on threads of its own.
fn plain(listeners: Vec<TcpListener>) -> std::io::Result<Vec<std::net::TcpListener>> {
    listeners.into_iter().map(TcpListener::into_std).collect()
}
