//! One conversation with another server, and the delivery of messages within it.
//!
//! Layout: [`connection`] connecting, EHLO, STARTTLS and AUTH; [`delivery`] one transaction with a result for each
//! recipient; [`tls`] when certificates are checked; [`error`] what ends a conversation.
//!
//! A message with 8-bit text is sent as it is even to a server that does not announce 8BITMIME: nearly every such server
//! passes it on unharmed, while converting would break signatures and bouncing would lose mail that arrives today. A
//! message that needs SMTPUTF8 is never sent to a server without it (`5.6.7`), since addresses would be damaged.
//!
//! Invariants: everything that the server sends is bounded and kept in its words; every wait has a time-out of RFC 5321
//! section 4.5.3.2; a message is never held in memory whole.

pub mod connection;
pub mod delivery;
pub mod error;
pub mod tls;

pub use connection::{Connection, Credentials, Hop, TlsPolicy};
pub use delivery::{Body, Envelope, Outcome, RcptTo};
pub use error::{Error, Stage};
pub use tls::Tls;

use std::time::Duration;

/// Waits (RFC 5321 section 4.5.3.2).
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the TCP connection stands, and for a TLS handshake.
    pub connect: Duration,
    /// Greeting (section 4.5.3.2.1).
    pub greeting: Duration,
    /// EHLO, MAIL, RCPT and other commands (sections 4.5.3.2.2 and 4.5.3.2.3).
    pub command: Duration,
    /// The 354 to DATA (section 4.5.3.2.4).
    pub data: Duration,
    /// Sending one block of text (section 4.5.3.2.5).
    pub block: Duration,
    /// The reply to the final dot (section 4.5.3.2.6).
    pub end: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            end: minutes(10),
        }
    }
}
