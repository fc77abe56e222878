//! DATA (RFC 5321 section 4.1.1.4) and BDAT (RFC 3030).

use crate::{
    intake::Draft,
    proto::{
        reply::{self, Reply},
        text::{Decoder, Fault},
    },
    server::session::{Event, Session, State, Transaction, Waiting},
};
use bytes::{Buf, BytesMut};
use config::Limits;
use memchr::memchr2;
use store::TraceId;

/// A BDAT chunk being received.
#[derive(Debug)]
pub(in crate::server) struct Chunk {
    left: u64,
    size: u64,
    last: bool,
    /// Set when the chunk is only passed over; said at its end.
    refused: Option<Reply>,
}

impl Session {
    pub(in crate::server) fn data(&mut self) -> Option<Event> {
        let refusal = self.text_refusal().or_else(|| {
            self.transaction
                .as_ref()
                .is_some_and(|transaction| transaction.stamp.is_some())
                .then_some(reply::MIXED_DATA)
        });
        if let Some(reply) = refusal {
            self.bad(&reply);
            return None;
        }
        self.state = State::Waiting(Waiting::Data);
        Some(Event::Begin)
    }

    pub(in crate::server) fn bdat(&mut self, size: u64, last: bool) -> Option<Event> {
        let message_bytes_max = self.environment.message_bytes_max as u64;
        if size > message_bytes_max.saturating_mul(2) {
            // Passing over so much would serve nobody.
            self.close(&reply::TOO_LARGE);
            return None;
        }
        if let Some(reply) = self.text_refusal() {
            self.state = State::Chunk(Chunk { left: size, size, last, refused: Some(reply) });
            return None;
        }
        if self.transaction.as_ref().is_some_and(|transaction| transaction.stamp.is_some()) {
            self.state = State::Chunk(Chunk { left: size, size, last, refused: None });
            return None;
        }
        self.state = State::Waiting(Waiting::Chunk { size, last });
        Some(Event::Begin)
    }

    fn text_refusal(&self) -> Option<Reply> {
        match &self.transaction {
            None if self.hello.is_none() => Some(reply::NEED_HELLO),
            None => Some(reply::NEED_MAIL),
            Some(transaction) if transaction.recipients.is_empty() && transaction.refused => {
                Some(reply::NO_VALID_RECIPIENTS)
            }
            Some(transaction) if transaction.recipients.is_empty() => Some(reply::NEED_RCPT),
            Some(_) => None,
        }
    }

    /// The message may come, with these headers in front; or not now.
    ///
    /// # Errors
    /// `result` holds the reply that refuses it.
    pub fn answer_begin(&mut self, result: Result<(Draft, TraceId, i64), Reply>) {
        let State::Waiting(waiting) = self.state else { return };
        let refused = match (result, &mut self.transaction) {
            (Ok((draft, trace, at)), Some(transaction)) => {
                transaction.draft = draft;
                transaction.stamp = Some((trace, at));
                None
            }
            (Err(reply), _) => Some(reply),
            (Ok(_), None) => Some(reply::NEED_MAIL),
        };
        self.state = match (waiting, refused) {
            (Waiting::Chunk { size, last }, refused) => {
                if refused.is_some() {
                    self.reset();
                }
                State::Chunk(Chunk { left: size, size, last, refused })
            }
            (_, Some(reply)) => {
                self.say(&reply);
                self.reset();
                State::Command
            }
            (_, None) => {
                self.say(&reply::SEND_TEXT);
                State::Text(Decoder::new(Limits::TEXT_LINE_BYTES_MAX))
            }
        };
    }

