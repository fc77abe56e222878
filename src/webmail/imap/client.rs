//! A connection to IMAP: commands out, responses in, one at a time.

use super::{
    command::{Command, Part},
    value::{self, Value},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use std::{collections::HashSet, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::timeout,
};

/// Time one command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a response beside its literals.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of a response in all: the largest message and what is around it.
const RESPONSE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Bytes of a status response that are looked at; COPYUID of many single messages is the longest.
const STATUS_BYTES_MAX: usize = 64 * 1024;

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The connection is gone or does not answer.
    #[error("the mail service does not answer: {0}")]
    Gone(String),
    /// The ticket is not taken (any more).
    #[error("sign-in refused")]
    SignIn,
    /// `NO`: the server will not; its words, and its response code such as `NONEXISTENT`.
    #[error("{text}")]
    No {
        /// Response code in upper case, or empty.
        code: String,
        /// Human words.
        text: String,
    },
    /// `BAD`, or a response that cannot be read: a fault of ours or of the server.
    #[error("protocol fault: {0}")]
    Protocol(String),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Gone(error.to_string())
    }
}

/// What came back for a command that succeeded.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Untagged responses other than status responses, in order.
    pub(crate) data: Vec<Vec<Value>>,
    /// Code of the tagged OK, such as `APPENDUID 1 2`.
    pub(crate) code: String,
    /// Codes of untagged OKs, such as `COPYUID 1 2 3` of MOVE.
    pub(crate) codes: Vec<String>,
}

impl Done {
    /// The FETCH responses: sequence number and pairs.
    pub(crate) fn fetches(&self) -> impl DoubleEndedIterator<Item = (u32, &[Value])> {
        self.data
            .iter()
            .filter(|v| v.get(1).is_some_and(|n| n.is("FETCH")))
            .filter_map(|v| Some((u32::try_from(v[0].number()?).ok()?, v.get(2)?.list())))
    }
    /// The numbers of SEARCH responses.
    pub(crate) fn search(&self) -> Vec<u32> {
        self.data
            .iter()
            .filter(|v| v.first().is_some_and(|n| n.is("SEARCH")))
            .flat_map(|v| v[1..].iter())
            .filter_map(|n| u32::try_from(n.number()?).ok())
            .collect()
    }
    /// The words after a response code of that name, tagged or not.
    pub(crate) fn code_of(&self, name: &str) -> Option<&str> {
        let after = |code: &'_ String| -> bool { code.split(' ').next() == Some(name) };
        let code = self.codes.iter().chain([&self.code]).find(|code| after(code))?;
        Some(code.split_once(' ').map_or("", |(_, rest)| rest))
    }
    /// The responses of one name.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [Value]> {
        self.data.iter().filter(move |v| v.first().is_some_and(|n| n.is(name))).map(|v| &v[1..])
    }
}

/// The mailbox that is selected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selected {
    /// Its name.
    pub(crate) name: String,
    /// Number of messages.
    pub(crate) exists: u32,
    /// UIDVALIDITY.
    pub(crate) uid_validity: u32,
}

/// What the server says on its own while we wait.
#[derive(Debug)]
pub(crate) enum Told {
    /// The mailbox changed.
    Changed,
    /// Something of no meaning here.
    Nothing,
}

enum Response {
    Tagged { status: Status, code: String, text: String },
    Continue,
    Data,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    No,
    Bad,
    Bye,
}

/// A signed-in connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: DuplexStream,
    buffer: BytesMut,
    tag: u32,
    /// A command was begun and not finished: what comes next would be taken for another's answer.
    busy: bool,
    capabilities: HashSet<String>,
    pub(crate) selected: Option<Selected>,
}

impl Client {
    /// Reads the greeting and signs in with a ticket (RFC 7628).
    pub(crate) async fn sign_in(stream: DuplexStream, address: &str, ticket: &str) -> Result<Self, Error> {
        let mut client = Self {
            stream,
            buffer: BytesMut::with_capacity(8 * 1024),
            tag: 0,
            busy: true,
            capabilities: HashSet::new(),
            selected: None,
        };
        let greeting =
            timeout(COMMAND_TIMEOUT, client.line()).await.map_err(|_| Error::Gone("no greeting".into()))??;
        if !greeting.starts_with(b"* OK") && !greeting.starts_with(b"* PREAUTH") {
            return Err(Error::Gone(String::from_utf8_lossy(&greeting).into_owned()));
        }
        client.busy = false;
        let initial = STANDARD.encode(format!(
            "n,a={},\u{1}auth=Bearer {ticket}\u{1}\u{1}",
            address.replace('=', "=3D").replace(',', "=2C")
        ));
        match client.run(Command::new("AUTHENTICATE OAUTHBEARER").word(&initial)).await {
            Ok(_) => {
                let told = client.run(Command::new("CAPABILITY")).await?;
                client.capabilities = told
                    .named("CAPABILITY")
                    .flatten()
                    .filter_map(Value::text)
                    .map(|c| c.to_ascii_uppercase())
                    .collect();
                Ok(client)
            }
            Err(Error::No { code, .. }) if code == "UNAVAILABLE" => {
                Err(Error::Gone("sign-in is not possible at the moment".into()))
            }
            Err(Error::No { .. }) => Err(Error::SignIn),
            Err(error) => Err(error),
        }
    }

