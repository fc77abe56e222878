//! The state machine of a session: bytes in, replies and [`Event`]s out. An event is a question that takes the outside
//! world (directory, store, TLS); the session waits for its answer before it reads on.

use super::{
    Service,
    command::{data::Chunk, held::Held, hello::Hello, trusted::Client},
};
use crate::{
    intake::{Draft, Recipient},
    proto::{
        command::{self, Command},
        parameters::{MailParameters, RcptParameters},
        path::Path,
        reply::{self, Reply},
        text::{self, Decoder},
    },
};
use bytes::{Buf, BytesMut};
use config::Limits;
use mail::address::ReversePath;
use std::sync::Arc;
use store::TraceId;

/// What a session needs to know of its surroundings.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Our name.
    pub hostname: String,
    /// What the listener is for.
    pub service: Service,
    /// Whether STARTTLS can be had.
    pub starttls: bool,
    /// Mechanisms announced over a connection that is not secure.
    pub mechanisms: &'static [&'static str],
    /// Mechanisms announced over a secure one.
    pub mechanisms_secure: &'static [&'static str],
    /// Largest message, bytes.
    pub message_bytes_max: usize,
    /// Recipients of one transaction.
    pub recipients_max: usize,
    /// Wrong commands before the session ends.
    pub bad_commands_max: u32,
    /// Whether the peer may tell of the client that it speaks for.
    pub xclient: bool,
}

/// What the session wants done next.
#[derive(Debug)]
pub enum Event {
    /// Send the output, then read more.
    Read,
    /// Check the sender; answer with [`Session::answer_sender`].
    Sender(ReversePath, MailParameters),
    /// Check the recipient; answer with [`Session::answer_recipient`].
    Recipient(Path, RcptParameters),
    /// Message text is about to come: make the headers and reserve memory; answer with [`Session::answer_begin`].
    Begin,
    /// The message is complete; answer with [`Session::answer_message`].
    Message(Box<Transaction>),
    /// AUTH has begun with this mechanism and initial response; answer with [`Session::answer_auth`].
    AuthBegin(String, Option<Vec<u8>>),
    /// The client's answer to a challenge; answer with [`Session::answer_auth`].
    AuthResponse(Vec<u8>),
    /// List or call back held messages; answer with [`Session::answer_held`].
    Held(Held),
    /// Take over what a trusted hop tells of its client; then call [`Session::client_taken`].
    Client(Client),
    /// Send the output, begin TLS, then call [`Session::tls_started`].
    StartTls,
    /// Send the output and close.
    Close,
}

/// How a step of a sign-in ended.
#[derive(Debug)]
pub enum AuthAnswer {
    /// Send this challenge.
    Challenge(Vec<u8>),
    /// Signed in.
    Done,
    /// Refused.
    Refused(Reply),
}

/// One mail transaction.
#[derive(Debug, Default)]
pub struct Transaction {
    /// Sender.
    pub reverse_path: ReversePath,
    /// Parameters of MAIL.
    pub parameters: MailParameters,
    /// Recipients accepted.
    pub recipients: Vec<Recipient>,
    /// The message, once text has begun.
    pub draft: Draft,
    /// Its trace id and time, once text has begun.
    pub stamp: Option<(TraceId, i64)>,
    /// Whether RCPT was refused at least once.
    pub refused: bool,
    /// Bytes of text so far.
    pub bytes: u64,
    /// Why the text will be refused at its end.
    pub fault: Option<Reply>,
    /// Where BDAT text stands within a line, so that bare CR and LF are found over chunk borders.
    pub after_cr: bool,
}

