//! Every bound the server enforces, in one place, named with its unit, with the reply a peer gets at it.

use crate::reader::Reader;
use std::time::Duration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The bounds. Fields that an admin may set come from `[limits]`; the rest are fixed by protocol or by safety.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest message accepted by SMTP and IMAP APPEND, bytes (SMTP: `552 5.3.4`; IMAP: `NO [LIMIT]`/`[TOOBIG]`).
    pub message_bytes_max: usize,
    /// Recipients of one SMTP transaction (`452 4.5.3`).
    pub recipients_max: usize,
    /// Connections open at once, over all listeners of a protocol (SMTP: `421 4.3.2`; IMAP: `BYE`).
    pub connections_max: usize,
    /// Connections open at once from one address (IPv6: one /64) (`421 4.7.0`).
    pub connections_per_address_max: usize,
    /// New connections a minute from one address (IPv6: one /64) (`421 4.7.0`).
    pub connections_per_address_per_minute_max: usize,
    /// As [`Limits::connections_per_address_max`] for clients on this machine (127.0.0.0/8, ::1), such as a proxy.
    pub connections_local_max: usize,
    /// As [`Limits::connections_per_address_per_minute_max`] for clients on this machine.
    pub connections_local_per_minute_max: usize,
    /// Memory that messages being received may hold in all sessions together, bytes (`452 4.3.1`).
    pub incoming_bytes_max: usize,
    /// Wrong commands in one session before it is closed (`421 4.7.0`).
    pub bad_commands_max: u32,
    /// Failed sign-ins from one address within [`Limits::SIGN_IN_WINDOW`] before further ones are refused.
    pub sign_in_failures_per_address_max: u32,
    /// Failed sign-ins to one account within [`Limits::SIGN_IN_WINDOW`] before further ones are refused.
    pub sign_in_failures_per_account_max: u32,
    /// Offences of one address (IPv6: one /64) within [`Limits::SIGN_IN_WINDOW`] before it is banned: a failed sign-in or an
    /// attempt to relay counts 5, an unknown recipient 2, a session of wrong commands 10 (`421 4.7.0`).
    pub offences_max: u32,
    /// Time for which such a ban holds.
    pub ban_time: Duration,
    /// Delay of each refusal in a session after the third; clients on this machine and trusted peers are not delayed.
    pub tarpit: Duration,
    /// Messages that one account may submit in an hour (`450 4.7.1`).
    pub account_messages_per_hour_max: u32,
    /// Recipients that one account may send to in an hour (`450 4.7.1`).
    pub account_recipients_per_hour_max: u32,
    /// Recipients that one account may send to in a day; at this bound its sending stops until an admin allows it again, and
    /// the admins are told (`550 5.7.1`).
    pub account_recipients_per_day_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 50 * 1024 * 1024,
            recipients_max: 1000,
            connections_max: 4096,
            connections_per_address_max: 100,
            connections_per_address_per_minute_max: 600,
            connections_local_max: 2000,
            connections_local_per_minute_max: 200_000,
            incoming_bytes_max: 512 * 1024 * 1024,
            bad_commands_max: 20,
            sign_in_failures_per_address_max: 20,
            sign_in_failures_per_account_max: 10,
            offences_max: 100,
            ban_time: Duration::from_secs(3600),
            tarpit: Duration::from_secs(1),
            account_messages_per_hour_max: 1000,
            account_recipients_per_hour_max: 2000,
            account_recipients_per_day_max: 10_000,
        }
    }
}

