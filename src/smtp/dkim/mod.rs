//! DKIM signatures of what leaves (RFC 6376; Ed25519: RFC 8463).
//!
//! Layout: [`canonical`] the relaxed form of header fields and of the body, as it streams; [`mod@signature`] the header field.
//!
//! Mail is signed when it is delivered, not when it is submitted. A message may wait for days (held, scheduled, a server that is
//! down), and keys rotate meanwhile: a signature made at the door could be one whose key has left the DNS when it arrives. What
//! is only delivered here costs no signature, bounces and forwarded replies are signed by the same code, and the message is in the
//! store as it was accepted. The price is a second read of the body; the queue keeps the finished field for all destinations of
//! a message. The body is hashed as it streams, so a message is never in memory whole.

pub mod canonical;
pub mod signature;

pub use canonical::BodyHash;
pub use signature::{Key, signature};
