//! Bounds on connections, in all and per address (IPv6: per /64).

use std::net::IpAddr;

/// Counts the connections of one protocol. Cloning is cheap; all clones count together.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {}

/// A counted connection; dropping it gives its place back.
#[derive(Debug)]
pub struct Permit {}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// All places are taken.
    #[error("too many connections")]
    Full,
    /// This address has too many connections.
    #[error("too many connections from your address")]
    Address,
    /// This address connects too often.
    #[error("too many new connections from your address")]
    Rate,
}

impl ConnectionLimits {
    /// Bounds from the configuration.
    pub fn new(_limits: &config::Limits) -> Self {
        todo!()
    }
    /// Counts a connection.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn admit(&self, _client: IpAddr) -> Result<Permit, Refusal> {
        todo!()
    }
    /// Connections now.
    pub fn open(&self) -> usize {
        todo!()
    }
}
