//! One transaction: envelope, text, and a result for each recipient.

use super::{Connection, Error, Stage};
use crate::proto::{response::Response, text::Encoder};
use bytes::Bytes;
use mail::address::{Address, ReversePath};
use std::fmt::Write as _;
use store::{BodyId, Store, Terms, terms::Returned};

/// Bytes of a message that are held at once.
const BLOCK_BYTES: u64 = 64 * 1024;

/// Sender and recipients of one transaction.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Sender.
    pub reverse_path: ReversePath,
    /// Recipients, at most 100 (RFC 5321 section 4.5.3.1.8).
    pub recipients: Vec<RcptTo>,
    /// ENVID, RET and BY for the message as a whole.
    pub terms: Terms,
    /// The time, milliseconds since 1970, for what is left of BY.
    pub now: i64,
    /// Whether the message needs SMTPUTF8.
    pub utf8: bool,
    /// Whether the message has bytes above 127.
    pub eight_bit: bool,
}

/// One recipient with what was agreed on for it.
#[derive(Debug, Clone)]
pub struct RcptTo {
    /// Address.
    pub address: Address,
    /// NOTIFY and ORCPT.
    pub terms: Terms,
}

/// The message, read from the store while it is sent.
#[derive(Clone)]
pub struct Body {
    /// The store.
    pub store: Store,
    /// The bytes.
    pub id: BodyId,
    /// Their number.
    pub size: u64,
    /// Header fields that go in front, whole lines.
    pub front: Bytes,
}

impl Body {
    /// Bytes in all.
    pub fn bytes(&self) -> u64 {
        self.size.saturating_add(self.front.len() as u64)
    }
}

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken responsibility.
    Sent(Response),
    /// Not now.
    Deferred(Response),
    /// Never.
    Refused(Response),
}

impl Outcome {
    fn of(response: Response) -> Self {
        if response.is_success() {
            Self::Sent(response)
        } else if response.is_permanent() {
            Self::Refused(response)
        } else {
            Self::Deferred(response)
        }
    }

    /// The server's reply.
    pub fn response(&self) -> &Response {
        match self {
            Self::Sent(response) | Self::Deferred(response) | Self::Refused(response) => response,
        }
    }
}

impl Connection {
    /// Sends one message; the results stand in the order of the recipients.
    ///
    /// # Errors
    /// What ended the conversation. Then no recipient is settled, and [`Error::is_ambiguous`] tells whether the server may
    /// have the message.
    pub async fn send(&mut self, envelope: &Envelope, body: &Body) -> Result<Vec<Outcome>, Error> {
        if let Some(response) = self.unfit(envelope, body) {
            return Ok(vec![Outcome::Refused(response); envelope.recipients.len()]);
        }
        self.transactions += 1;
        let replies = self.envelope(envelope, body).await?;
        let mut outcomes: Vec<Outcome> = replies.into_iter().map(Outcome::of).collect();
        if !outcomes.iter().any(|outcome| matches!(outcome, Outcome::Sent(_))) {
            // What was said about the recipients stands, even when the server hangs up now.
            let _ = self.command("RSET\r\n", Stage::Envelope, self.timeouts.command).await;
            return Ok(outcomes);
        }
        let response = self.command("DATA\r\n", Stage::Data, self.timeouts.data).await?;
        let end = if response.code == 354 {
            self.text(body).await?
        } else if response.code < 400 {
            // 2xx to DATA is no promise that anyone has taken anything.
            return Err(Error::Refused(response, Stage::Data));
        } else {
            response
        };
        let end = Outcome::of(end);
        for outcome in outcomes.iter_mut().filter(|outcome| matches!(outcome, Outcome::Sent(_))) {
            *outcome = end.clone();
        }
        Ok(outcomes)
    }

    /// Whether the server takes a further message over this connection (RFC 9422 MAILMAX).
    pub fn takes_more(&self) -> bool {
        self.capabilities.transactions_max.is_none_or(|max| self.transactions < max)
    }

    /// Why the server cannot take the message at all, in the form of a reply.
    fn unfit(&self, envelope: &Envelope, body: &Body) -> Option<Response> {
        let refuse = |code, text: String| Some(Response { code, lines: vec![text] });
        match self.capabilities.size {
            // RFC 2852 section 4.2: who gives up at a time must know that the next server does.
            _ if envelope.terms.deliver_by.is_some_and(|by| by.give_up) && self.capabilities.deliver_by.is_none() => {
                refuse(550, "5.3.3 The message is to be given up at a time, which the server does not offer".into())
            }
            _ if envelope.terms.require_tls && !(self.verified && self.capabilities.require_tls) => {
                refuse(550, "5.7.30 The message needs REQUIRETLS, which the server does not offer".into())
            }
            Some(max) if max > 0 && body.bytes() > max => {
                refuse(552, format!("5.3.4 The message has {} bytes, the server takes {max}", body.bytes()))
            }
            _ if envelope.utf8 && !self.capabilities.utf8 => {
                refuse(553, "5.6.7 The message needs SMTPUTF8, which the server does not offer".into())
            }
            _ => None,
        }
    }

