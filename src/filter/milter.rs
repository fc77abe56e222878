//! Milters: programs beside us that judge by a protocol of Sendmail's, version 6. We are the mail server's side.
//!
//! A milter is shown a whole message with its envelope when the text has come, so one connection serves one message. What it
//! may do is negotiated: it may add, change and delete header fields, and accept, refuse, defer, discard or put aside. Discarding is taken as
//! putting aside: mail that was acknowledged does not vanish.

mod packet;

use config::{
    Limits,
    settings::filter::{Endpoint, Failure, Milter},
};
use packet::{Answer, Negotiated};
use std::{io, net::IpAddr};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    time::timeout,
};

pub use packet::{Packet, decode};

/// Octets of the body in one packet (`MILTER_CHUNK_SIZE`).
const CHUNK_BYTES: usize = 65_535;
/// Packets that one answer may have: fields added, and signs of life.
const PACKETS_MAX: usize = 1000;
/// Fields that a milter may add.
const FIELDS_MAX: usize = 50;

/// What a milter says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MilterFact {
    /// Its name in the configuration.
    pub name: String,
    /// What it wants.
    pub wish: Wish,
    /// Header fields that it adds: name and value.
    pub fields: Vec<(String, String)>,
    /// Header fields of the message that it takes out: name and number, from 1.
    pub removed: Vec<(String, u32)>,
}

/// What a milter wants done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Wish {
    /// Nothing.
    #[default]
    Accept,
    /// Put the message aside.
    PutAside,
    /// Ask for it later, in these words.
    Defer(String),
    /// Refuse it, in these words.
    Reject(String),
    /// It gave no answer, for this reason. `true`: the message is to come again then.
    Failed(String, bool),
}

/// A message with its envelope, as milters see it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The client.
    pub client: IpAddr,
    /// Its name, where it has one.
    pub client_name: &'a str,
    /// The name it gave.
    pub helo: &'a str,
    /// Our name.
    pub hostname: &'a str,
    /// Envelope sender, without brackets.
    pub sender: &'a str,
    /// Envelope recipients.
    pub recipients: &'a [String],
    /// Id of the message.
    pub id: &'a str,
    /// Its bytes.
    pub message: &'a [u8],
}

/// Asks a milter.
pub async fn ask(milter: &Milter, shown: Shown<'_>) -> MilterFact {
    let defer = milter.failure == Failure::Defer;
    let failed = |why: String, defer| MilterFact {
        name: milter.name.clone(),
        wish: Wish::Failed(why, defer),
        ..MilterFact::default()
    };
    if shown.message.len() > Limits::SCAN_BYTES_MAX {
        return failed("the message is too large for it".to_owned(), false);
    }
    let exchange = async {
        match &milter.address {
            Endpoint::Unix(path) => Talk::new(UnixStream::connect(path).await?).run(shown).await,
            Endpoint::Tcp(address) => Talk::new(TcpStream::connect(address).await?).run(shown).await,
        }
    };
    match timeout(milter.timeout, exchange).await {
        Ok(Ok(fact)) => MilterFact { name: milter.name.clone(), ..fact },
        Ok(Err(error)) => failed(error.to_string(), defer),
        Err(_) => failed("no answer in time".to_owned(), defer),
    }
}

struct Talk<S> {
    stream: S,
    negotiated: Negotiated,
    fields: Vec<(String, String)>,
    removed: Vec<(String, u32)>,
    put_aside: bool,
}