/// What the next bytes are.
#[derive(Debug)]
pub(super) enum State {
    Command,
    /// A command line beyond its bound is passed over up to its end.
    OverlongLine,
    /// An answer to an AUTH challenge.
    AuthLine,
    /// Waiting for the answer to an event; what comes then.
    Waiting(Waiting),
    Text(Decoder),
    Chunk(Chunk),
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    Sender,
    Recipient,
    Data,
    Chunk { size: u64, last: bool },
    Message,
    Auth,
    Held,
    Client,
    Tls,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    pub(super) environment: Arc<Environment>,
    pub(super) state: State,
    pub(super) hello: Option<Hello>,
    pub(super) secure: bool,
    pub(super) tls: bool,
    pub(super) signed_in: bool,
    pub(super) transaction: Option<Box<Transaction>>,
    pub(super) sender: Option<(ReversePath, MailParameters)>,
    /// The client's name as a trusted hop told it.
    pub(super) told_hello: Option<String>,
    /// Recipients of the message that waits for its answer.
    pub(super) answering: usize,
    bad_commands: u32,
    refused: bool,
    output: BytesMut,
}

impl Session {
    /// A session that begins with the greeting. `secure`: nothing can be read on the way, or that does not matter
    /// (loopback where allowed); `tls`: TLS is in use.
    pub fn new(environment: Arc<Environment>, secure: bool, tls: bool) -> Self {
        let mut session = Self {
            environment,
            state: State::Command,
            hello: None,
            secure,
            tls,
            signed_in: false,
            transaction: None,
            sender: None,
            told_hello: None,
            answering: 0,
            bad_commands: 0,
            refused: false,
            output: BytesMut::new(),
        };
        session.greet();
        session
    }

    /// Says the greeting.
    pub(super) fn greet(&mut self) {
        let protocol = if self.is_lmtp() { "LMTP" } else { "ESMTP" };
        let greeting = format!("{} {protocol} Gatepost", self.environment.hostname);
        self.say(&Reply::new(220, None, greeting));
    }

    /// Wrong commands and unknown recipients so far.
    pub fn refusals(&self) -> u32 {
        self.bad_commands
    }

    /// Whether something was refused since this was asked last.
    pub fn take_refused(&mut self) -> bool {
        std::mem::take(&mut self.refused)
    }

    /// Whether the session was ended for too many wrong commands.
    pub fn gave_up(&self) -> bool {
        self.bad_commands >= self.environment.bad_commands_max
    }

    /// What is to be sent.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// The client's name, as given in EHLO or HELO.
    pub fn client_name(&self) -> &str {
        let own = self.hello.as_ref().map_or("", |hello| &hello.name);
        self.told_hello.as_deref().unwrap_or(own)
    }

