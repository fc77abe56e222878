//! MAIL, RCPT and RSET (RFC 5321 sections 4.1.1.2, 4.1.1.3 and 4.1.1.5).

use crate::{
    intake::Recipient,
    proto::{
        parameters::{MailParameters, RcptParameters},
        path::Path,
        reply::{self, Reply},
    },
    server::{
        Service,
        session::{Event, Session, State, Transaction, Waiting},
    },
};
use mail::address::ReversePath;

impl Session {
    pub(in crate::server) fn mail(&mut self, path: Path, parameters: MailParameters) -> Option<Event> {
        let (reverse_path, refusal) = match path {
            Path::Null => (ReversePath::default(), None),
            Path::Postmaster => (ReversePath::default(), Some(reply::BAD_SENDER)),
            Path::Mailbox(address) if address.is_utf8() && !parameters.utf8 => {
                (ReversePath::default(), Some(reply::NEED_UTF8))
            }
            Path::Mailbox(address) => (ReversePath(Some(address)), None),
        };
        let too_large = parameters.size.is_some_and(|size| size > self.environment.message_bytes_max as u64);
        let foreign = parameters.hold.is_some() && self.environment.service != Service::Submission;
        // RFC 8689 section 4.1: only over TLS; it is not offered otherwise.
        let foreign = foreign || (parameters.require_tls && !self.offers_require_tls());
        let refusal = if self.hello.is_none() {
            Some(reply::NEED_HELLO)
        } else if self.environment.service == Service::Submission && !self.signed_in {
            Some(reply::SIGN_IN_FIRST)
        } else if foreign {
            Some(reply::UNKNOWN_PARAMETER)
        } else if self.transaction.is_some() {
            Some(reply::NESTED_MAIL)
        } else if refusal.is_none() && too_large {
            Some(reply::TOO_LARGE)
        } else {
            refusal
        };
        if let Some(reply) = refusal {
            self.bad(&reply);
            return None;
        }
        self.sender = Some((reverse_path.clone(), parameters.clone()));
        self.state = State::Waiting(Waiting::Sender);
        Some(Event::Sender(reverse_path, parameters))
    }

    /// What was found of the sender.
    ///
    /// # Errors
    /// `result` holds the reply that refuses it.
    pub fn answer_sender(&mut self, result: Result<(), Reply>) {
        self.state = State::Command;
        match (result, self.sender.take()) {
            (Ok(()), Some((reverse_path, parameters))) => {
                self.transaction = Some(Box::new(Transaction { reverse_path, parameters, ..Transaction::default() }));
                self.say(&reply::SENDER_OK);
            }
            (Err(reply), _) => self.bad(&reply),
            (Ok(()), None) => self.bad(&reply::NEED_MAIL),
        }
    }

    /// REQUIRETLS is offered over TLS alone (RFC 8689 section 2).
    pub(in crate::server) fn offers_require_tls(&self) -> bool {
        self.tls && !self.is_lmtp()
    }

    pub(in crate::server) fn rcpt(&mut self, path: Path, parameters: RcptParameters) -> Option<Event> {
        let utf8_address = matches!(&path, Path::Mailbox(address) if address.is_utf8());
        let refusal = match &self.transaction {
            None if self.hello.is_none() => Some(reply::NEED_HELLO),
            None if self.environment.service == Service::Submission && !self.signed_in => Some(reply::SIGN_IN_FIRST),
            None => Some(reply::NEED_MAIL),
            Some(transaction) if transaction.stamp.is_some() => Some(reply::NOT_NOW),
            Some(transaction) if utf8_address && !transaction.parameters.utf8 => Some(reply::NEED_UTF8),
            Some(transaction) if transaction.recipients.len() >= self.environment.recipients_max => {
                // Not counted as a wrong command: the client may well have this many and send them later.
                self.say(&reply::TOO_MANY_RECIPIENTS);
                return None;
            }
            Some(_) => None,
        };
        if let Some(reply) = refusal {
            self.bad(&reply);
            return None;
        }
        self.state = State::Waiting(Waiting::Recipient);
        Some(Event::Recipient(path, parameters))
    }

    /// What was found of the recipient. Unknown recipients count as wrong commands, which bounds address harvesting.
    ///
    /// # Errors
    /// `result` holds the reply that refuses it.
    pub fn answer_recipient(&mut self, result: Result<Recipient, Reply>) {
        self.state = State::Command;
        match (result, self.transaction.as_mut()) {
            (Ok(recipient), Some(transaction)) => {
                transaction.recipients.push(recipient);
                self.say(&reply::RECIPIENT_OK);
            }
            (Err(reply), Some(transaction)) => {
                transaction.refused = true;
                if reply.code < 500 { self.say(&reply) } else { self.bad(&reply) }
            }
            (_, None) => self.bad(&reply::NEED_MAIL),
        }
    }

    pub(in crate::server) fn rset(&mut self) {
        self.reset();
        self.say(&reply::OK);
    }
}
