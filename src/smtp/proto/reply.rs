//! Everything the server says, in one place, with codes of RFC 5321 section 4.2 and RFC 3463.

use crate::Error;
use bytes::{BufMut, BytesMut};
use std::borrow::Cow;

/// A reply: code, enhanced status code where the extension has one, and text (lines separated by `\n`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// Class, subject, detail (RFC 3463); left out of greetings, EHLO and 3xx (RFC 2034 section 4).
    pub enhanced: Option<[u8; 3]>,
    /// For people.
    pub text: Cow<'static, str>,
}

impl Reply {
    /// A reply with a fixed text.
    pub const fn fixed(code: u16, enhanced: [u8; 3], text: &'static str) -> Self {
        Self { code, enhanced: Some(enhanced), text: Cow::Borrowed(text) }
    }

    /// A reply without an enhanced code and with a fixed text.
    pub const fn plain(code: u16, text: &'static str) -> Self {
        Self { code, enhanced: None, text: Cow::Borrowed(text) }
    }

    /// A reply whose text is made on the spot. Control characters in it are shown as `?`.
    pub fn new(code: u16, enhanced: Option<[u8; 3]>, text: String) -> Self {
        Self { code, enhanced, text: Cow::Owned(text) }
    }

    /// Whether it refuses.
    pub fn is_refusal(&self) -> bool {
        self.code >= 400
    }

    /// Appends the reply as it is sent.
    pub fn render(&self, output: &mut BytesMut) {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            output.reserve(line.len() + 16);
            put_decimal(output, self.code);
            output.put_u8(if lines.peek().is_some() { b'-' } else { b' ' });
            if let Some([class, subject, detail]) = self.enhanced {
                put_decimal(output, class.into());
                output.put_u8(b'.');
                put_decimal(output, subject.into());
                output.put_u8(b'.');
                put_decimal(output, detail.into());
                output.put_u8(b' ');
            }
            output.extend(line.bytes().map(|byte| if byte.is_ascii_control() { b'?' } else { byte }));
            output.put_slice(b"\r\n");
        }
    }
}

fn put_decimal(output: &mut BytesMut, number: u16) {
    if number >= 100 {
        output.put_u8(b'0' + (number / 100 % 10) as u8);
    }
    if number >= 10 {
        output.put_u8(b'0' + (number / 10 % 10) as u8);
    }
    output.put_u8(b'0' + (number % 10) as u8);
}

/// After QUIT.
pub const BYE: Reply = Reply::fixed(221, [2, 0, 0], "Bye");
/// After RSET and NOOP.
pub const OK: Reply = Reply::fixed(250, [2, 0, 0], "OK");
/// After MAIL.
pub const SENDER_OK: Reply = Reply::fixed(250, [2, 1, 0], "Sender OK");
/// After RCPT.
pub const RECIPIENT_OK: Reply = Reply::fixed(250, [2, 1, 5], "Recipient OK");
/// After VRFY: RFC 5321 section 3.5.3 allows not to tell.
pub const VRFY: Reply = Reply::fixed(252, [2, 5, 0], "Cannot VRFY; send a message and see");
/// After HELP.
pub const HELP: Reply =
    Reply::fixed(214, [2, 0, 0], "EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP STARTTLS AUTH XHELD XCANCEL");
/// After DATA.
pub const SEND_TEXT: Reply = Reply::plain(354, "Go ahead, end with <CRLF>.<CRLF>");
/// After STARTTLS.
pub const BEGIN_TLS: Reply = Reply::fixed(220, [2, 0, 0], "Ready to start TLS");
/// After a sign-in.
pub const SIGNED_IN: Reply = Reply::fixed(235, [2, 7, 0], "Signed in");

/// The session is closed for a time-out.
pub const TIMEOUT: Reply = Reply::fixed(421, [4, 4, 2], "Timed out waiting for you, closing");
/// The server drains.
pub const DRAINING: Reply = Reply::fixed(421, [4, 3, 2], "Service is stopping, try again later");
/// Too many wrong commands.
pub const TOO_MANY_ERRORS: Reply = Reply::fixed(421, [4, 7, 0], "Too many wrong commands, closing");
/// Memory for messages being received is used up.
pub const NO_MEMORY: Reply = Reply::fixed(452, [4, 3, 1], "Too much mail is coming in at once, try again later");
/// Too many recipients in this transaction.
pub const TOO_MANY_RECIPIENTS: Reply =
    Reply::fixed(452, [4, 5, 3], "Too many recipients, send the rest in another transaction");
/// The store cannot take it now.
pub const STORE_FAILED: Reply = Reply::fixed(451, [4, 3, 0], "The message could not be stored, try again later");
/// The disk is full.
pub const DISK_FULL: Reply = Reply::fixed(452, [4, 3, 1], "Out of storage, try again later");
/// The directory cannot say.
pub const DIRECTORY_FAILED: Reply =
    Reply::fixed(451, [4, 3, 0], "The recipient cannot be checked now, try again later");