    /// Keyword for the Received header (RFC 3848, RFC 6531 section 4.3).
    pub fn with(&self) -> &'static str {
        let extended = self.hello.as_ref().is_some_and(|hello| hello.extended);
        let utf8 = self.transaction.as_ref().is_some_and(|transaction| transaction.parameters.utf8);
        match (extended, utf8, self.tls, self.signed_in) {
            _ if self.is_lmtp() => match (utf8, self.tls) {
                (false, false) => "LMTP",
                (false, true) => "LMTPS",
                (true, false) => "UTF8LMTP",
                (true, true) => "UTF8LMTPS",
            },
            (false, ..) => "SMTP",
            (true, false, false, false) => "ESMTP",
            (true, false, false, true) => "ESMTPA",
            (true, false, true, false) => "ESMTPS",
            (true, false, true, true) => "ESMTPSA",
            (true, true, false, false) => "UTF8SMTP",
            (true, true, false, true) => "UTF8SMTPA",
            (true, true, true, false) => "UTF8SMTPS",
            (true, true, true, true) => "UTF8SMTPSA",
        }
    }

    /// The transaction under way.
    pub fn transaction(&self) -> Option<&Transaction> {
        self.transaction.as_deref()
    }

    /// Whether message text is being received: another time-out holds, and memory is counted.
    pub fn in_text(&self) -> bool {
        matches!(self.state, State::Text(_) | State::Chunk(_))
    }

    /// Memory held for the message, bytes.
    pub fn held_bytes(&self) -> usize {
        self.transaction.as_ref().map_or(0, |transaction| transaction.draft.bytes.len())
    }

    /// Refuses the message being received; its text is passed over, and the reply follows at its end.
    pub fn refuse_message(&mut self, reply: Reply) {
        if let Some(transaction) = &mut self.transaction {
            transaction.fault.get_or_insert(reply);
            transaction.draft = Draft::default();
        }
    }

    /// Ends the session with a last reply.
    pub fn close(&mut self, reply: &Reply) {
        self.say(reply);
        self.state = State::Closed;
    }

    /// Takes input as far as it goes and returns what is wanted next.
    ///
    /// # Panics
    /// Never; called before an event was answered it asks to read.
    pub fn advance(&mut self, input: &mut BytesMut) -> Event {
        loop {
            let event = match &mut self.state {
                State::Closed => Some(Event::Close),
                State::Waiting(_) => Some(Event::Read),
                State::Command => self.command_line(input),
                State::OverlongLine => self.pass_over(input),
                State::AuthLine => self.auth_line(input),
                State::Text(_) => self.text(input),
                State::Chunk(_) => self.chunk(input),
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    fn command_line(&mut self, input: &mut BytesMut) -> Option<Event> {
        let Some(line) = self.line(input) else {
            return matches!(self.state, State::Command).then_some(Event::Read);
        };
        match line.strip_suffix(b"\r") {
            None => self.bad(&reply::BARE_LINE_END),
            Some(line) => match command::parse(line) {
                Ok(command) => return self.command(command, input),
                Err(reply) => self.bad(&reply),
            },
        }
        None
    }

    /// The next line without its LF; `None` when it is not complete, or too long, which changes the state.
    pub(super) fn line(&mut self, input: &mut BytesMut) -> Option<BytesMut> {
        match text::line_end(input) {
            Some(end) if end < Limits::SMTP_LINE_BYTES_MAX => {
                let line = input.split_to(end);
                input.advance(1);
                Some(line)
            }
            None if input.len() < Limits::SMTP_LINE_BYTES_MAX => None,
            _ => {
                self.state = State::OverlongLine;
                None
            }
        }
    }

    fn pass_over(&mut self, input: &mut BytesMut) -> Option<Event> {
        match text::line_end(input) {
            Some(end) => {
                input.advance(end + 1);
                self.state = State::Command;
                self.bad(&reply::LINE_TOO_LONG);
                None
            }
            None => {
                input.clear();
                Some(Event::Read)
            }
        }
    }

    fn command(&mut self, command: Command<'_>, input: &mut BytesMut) -> Option<Event> {
        match command {
            Command::Ehlo(name) => self.ehlo(name),
            Command::Helo(name) => self.helo(name),
            Command::StartTls => self.starttls(input),
            Command::Auth(mechanism, initial) => return self.auth(mechanism, initial),
            Command::Mail(path, parameters) => return self.mail(path, parameters),
            Command::Rcpt(path, parameters) => return self.rcpt(path, parameters),
            Command::Xclient(attributes) => return self.xclient(attributes),
            Command::Xheld => return self.held(None),
            Command::Xcancel(id) => return self.held(Some(id)),
            Command::Lhlo(name) => self.lhlo(name),
            Command::Data => return self.data(),
            Command::Bdat { size, last } => return self.bdat(size, last),
            Command::Rset => self.rset(),
            Command::Noop => self.say(&reply::OK),
            Command::Vrfy => self.say(&reply::VRFY),
            Command::Expn => self.bad(&reply::NOT_OFFERED),
            Command::Help => self.say(&reply::HELP),
            Command::Quit => self.close(&reply::BYE),
        }
        match self.state {
            State::Waiting(Waiting::Tls) => Some(Event::StartTls),
            _ => None,
        }
    }

    /// Says a reply.
    pub(super) fn say(&mut self, reply: &Reply) {
        reply.render(&mut self.output);
    }

    /// Says a reply to a wrong command, and ends the session when there were too many.
    pub(super) fn bad(&mut self, reply: &Reply) {
        self.say(reply);
        self.bad_commands += 1;
        self.refused = true;
        if self.bad_commands >= self.environment.bad_commands_max {
            self.close(&reply::TOO_MANY_ERRORS);
        }
    }

    /// Gives up the transaction.
    pub(super) fn reset(&mut self) {
        self.transaction = None;
        self.sender = None;
    }
}
