//! Identifiers. All are plain integers or hashes so that keys stay short and of fixed width.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An account; never reused. 0 is no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId(pub u64);

/// A mailbox within its account; never reused, survives renaming (RFC 8474 MAILBOXID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MailboxId(pub u32);

/// IMAP unique identifier of a message within a mailbox, from 1.
pub type Uid = u32;

/// Position in the change sequence of an account (RFC 7162 mod-sequence), from 1. One commit gives all it changes in an
/// account the same value.
pub type ModSeq = u64;

/// A conversation within an account, over all mailboxes (RFC 8474 THREADID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ThreadId(pub u64);

/// BLAKE3 of the exact bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BodyId(pub [u8; 32]);

impl BodyId {
    /// RFC 8474 EMAILID: `M` and 32 hexadecimal digits.
    pub fn email_id(&self) -> String {
        use fmt::Write;
        self.0[..16].iter().fold(String::from("M"), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// One entry of the outbound queue; grows with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SpoolId(pub u64);

/// Follows one accepted message over all hops: 48 bits of milliseconds since 1970, then 80 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TraceId(pub u128);

impl TraceId {
    /// A new id at `now_ms` milliseconds since 1970.
    ///
    /// # Panics
    /// When the operating system has no random numbers to give.
    pub fn new(now_ms: i64) -> Self {
        let mut random = [0u8; 16];
        getrandom::fill(&mut random[6..]).expect("the operating system gives random numbers");
        Self(Self::first_at(now_ms).0 | u128::from_be_bytes(random))
    }

    /// The smallest id that is made at `ms` milliseconds since 1970.
    pub(crate) fn first_at(ms: i64) -> Self {
        Self(u128::from(ms.cast_unsigned() & 0xffff_ffff_ffff) << 80)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for TraceId {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}