    /// Whether the connection may be used for another command.
    pub(crate) fn usable(&self) -> bool {
        !self.busy
    }

    /// Whether the server can do something, named as in CAPABILITY in upper case.
    pub(crate) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Sends a command and reads to its end.
    pub(crate) async fn run(&mut self, command: Command) -> Result<Done, Error> {
        self.busy = true;
        let outcome =
            timeout(COMMAND_TIMEOUT, self.exchange(command)).await.map_err(|_| Error::Gone("time-out".into()))?;
        if !matches!(outcome, Err(Error::Gone(_))) {
            self.busy = false;
        }
        outcome
    }

    async fn exchange(&mut self, command: Command) -> Result<Done, Error> {
        let mut done = Done::default();
        self.send(command, &mut done).await?;
        loop {
            let line = self.line().await?;
            match self.take(&line, &mut done)? {
                Response::Tagged { status, code, text } => return finish(status, code, text, done),
                // The server explains why it refuses the ticket (RFC 7628 section 3.2.2); we answer with a lone ^A.
                Response::Continue => self.stream.write_all(b"AQ==\r\n").await?,
                Response::Data => {}
            }
        }
    }

    async fn send(&mut self, command: Command, done: &mut Done) -> Result<(), Error> {
        self.tag = self.tag.wrapping_add(1);
        let mut out = format!("a{}", self.tag).into_bytes();
        out.push(b' ');
        for part in command.parts {
            match part {
                Part::Plain(text) => out.extend_from_slice(text.as_bytes()),
                Part::Literal(bytes) => {
                    let at_once = self.can("LITERAL+");
                    let plus = if at_once { "+" } else { "" };
                    out.extend_from_slice(format!("{{{}{plus}}}\r\n", bytes.len()).as_bytes());
                    if !at_once {
                        self.stream.write_all(&out).await?;
                        out.clear();
                        self.wait_to_continue(done).await?;
                    }
                    out.extend_from_slice(&bytes);
                }
            }
        }
        out.extend_from_slice(b"\r\n");
        self.stream.write_all(&out).await?;
        Ok(())
    }

    async fn wait_to_continue(&mut self, done: &mut Done) -> Result<(), Error> {
        loop {
            let line = self.line().await?;
            match self.take(&line, done)? {
                Response::Continue => return Ok(()),
                Response::Data => {}
                Response::Tagged { code, text, .. } => return Err(Error::No { code, text }),
            }
        }
    }

    /// Waits with IDLE (RFC 2177) until the server tells something, or `patience` is over.
    pub(crate) async fn idle(&mut self, patience: Duration) -> Result<Told, Error> {
        self.busy = true;
        let mut done = Done::default();
        self.send(Command::new("IDLE"), &mut done).await?;
        timeout(COMMAND_TIMEOUT, self.wait_to_continue(&mut done))
            .await
            .map_err(|_| Error::Gone("time-out".into()))??;
        let mut told = if done.data.is_empty() { Told::Nothing } else { Told::Changed };
        if matches!(told, Told::Nothing)
            && let Ok(line) = timeout(patience, self.line()).await
        {
            self.take(&line?, &mut done)?;
            if done.data.iter().any(|v| v.len() >= 2 && ["EXISTS", "EXPUNGE", "FETCH"].iter().any(|n| v[1].is(n))) {
                told = Told::Changed;
            }
        }
        self.stream.write_all(b"DONE\r\n").await?;
        loop {
            let line = timeout(COMMAND_TIMEOUT, self.line()).await.map_err(|_| Error::Gone("time-out".into()))??;
            if let Response::Tagged { status, code, text } = self.take(&line, &mut done)? {
                self.busy = false;
                return finish(status, code, text, done).map(|_| told);
            }
            told = Told::Changed;
        }
    }