impl Limits {
    /// Reads `[limits]`. Taking the struct apart makes a field that is not read a compile error.
    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        let mut limits = Self::default();
        let Self {
            message_bytes_max,
            recipients_max,
            connections_max,
            connections_per_address_max,
            connections_per_address_per_minute_max,
            connections_local_max,
            connections_local_per_minute_max,
            incoming_bytes_max,
            bad_commands_max,
            sign_in_failures_per_address_max,
            sign_in_failures_per_account_max,
            offences_max,
            ban_time,
            tarpit,
            account_messages_per_hour_max,
            account_recipients_per_hour_max,
            account_recipients_per_day_max,
        } = &mut limits;
        // Message offsets are kept in 32 bits, and a message is held in memory while it is received.
        reader.bytes("message_bytes_max", message_bytes_max, 64 * KIB..=2048 * MIB - 1);
        // RFC 5321 section 4.5.3.1.8: at least 100 recipients.
        reader.number("recipients_max", recipients_max, 100..=100_000);
        reader.number("connections_max", connections_max, 1..=1_000_000);
        reader.number("connections_per_address_max", connections_per_address_max, 1..=1_000_000);
        reader.number("connections_per_address_per_minute_max", connections_per_address_per_minute_max, 1..=1_000_000);
        reader.number("connections_local_max", connections_local_max, 1..=1_000_000);
        reader.number("connections_local_per_minute_max", connections_local_per_minute_max, 1..=10_000_000);
        reader.bytes("incoming_bytes_max", incoming_bytes_max, MIB..=1024 * 1024 * MIB);
        reader.number("bad_commands_max", bad_commands_max, 1..=1000);
        reader.number("sign_in_failures_per_address_max", sign_in_failures_per_address_max, 1..=100_000);
        reader.number("sign_in_failures_per_account_max", sign_in_failures_per_account_max, 1..=100_000);
        reader.number("offences_max", offences_max, 10..=1_000_000_000);
        reader.duration("ban_time", ban_time, Duration::from_secs(60)..=Duration::from_secs(30 * 86_400));
        reader.duration("tarpit", tarpit, Duration::ZERO..=Duration::from_secs(30));
        reader.number("account_messages_per_hour_max", account_messages_per_hour_max, 1..=1_000_000_000);
        reader.number("account_recipients_per_hour_max", account_recipients_per_hour_max, 1..=1_000_000_000);
        reader.number("account_recipients_per_day_max", account_recipients_per_day_max, 1..=1_000_000_000);
        if limits.incoming_bytes_max < limits.message_bytes_max {
            reader.fault("incoming_bytes_max", "must be at least message_bytes_max");
        }
        reader.finish();
        limits
    }

    /// SMTP command line, bytes with CRLF (RFC 5321 section 4.5.3.1.4 asks for 512; extensions add to it) (`500 5.5.2`).
    pub const SMTP_LINE_BYTES_MAX: usize = 4096;
    /// Line of message text, bytes with CRLF. RFC 5321 section 4.5.3.1.6 says 1000; real mail is longer, so longer lines
    /// pass up to this (`500 5.5.2`).
    pub const TEXT_LINE_BYTES_MAX: usize = 1024 * 1024;
    /// Trace headers (Received) in a message before it counts as a loop (RFC 5321 section 6.3) (`554 5.4.6`).
    pub const RECEIVED_HEADERS_MAX: usize = 60;
    /// Wait for the next SMTP command (RFC 5321 section 4.5.3.2.7) (`421 4.4.2`).
    pub const SMTP_COMMAND_TIMEOUT: Duration = Duration::from_secs(300);
    /// Wait between two blocks of message data (RFC 5321 section 4.5.3.2.5).
    pub const SMTP_DATA_TIMEOUT: Duration = Duration::from_secs(180);
    /// Time a trusted proxy may take for its header.
    pub const PROXY_HEADER_TIMEOUT: Duration = Duration::from_secs(10);
    /// Time a client may take for a TLS handshake.
    pub const TLS_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);
    /// IMAP command line without literals, bytes (`BAD`).
    pub const IMAP_LINE_BYTES_MAX: usize = 64 * 1024;
    /// Idle time of a signed-in IMAP session (RFC 9051 section 5.4 asks for at least 30 minutes).
    pub const IMAP_IDLE_TIMEOUT: Duration = Duration::from_secs(31 * 60);
    /// Time an IMAP client may take before it has signed in.
    pub const IMAP_SIGN_IN_TIMEOUT: Duration = Duration::from_secs(60);
    /// POP3 line, bytes with CRLF: commands are short, answers to SASL challenges are not (RFC 5034 section 4) (`-ERR`).
    pub const POP3_LINE_BYTES_MAX: usize = 16 * 1024;
    /// Idle time of a signed-in POP3 session (RFC 1939 section 3 asks for at least 10 minutes); nothing is deleted then.
    pub const POP3_IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
    /// Time a POP3 client may take before it has signed in.
    pub const POP3_SIGN_IN_TIMEOUT: Duration = Duration::from_secs(60);
    /// Bytes of a keyword.
    pub const KEYWORD_BYTES_MAX: usize = 64;
    /// Keywords on one message.
    pub const KEYWORDS_PER_MESSAGE_MAX: usize = 64;
    /// Mailboxes of one account (`NO [LIMIT]`).
    pub const MAILBOXES_PER_ACCOUNT_MAX: usize = 10_000;
    /// Bytes of a mailbox name.
    pub const MAILBOX_NAME_BYTES_MAX: usize = 1000;
    /// Bytes of one Sieve script (ManageSieve: `NO (QUOTA/MAXSIZE)`).
    pub const SIEVE_SCRIPT_BYTES_MAX: usize = 128 * 1024;
    /// Bytes of one string in a Sieve script.
    pub const SIEVE_STRING_BYTES_MAX: usize = 64 * 1024;
    /// Instructions that a script may run for one message; beyond it the message is kept in the Inbox.
    pub const SIEVE_INSTRUCTIONS_MAX: usize = 10_000;
    /// Scripts that one script may include (RFC 6609 section 3.4.1).
    pub const SIEVE_INCLUDES_MAX: usize = 10;
    /// Addresses that a script may redirect one message to.
    pub const SIEVE_REDIRECTS_MAX: usize = 10;
    /// Mailboxes that a script may file one message into.
    pub const SIEVE_FILINGS_MAX: usize = 20;
    /// Days for which a vacation's answer or a message seen is remembered at most.
    pub const SIEVE_MEMORY_DAYS_MAX: u32 = 90;
    /// Line of a ManageSieve command without literals, bytes (`NO`).
    pub const MANAGESIEVE_LINE_BYTES_MAX: usize = 8 * 1024;
    /// Idle time of a ManageSieve session (RFC 5804 section 1.2 asks for at least 30 minutes).
    pub const MANAGESIEVE_IDLE_TIMEOUT: Duration = Duration::from_secs(31 * 60);
    /// Time a ManageSieve client may take before it has signed in.
    pub const MANAGESIEVE_SIGN_IN_TIMEOUT: Duration = Duration::from_secs(60);
    /// Time for which submission holds a message back at most (RFC 4865) (`501 5.5.4`).
    pub const FUTURE_RELEASE_MAX: Duration = Duration::from_secs(400 * 86_400);
    /// The last time that can be asked for as EHLO tells it; [`Limits::FUTURE_RELEASE_MAX`] ends earlier.
    pub const FUTURE_RELEASE_LAST: &str = "9999-12-31T23:59:59Z";
    /// Steps of alias expansion before it counts as a loop.
    pub const ALIAS_DEPTH_MAX: usize = 10;
    /// Window in which failed sign-ins are counted.
    pub const SIGN_IN_WINDOW: Duration = Duration::from_secs(15 * 60);
    /// Length of a password, bytes; longer ones are refused so that hashing has a bound.
    pub const PASSWORD_BYTES_MAX: usize = 1024;
    /// Memory of the search index's writer, bytes; there is one at a time.
    pub const SEARCH_HEAP_BYTES: usize = 32 * 1024 * 1024;
    /// DKIM signatures of one message that are verified.
    pub const DKIM_SIGNATURES_MAX: usize = 10;
    /// Bytes of a message that a virus scanner or milter is given; larger ones are passed over, with a fact that says so.
    pub const SCAN_BYTES_MAX: usize = 100 * 1024 * 1024;
    /// Words that are kept of what was learned from everybody's mail; the least used go first.
    pub const BAYES_WORDS_MAX: usize = 600_000;
    /// Words that are kept of what was learned from one account's mail.
    pub const BAYES_WORDS_PER_ACCOUNT_MAX: usize = 60_000;
    /// People that an account is known to write to.
    pub const KNOWN_PER_ACCOUNT_MAX: usize = 5000;
    /// Entries of one allow or block list.
    pub const POLICY_ENTRIES_MAX: usize = 200;
    /// Messages waiting to come again.
    pub const GREYLIST_WAITING_MAX: usize = 100_000;
    /// Days an expunged message can be restored.
    pub const VAULT_DAYS: u32 = 30;
}