    /// MAIL and RCPTs, in one write where the server pipelines; one reply for each recipient.
    async fn envelope(&mut self, envelope: &Envelope, body: &Body) -> Result<Vec<Response>, Error> {
        let patience = self.timeouts.command;
        let mail = self.mail_command(envelope, body);
        let wire = |address: &Address| if envelope.utf8 { address.to_string() } else { address.to_wire() };
        let dsn = self.capabilities.dsn;
        let rcpts = envelope.recipients.iter().map(|rcpt| {
            let mut command = format!("RCPT TO:<{}>", wire(&rcpt.address));
            if dsn {
                notify(&rcpt.terms, &mut command);
            }
            command.push_str("\r\n");
            command
        });
        let mut replies = Vec::with_capacity(envelope.recipients.len());
        if self.capabilities.pipelining {
            let batch: String = std::iter::once(mail).chain(rcpts).collect();
            self.write(batch.as_bytes(), Stage::Envelope, patience).await?;
            let sender = self.response(Stage::Envelope, patience).await?;
            for _ in &envelope.recipients {
                let reply = self.response(Stage::Envelope, patience).await?;
                // When MAIL was refused its reply says why; those to RCPT only follow from it.
                replies.push(if sender.is_success() { reply } else { sender.clone() });
            }
        } else {
            let sender = self.command(&mail, Stage::Envelope, patience).await?;
            for rcpt in rcpts {
                let reply = match sender.is_success() {
                    true => self.command(&rcpt, Stage::Envelope, patience).await?,
                    false => sender.clone(),
                };
                replies.push(reply);
            }
        }
        match replies.iter().find(|reply| reply.code == 421) {
            Some(closing) => Err(Error::Refused(closing.clone(), Stage::Envelope)),
            None => Ok(replies),
        }
    }

    fn mail_command(&self, envelope: &Envelope, body: &Body) -> String {
        let sender = match &envelope.reverse_path.0 {
            Some(address) if envelope.utf8 => address.to_string(),
            Some(address) => address.to_wire(),
            None => String::new(),
        };
        let mut command = format!("MAIL FROM:<{sender}>");
        if self.capabilities.size.is_some() {
            command.push_str(&format!(" SIZE={}", body.bytes()));
        }
        if envelope.eight_bit && self.capabilities.eight_bit {
            command.push_str(" BODY=8BITMIME");
        }
        if envelope.utf8 {
            command.push_str(" SMTPUTF8");
        }
        if self.capabilities.dsn {
            match envelope.terms.returned {
                Some(Returned::Full) => command.push_str(" RET=FULL"),
                Some(Returned::Headers) => command.push_str(" RET=HDRS"),
                None => {}
            }
            if let Some(id) = &envelope.terms.envelope_id {
                let _ = write!(command, " ENVID={id}");
            }
        }
        if let (Some(_), Some(by)) = (self.capabilities.deliver_by, envelope.terms.deliver_by) {
            // RFC 2852 section 4: 9 digits, and with R a time that is not over.
            let least = if by.give_up { 1 } else { -999_999_999 };
            let left = (by.at.saturating_sub(envelope.now) / 1000).clamp(least, 999_999_999);
            let mode = if by.give_up { "R" } else { "N" };
            let _ = write!(command, " BY={left};{mode}{}", if by.trace { "T" } else { "" });
        }
        if envelope.terms.require_tls && self.capabilities.require_tls {
            command.push_str(" REQUIRETLS");
        }
        command.push_str("\r\n");
        command
    }

    /// The text in blocks, dot-stuffed, and the reply to its end.
    async fn text(&mut self, body: &Body) -> Result<Response, Error> {
        let mut encoder = Encoder::default();
        let mut block = Vec::new();
        let mut at = 0;
        loop {
            let end = body.size.min(at + BLOCK_BYTES);
            let bytes = body.store.body_range(body.id, at..end)?;
            block.clear();
            if at == 0 {
                encoder.encode(&body.front, &mut block);
            }
            encoder.encode(&bytes, &mut block);
            at = end;
            if at == body.size {
                encoder.finish(&mut block);
            }
            // Only once the dot is on its way can the server have taken the message.
            let stage = if at == body.size { Stage::End } else { Stage::Text };
            self.write(&block, stage, self.timeouts.block).await?;
            if at == body.size {
                break;
            }
        }
        self.response(Stage::End, self.timeouts.end).await
    }
}

/// NOTIFY and ORCPT (RFC 3461 sections 4.1 and 4.2).
fn notify(terms: &Terms, command: &mut String) {
    if let Some(notify) = terms.notify {
        let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
        let words: Vec<&str> = words.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| *word).collect();
        let list = if words.is_empty() { "NEVER".to_owned() } else { words.join(",") };
        let _ = write!(command, " NOTIFY={list}");
    }
    if let Some(original) = &terms.original_recipient {
        let _ = write!(command, " ORCPT={original}");
    }
}
