//! Name look-ups, with a clear line between "does not exist" and "could not be asked".

use std::net::IpAddr;

/// Answers of the resolver.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The name does not exist (NXDOMAIN). Permanent.
    #[error("{0} does not exist")]
    NoDomain(String),
    /// The name exists and has no such record. Permanent.
    #[error("{0} has no {1} record")]
    NoRecord(String, &'static str),
    /// No usable answer: time-out, SERVFAIL, DNSSEC failure. Temporary.
    #[error("{0} could not be looked up: {1}")]
    Temporary(String, String),
}

/// A mail exchanger: preference and name.
pub type Exchanger = (u16, String);

/// The resolver. Cloning is cheap.
#[derive(Clone)]
pub struct Resolver {
    _inner: hickory_resolver::TokioResolver,
}

impl Resolver {
    /// Asks the configured servers, or the system's.
    ///
    /// # Errors
    /// When the system's configuration cannot be read.
    pub fn new(_settings: &config::settings::Dns) -> std::io::Result<Self> {
        todo!()
    }
    /// MX records, as they are: null MX is one record with an empty name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn mx(&self, _domain: &str) -> Result<Vec<Exchanger>, Error> {
        todo!()
    }
    /// Addresses, IPv6 first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn addresses(&self, _host: &str) -> Result<Vec<IpAddr>, Error> {
        todo!()
    }
    /// TXT records, each joined.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn txt(&self, _name: &str) -> Result<Vec<String>, Error> {
        todo!()
    }
    /// Names of an address.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ptr(&self, _address: IpAddr) -> Result<Vec<String>, Error> {
        todo!()
    }
}