/// The mailbox is full, for now.
pub const MAILBOX_FULL: Reply = Reply::fixed(452, [4, 2, 2], "Mailbox full");
/// TLS is not to be had at this moment.
pub const TLS_UNAVAILABLE: Reply = Reply::fixed(454, [4, 7, 0], "TLS is not available");
/// Signing in is not possible at this moment.
pub const SIGN_IN_UNAVAILABLE: Reply = Reply::fixed(454, [4, 7, 0], "Signing in is not possible at the moment");

/// Not a command.
pub const UNKNOWN_COMMAND: Reply = Reply::fixed(500, [5, 5, 1], "Unknown command");
/// A command that is not UTF-8.
pub const SYNTAX: Reply = Reply::fixed(500, [5, 5, 2], "The command is not valid UTF-8");
/// A line that does not end in CRLF, or has CR, LF or NUL in it.
pub const BARE_LINE_END: Reply = Reply::fixed(500, [5, 5, 2], "Lines end with CRLF and hold no other CR, LF or NUL");
/// A command line beyond its bound.
pub const LINE_TOO_LONG: Reply = Reply::fixed(500, [5, 5, 2], "Line too long");
/// Wrong parameters.
pub const SYNTAX_PARAMETERS: Reply = Reply::fixed(501, [5, 5, 4], "Wrong parameters");
/// EHLO without a name.
pub const SYNTAX_HELLO: Reply = Reply::fixed(501, [5, 5, 4], "Your name is missing: EHLO name");
/// MAIL that cannot be read.
pub const SYNTAX_MAIL: Reply = Reply::fixed(501, [5, 5, 4], "Expected MAIL FROM:<address>");
/// RCPT that cannot be read.
pub const SYNTAX_RCPT: Reply = Reply::fixed(501, [5, 5, 4], "Expected RCPT TO:<address>");
/// A reverse-path that is no address.
pub const BAD_SENDER: Reply = Reply::fixed(501, [5, 1, 7], "The sender is not a valid address");
/// A forward-path that is no address.
pub const BAD_RECIPIENT: Reply = Reply::fixed(501, [5, 1, 3], "The recipient is not a valid address");
/// Text that is not base64 within AUTH.
pub const BAD_BASE64: Reply = Reply::fixed(501, [5, 5, 2], "Not valid base64");
/// The client has taken back its AUTH.
pub const AUTH_CANCELLED: Reply = Reply::fixed(501, [5, 7, 0], "Sign-in cancelled");
/// EXPN.
pub const NOT_OFFERED: Reply = Reply::fixed(502, [5, 5, 1], "Not offered here");
/// MAIL within a transaction.
pub const NESTED_MAIL: Reply = Reply::fixed(503, [5, 5, 1], "A message is under way already; RSET to give it up");
/// A command before its time.
pub const NEED_HELLO: Reply = Reply::fixed(503, [5, 5, 1], "EHLO first");
/// RCPT before MAIL.
pub const NEED_MAIL: Reply = Reply::fixed(503, [5, 5, 1], "MAIL first");
/// DATA before RCPT.
pub const NEED_RCPT: Reply = Reply::fixed(503, [5, 5, 1], "RCPT first");
/// DATA when every RCPT was refused.
pub const NO_VALID_RECIPIENTS: Reply = Reply::fixed(554, [5, 5, 1], "No valid recipients");
/// DATA within a chain of BDAT (RFC 3030 section 3).
pub const MIXED_DATA: Reply = Reply::fixed(503, [5, 5, 1], "BDAT has begun, DATA cannot follow");
/// STARTTLS or AUTH a second time, or in a transaction.
pub const NOT_NOW: Reply = Reply::fixed(503, [5, 5, 1], "Not possible at this point");
/// Commands in the same packet as STARTTLS (RFC 3207 section 4.2): an attacker may have put them there.
pub const STARTTLS_INJECTION: Reply = Reply::fixed(503, [5, 5, 1], "Nothing may follow STARTTLS before TLS has begun");
/// An authentication mechanism that is not offered.
pub const UNKNOWN_MECHANISM: Reply = Reply::fixed(504, [5, 5, 4], "Unknown authentication mechanism");
/// Submission without signing in.
pub const SIGN_IN_FIRST: Reply = Reply::fixed(530, [5, 7, 0], "Sign in first");
/// A wrong password, or a right one for an account that may not sign in.
pub const SIGN_IN_REFUSED: Reply = Reply::fixed(535, [5, 7, 8], "Wrong name or password");
/// A mechanism that shows the password, in the clear.
pub const NEED_TLS: Reply = Reply::fixed(538, [5, 7, 11], "Use TLS before you sign in");
/// A message beyond what is taken.
pub const TOO_LARGE: Reply = Reply::fixed(552, [5, 3, 4], "The message is larger than is taken here");
/// A message larger than the whole mailbox may be.
pub const TOO_LARGE_FOR_MAILBOX: Reply = Reply::fixed(552, [5, 2, 2], "The message is larger than the mailbox may be");
/// Unknown recipient.
pub const UNKNOWN_RECIPIENT: Reply = Reply::fixed(550, [5, 1, 1], "No such address here");
/// Relaying.
pub const NO_RELAY: Reply = Reply::fixed(550, [5, 7, 1], "Relaying denied");
/// A closed account.
pub const CLOSED: Reply = Reply::fixed(550, [5, 2, 1], "This mailbox is closed");
/// A sender that does not belong to the account.
pub const NOT_YOUR_ADDRESS: Reply = Reply::fixed(553, [5, 7, 1], "The sender address does not belong to your account");
/// A From header that does not belong to the account.
pub const NOT_YOUR_FROM: Reply = Reply::fixed(550, [5, 7, 1], "The From header is not an address of your account");
/// No From header, or several.
pub const BAD_FROM: Reply = Reply::fixed(550, [5, 6, 0], "The message needs exactly one From header");
/// UTF-8 in an address without SMTPUTF8.
pub const NEED_UTF8: Reply = Reply::fixed(553, [5, 6, 7], "An address with UTF-8 needs SMTPUTF8");
/// Bytes above 127 in the header of a submitted message without SMTPUTF8.
pub const HEADER_NOT_ASCII: Reply =
    Reply::fixed(550, [5, 6, 7], "The header is not ASCII and SMTPUTF8 was not asked for");
