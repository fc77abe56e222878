//! What was agreed on for the delivery of one queue entry, beyond its addresses: what the sender wants to hear, when, how soon
//! and how safely it is to go.

use serde::{Deserialize, Serialize};

/// The terms of one recipient. The default is a plain message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What the sender wants to hear of (RFC 3461 section 4.1); `None` where it did not say, which means failures and delays.
    pub notify: Option<Notify>,
    /// ORCPT as it came, still in xtext: `rfc822;bob@example.org` (RFC 3461 section 4.2). At most 500 octets.
    pub original_recipient: Option<String>,
    /// ENVID as it came, still in xtext (RFC 3461 section 4.4). At most 100 octets.
    pub envelope_id: Option<String>,
    /// How much of the message a notification returns (RFC 3461 section 4.3); `None` where the sender did not say.
    pub returned: Option<Returned>,
    /// Only over TLS whose certificate was verified, and only to servers that promise the same (RFC 8689).
    pub require_tls: bool,
    /// To be delivered by a time (RFC 2852).
    pub deliver_by: Option<DeliverBy>,
    /// Not to be sent before this time, milliseconds since 1970 (RFC 4865).
    pub release_at: Option<i64>,
    /// Written by this server itself, such as a notification.
    pub own: bool,
    /// The next server has taken the message; only the report to its sender is outstanding.
    pub report_due: bool,
}

/// NOTIFY; all false is NEVER.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// The message was delivered, or handed to a server that does not report.
    pub success: bool,
    /// It cannot be delivered.
    pub failure: bool,
    /// It is late.
    pub delay: bool,
}

/// RET.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Returned {
    /// The whole message.
    Full,
    /// Its header.
    Headers,
}

/// BY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverBy {
    /// The time, milliseconds since 1970.
    pub at: i64,
    /// Whether the message is given up then (`R`); otherwise its sender is told that it is late (`N`).
    pub give_up: bool,
    /// Whether each hand-over is to be reported (`T`).
    pub trace: bool,
}

impl Terms {
    /// Whether the sender wants to hear of a delivery.
    pub fn wants_success(&self) -> bool {
        self.notify.is_some_and(|notify| notify.success)
    }
    /// Whether the sender wants to hear of a failure.
    pub fn wants_failure(&self) -> bool {
        self.notify.is_none_or(|notify| notify.failure)
    }
    /// Whether the sender wants to hear of a delay.
    pub fn wants_delay(&self) -> bool {
        self.notify.is_none_or(|notify| notify.delay)
    }
}