/// How an answer ends the conversation before its end; `None` goes on.
type Ending = Option<Wish>;

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    fn new(stream: S) -> Self {
        Self { stream, negotiated: Negotiated::default(), fields: Vec::new(), removed: Vec::new(), put_aside: false }
    }

    async fn run(mut self, shown: Shown<'_>) -> io::Result<MilterFact> {
        let wish = self.converse(shown).await?;
        let _ = self.send(b'Q', &[]).await;
        let wish = match wish {
            Wish::Accept if self.put_aside => Wish::PutAside,
            wish => wish,
        };
        Ok(MilterFact { name: String::new(), wish, fields: self.fields, removed: self.removed })
    }

    async fn converse(&mut self, shown: Shown<'_>) -> io::Result<Wish> {
        self.send(b'O', &packet::offer()).await?;
        let Packet { command: b'O', data } = self.receive().await? else {
            return Err(odd("it does not negotiate"));
        };
        self.negotiated = Negotiated::read(&data).ok_or_else(|| odd("it negotiates another version"))?;
        let macros = [("j", shown.hostname), ("{daemon_name}", "gatepost"), ("v", "Gatepost")];
        self.send(b'D', &packet::macros(b'C', &macros)).await?;
        let steps = [(b'C', packet::connect(shown.client_name, shown.client)), (b'H', packet::strings(&[shown.helo]))];
        for (command, data) in steps {
            if let Some(wish) = self.step(command, &data).await? {
                return Ok(wish);
            }
        }
        self.send(b'D', &packet::macros(b'M', &[("i", shown.id), ("{mail_addr}", shown.sender)])).await?;
        if let Some(wish) = self.step(b'M', &packet::strings(&[&format!("<{}>", shown.sender)])).await? {
            return Ok(wish);
        }
        for recipient in shown.recipients {
            self.send(b'D', &packet::macros(b'R', &[("{rcpt_addr}", recipient)])).await?;
            // A recipient that a milter does not like has been taken by then; the milter says so again at the end.
            self.step(b'R', &packet::strings(&[&format!("<{recipient}>")])).await?;
        }
        if let Some(wish) = self.step(b'T', &[]).await? {
            return Ok(wish);
        }
        self.text(shown.message).await
    }

    async fn text(&mut self, message: &[u8]) -> io::Result<Wish> {
        for field in mail::header::spans(message) {
            let value = String::from_utf8_lossy(field.value).replace("\r\n", "\n");
            let value =
                if self.negotiated.leading_space { value.as_str() } else { value.trim_start_matches([' ', '\t']) };
            let name = String::from_utf8_lossy(field.name);
            if let Some(wish) = self.step(b'L', &packet::strings(&[&name, value])).await? {
                return Ok(wish);
            }
        }
        if let Some(wish) = self.step(b'N', &[]).await? {
            return Ok(wish);
        }
        let body = &message[mail::header::header_length(message)..];
        for chunk in body.chunks(CHUNK_BYTES) {
            if let Some(wish) = self.step(b'B', chunk).await? {
                return Ok(wish);
            }
        }
        self.send(b'E', &[]).await?;
        Ok(self.answer(true).await?.unwrap_or_default())
    }

    /// Sends a step unless the milter does not want it, and hears the answer unless it gives none.
    async fn step(&mut self, command: u8, data: &[u8]) -> io::Result<Ending> {
        if !self.negotiated.wants(command) {
            return Ok(None);
        }
        self.send(command, data).await?;
        if self.negotiated.is_silent(command) { Ok(None) } else { self.answer(false).await }
    }

    async fn answer(&mut self, at_end: bool) -> io::Result<Ending> {
        for _ in 0..PACKETS_MAX {
            let packet = self.receive().await?;
            match packet.answer().ok_or_else(|| odd("its answer cannot be understood"))? {
                Answer::Continue | Answer::Skip => return Ok(None),
                Answer::Accept => return Ok(Some(Wish::Accept)),
                Answer::Discard => return Ok(Some(Wish::PutAside)),
                Answer::Reject => return Ok(Some(Wish::Reject(String::new()))),
                Answer::TempFail => return Ok(Some(Wish::Defer(String::new()))),
                Answer::Reply(text) if text.starts_with('4') => return Ok(Some(Wish::Defer(text))),
                Answer::Reply(text) => return Ok(Some(Wish::Reject(text))),
                Answer::PutAside => self.put_aside = true,
                Answer::AddField(name, value) if at_end && self.fields.len() < FIELDS_MAX => {
                    self.fields.push((name, value));
                }
                Answer::ChangeField(number, name, value) if at_end && self.removed.len() < FIELDS_MAX => {
                    if !value.is_empty() {
                        self.fields.push((name.clone(), value));
                    }
                    self.removed.push((name, number));
                }
                Answer::AddField(..) | Answer::ChangeField(..) | Answer::Progress | Answer::Other => {}
            }
        }
        Err(odd("it does not come to an end"))
    }

    async fn send(&mut self, command: u8, data: &[u8]) -> io::Result<()> {
        self.stream.write_all(&packet::encode(command, data)).await?;
        self.stream.flush().await
    }

    async fn receive(&mut self) -> io::Result<Packet> {
        let length = self.stream.read_u32().await? as usize;
        if length == 0 || length > packet::PACKET_BYTES_MAX {
            return Err(odd("its packet is of no allowed length"));
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await?;
        let command = bytes.remove(0);
        Ok(Packet { command, data: bytes })
    }
}

fn odd(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