/// Bare CR or LF in message text (RFC 5321 section 2.3.8): how messages are smuggled past servers that disagree.
pub const BARE_IN_TEXT: Reply = Reply::fixed(550, [5, 5, 2], "The message has CR or LF that is not CRLF, closing");
/// As [`BARE_IN_TEXT`] for BDAT, where the end is beyond doubt and the session goes on.
pub const BARE_IN_CHUNK: Reply = Reply::fixed(550, [5, 5, 2], "The message has CR or LF that is not CRLF");
/// A line of message text beyond its bound.
pub const TEXT_LINE_TOO_LONG: Reply = Reply::fixed(500, [5, 5, 2], "The message has a line that is too long");
/// A mail loop.
pub const LOOP: Reply = Reply::fixed(554, [5, 4, 6], "The message has been through too many servers: mail loop");
/// XCANCEL of a message that is not there, or whose time has come.
pub const NOT_HELD: Reply = Reply::fixed(550, [5, 5, 0], "No message with that id waits for its time");
/// A time to hold a message that is beyond what is allowed (RFC 4865 section 4.1).
pub const HELD_TOO_LONG: Reply = Reply::fixed(501, [5, 5, 4], "The time is further away than messages are held here");
/// An account that has sent too much: an administrator has to look at it.
pub const SENDING_STOPPED: Reply =
    Reply::fixed(550, [5, 7, 1], "Sending was stopped for this account, ask your administrator");
/// An account at its bound for an hour.
pub const SENDING_TOO_FAST: Reply =
    Reply::fixed(450, [4, 7, 1], "This account has sent as much as it may in an hour, try again later");
/// An unknown parameter of MAIL or RCPT.
pub const UNKNOWN_PARAMETER: Reply = Reply::fixed(555, [5, 5, 4], "Unknown parameter");

impl From<&Error> for Reply {
    fn from(error: &Error) -> Self {
        match error {
            Error::Loop(_) => LOOP,
            Error::NoRecipient => NO_VALID_RECIPIENTS,
            Error::Full(_) | Error::AllFull { alone: false } => MAILBOX_FULL,
            Error::AllFull { alone: true } => TOO_LARGE_FOR_MAILBOX,
            Error::Store(store::Error::DiskFull) => DISK_FULL,
            Error::Rejected(reason) => Self::new(550, Some([5, 7, 1]), refusal(reason)),
            Error::Overtaken | Error::Store(_) | Error::Directory(_) | Error::Sieve(_) | Error::Interrupted => {
                STORE_FAILED
            }
        }
    }
}

/// A recipient's words as the text of a reply: ASCII on one line, for a reply says no charset (RFC 5429 section 2.1.1).
fn refusal(reason: &str) -> String {
    let plain = |c: char| if c.is_whitespace() { ' ' } else { c };
    let text: String = reason
        .chars()
        .map(plain)
        .map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' })
        .take(400)
        .collect();
    let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "The recipient refuses this message".to_owned() } else { words.join(" ") }
}