    /// Takes text up to the final dot.
    pub(in crate::server) fn text(&mut self, input: &mut BytesMut) -> Option<Event> {
        let message_bytes_max = self.environment.message_bytes_max as u64;
        let (State::Text(decoder), Some(transaction)) = (&mut self.state, &mut self.transaction) else {
            self.state = State::Command;
            return None;
        };
        let keep = transaction.fault.is_none();
        let (consumed, ended) = decoder.decode(input, &mut transaction.draft.bytes, keep);
        input.advance(consumed);
        transaction.bytes = decoder.bytes();
        let fault = match decoder.fault() {
            Some(Fault::Bare) => Some(reply::BARE_IN_TEXT),
            Some(Fault::Line) => Some(reply::TEXT_LINE_TOO_LONG),
            None if transaction.bytes > message_bytes_max => Some(reply::TOO_LARGE),
            None => None,
        };
        let beyond_patience = transaction.bytes > message_bytes_max.saturating_mul(2);
        if let Some(reply) = fault {
            self.refuse_message(reply);
        }
        if beyond_patience {
            self.close(&reply::TOO_LARGE);
            return None;
        }
        if ended { self.finish_message() } else { Some(Event::Read) }
    }

    /// Takes octets of a chunk.
    pub(in crate::server) fn chunk(&mut self, input: &mut BytesMut) -> Option<Event> {
        let message_bytes_max = self.environment.message_bytes_max as u64;
        let State::Chunk(chunk) = &mut self.state else { return None };
        let take = usize::try_from(chunk.left).unwrap_or(usize::MAX).min(input.len());
        chunk.left -= take as u64;
        let octets = input.split_to(take);
        let (left, size, last) = (chunk.left, chunk.size, chunk.last);
        let refused = chunk.refused.clone();
        if refused.is_none()
            && let Some(transaction) = &mut self.transaction
        {
            transaction.bytes += take as u64;
            transaction.take_octets(&octets, left == 0 && last);
            if transaction.bytes > message_bytes_max {
                self.refuse_message(reply::TOO_LARGE);
            }
        }
        if left > 0 {
            return Some(Event::Read);
        }
        self.state = State::Command;
        match refused {
            Some(reply) => {
                self.bad(&reply);
                None
            }
            None if last => self.finish_message(),
            None => {
                self.say(&Reply::new(250, Some([2, 0, 0]), format!("{size} octets received")));
                None
            }
        }
    }

    fn finish_message(&mut self) -> Option<Event> {
        self.state = State::Command;
        let mut transaction = self.transaction.take()?;
        match transaction.fault.take() {
            // What follows may have been meant to be read as commands: nothing more is read.
            Some(reply) if reply == reply::BARE_IN_TEXT => self.close(&reply),
            Some(reply) => self.say_of_message(&reply, transaction.recipients.len()),
            None => {
                self.answering = transaction.recipients.len();
                self.state = State::Waiting(Waiting::Message);
                return Some(Event::Message(transaction));
            }
        }
        None
    }

    /// What became of the message.
    pub fn answer_message(&mut self, reply: &Reply) {
        self.state = State::Command;
        self.say_of_message(reply, self.answering);
    }
}

impl Transaction {
    /// Keeps octets of a chunk; without BINARYMIME, which is not offered, they are lines that end in CRLF.
    fn take_octets(&mut self, octets: &[u8], last: bool) {
        if self.fault.is_some() {
            return;
        }
        let mut rest = octets;
        let mut bare = false;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            match rest.strip_prefix(b"\n") {
                Some(after) => rest = after,
                None => bare = true,
            }
        }
        while let Some(at) = memchr2(b'\r', b'\n', rest) {
            match (rest[at], rest.get(at + 1)) {
                (b'\r', Some(b'\n')) => rest = &rest[at + 2..],
                (b'\r', None) => {
                    self.after_cr = true;
                    break;
                }
                _ => {
                    bare = true;
                    break;
                }
            }
        }
        if bare || (last && self.after_cr) {
            self.fault = Some(reply::BARE_IN_CHUNK);
            self.draft = Draft::default();
        } else {
            self.draft.bytes.extend_from_slice(octets);
        }
    }
}
