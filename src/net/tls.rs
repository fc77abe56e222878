//! Certificates: from files (read again when they change), else by ACME, else self-signed with a visible warning.

use std::sync::Arc;

/// Where the certificate in use comes from; the console and the logs show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Files named in the configuration.
    Files,
    /// Ordered by ACME.
    Acme,
    /// Made at first start: clients will warn.
    SelfSigned,
}

/// The certificate store of this process. Handshakes in progress keep what they began with.
#[derive(Clone)]
pub struct Certificates {
    server: Arc<rustls::ServerConfig>,
}

impl Certificates {
    /// Loads or makes the certificate, as configured.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn load(_settings: &config::Settings) -> Result<Self, Error> {
        todo!()
    }
    /// For SMTP and IMAP listeners, and for HTTPS with ALPN `http/1.1`.
    pub fn server_config(&self) -> Arc<rustls::ServerConfig> {
        self.server.clone()
    }
    /// Where the certificate comes from.
    pub fn source(&self) -> Source {
        todo!()
    }
    /// Answer to `GET /.well-known/acme-challenge/{token}` while an order is open.
    pub fn acme_answer(&self, _token: &str) -> Option<String> {
        todo!()
    }
    /// Reloads changed files and renews ACME certificates until draining begins.
    pub async fn maintain(&self, _shutdown: crate::shutdown::Shutdown) {
        todo!()
    }
}

/// A certificate that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or does not hold what it should.
    #[error("{path}: {what}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        what: String,
    },
}
