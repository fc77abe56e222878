//! The ground under the protocols: listeners, TLS, connection bounds, lines, name look-ups, shutdown, in-memory pipes.
//!
//! Layout: [`stream`] one type for all transports, [`listener`] accept loops, [`pipe`] listeners without a socket, [`proxy`] the header of load balancers,
//! [`tls`] certificates (files, ACME, self-signed), [`limits`] connection and rate bounds, [`mod@line`] the bounded line
//! reader, [`dns`] look-ups, [`shutdown`] draining.
//!
//! Invariants: knows no mail; every read has a bound and a deadline set by its caller; no accept loop ends on an error.

pub mod dns;
pub mod limits;
pub mod line;
pub mod listener;
pub mod pipe;
pub mod proxy;
pub mod shutdown;
pub mod stream;
pub mod tls;

pub use stream::{Peer, Stream};