    /// One response with its literals, without the final CRLF.
    async fn line(&mut self) -> Result<Bytes, Error> {
        let mut scanned = 0;
        let mut literals = 0;
        loop {
            while let Some(end) = find_line_end(&self.buffer[scanned..]).map(|at| scanned + at) {
                match literal_at_end(&self.buffer[..end], scanned) {
                    Some(length) => {
                        literals += length;
                        if literals > RESPONSE_BYTES_MAX {
                            return Err(Error::Protocol("response too large".into()));
                        }
                        scanned = end + 2 + length;
                        while self.buffer.len() < scanned {
                            self.fill(scanned - self.buffer.len()).await?;
                        }
                    }
                    None => {
                        let mut line = self.buffer.split_to(end + 2);
                        line.truncate(end);
                        return Ok(line.freeze());
                    }
                }
            }
            if self.buffer.len() - literals > LINE_BYTES_MAX {
                return Err(Error::Protocol("response line too long".into()));
            }
            self.fill(8 * 1024).await?;
        }
    }

    async fn fill(&mut self, wanted: usize) -> Result<(), Error> {
        self.buffer.reserve(wanted.max(1024));
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            return Err(Error::Gone("closed".into()));
        }
        Ok(())
    }

    /// Sorts a response: keeps data, follows the selected mailbox.
    fn take(&mut self, line: &Bytes, done: &mut Done) -> Result<Response, Error> {
        if line.starts_with(b"+") {
            return Ok(Response::Continue);
        }
        let (tag, rest) = line.iter().position(|b| *b == b' ').map_or((&line[..], 0), |at| (&line[..at], at + 1));
        let ours = tag == format!("a{}", self.tag).as_bytes();
        if !ours && tag != b"*" {
            return Err(Error::Protocol(format!("unexpected tag {}", String::from_utf8_lossy(tag))));
        }
        if let Some((status, code, text)) = status(&line[rest..]) {
            if ours {
                return Ok(Response::Tagged { status, code, text });
            }
            if status == Status::Bye {
                return Err(Error::Gone(text));
            }
            if let (Some(selected), Some(number)) = (&mut self.selected, code.strip_prefix("UIDVALIDITY ")) {
                selected.uid_validity = number.parse().unwrap_or_default();
            }
            if !code.is_empty() {
                done.codes.push(code);
            }
            return Ok(Response::Data);
        }
        let values = value::parse(&line.slice(rest..)).map_err(|e| Error::Protocol(e.to_string()))?;
        if let (Some(selected), Some(number), Some(name)) =
            (&mut self.selected, values.first().and_then(Value::number), values.get(1))
        {
            if name.is("EXISTS") {
                selected.exists = u32::try_from(number).unwrap_or(u32::MAX);
            } else if name.is("EXPUNGE") {
                selected.exists = selected.exists.saturating_sub(1);
            }
        }
        done.data.push(values);
        Ok(Response::Data)
    }
}

fn finish(status: Status, code: String, text: String, mut done: Done) -> Result<Done, Error> {
    match status {
        Status::Ok => {
            done.code = code;
            Ok(done)
        }
        Status::No => Err(Error::No { code, text }),
        Status::Bad => Err(Error::Protocol(text)),
        Status::Bye => Err(Error::Gone(text)),
    }
}

/// `OK [CODE] text` and its kin; `None` for anything else.
fn status(rest: &[u8]) -> Option<(Status, String, String)> {
    let text = std::str::from_utf8(rest.get(..rest.len().min(STATUS_BYTES_MAX))?).ok()?;
    let (word, text) = text.split_once(' ').unwrap_or((text, ""));
    let status = match word.to_ascii_uppercase().as_str() {
        "OK" | "PREAUTH" => Status::Ok,
        "NO" => Status::No,
        "BAD" => Status::Bad,
        "BYE" => Status::Bye,
        _ => return None,
    };
    let (code, text) = match text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        Some((code, text)) => (code.to_ascii_uppercase(), text.trim_start()),
        None => (String::new(), text),
    };
    Some((status, code, text.to_owned()))
}

fn find_line_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(2).position(|pair| pair == b"\r\n")
}

/// The length of the literal that a line announces at its end. `from` is where the line began: after an earlier literal.
fn literal_at_end(line: &[u8], from: usize) -> Option<usize> {
    let line = line.get(from..)?.strip_suffix(b"}")?;
    let open = line.iter().rposition(|b| *b == b'{')?;
    value::length(&line[open + 1..])
}
