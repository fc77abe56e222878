//! AUTH (RFC 4954).

use crate::{
    proto::reply::{self, Reply},
    server::session::{AuthAnswer, Event, Session, State, Waiting},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::BytesMut;

impl Session {
    /// `AUTH mechanism [initial-response]`
    pub(in crate::server) fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> Option<Event> {
        let offered = |list: &[&str]| list.iter().any(|name| name.eq_ignore_ascii_case(mechanism));
        let refusal = if self.environment.service != super::super::Service::Submission {
            Some(reply::NOT_OFFERED)
        } else if self.hello.is_none() {
            Some(reply::NEED_HELLO)
        } else if self.signed_in || self.transaction.is_some() {
            Some(reply::NOT_NOW)
        } else if offered(self.mechanisms()) {
            None
        } else if offered(self.environment.mechanisms_secure) {
            Some(reply::NEED_TLS)
        } else {
            Some(reply::UNKNOWN_MECHANISM)
        };
        if let Some(reply) = refusal {
            self.bad(&reply);
            return None;
        }
        let initial = match initial {
            None => None,
            Some("=") => Some(Vec::new()),
            Some(text) => match STANDARD.decode(text) {
                Ok(bytes) => Some(bytes),
                Err(_) => {
                    self.bad(&reply::BAD_BASE64);
                    return None;
                }
            },
        };
        self.state = State::Waiting(Waiting::Auth);
        Some(Event::AuthBegin(mechanism.to_ascii_uppercase(), initial))
    }

    /// A line in answer to a challenge.
    pub(in crate::server) fn auth_line(&mut self, input: &mut BytesMut) -> Option<Event> {
        let Some(line) = self.line(input) else {
            return matches!(self.state, State::AuthLine).then_some(Event::Read);
        };
        let answer = match line.strip_suffix(b"\r") {
            None => Err(reply::BARE_LINE_END),
            Some(b"*") => Err(reply::AUTH_CANCELLED),
            Some(text) => STANDARD.decode(text).map_err(|_| reply::BAD_BASE64),
        };
        match answer {
            Ok(bytes) => {
                self.state = State::Waiting(Waiting::Auth);
                Some(Event::AuthResponse(bytes))
            }
            Err(reply) => {
                self.state = State::Command;
                self.bad(&reply);
                None
            }
        }
    }

    /// What came of the last step of a sign-in.
    pub fn answer_auth(&mut self, answer: AuthAnswer) {
        match answer {
            AuthAnswer::Challenge(bytes) => {
                self.say(&Reply::new(334, None, STANDARD.encode(bytes)));
                self.state = State::AuthLine;
            }
            AuthAnswer::Done => {
                self.signed_in = true;
                self.state = State::Command;
                self.say(&reply::SIGNED_IN);
            }
            AuthAnswer::Refused(reply) => {
                self.state = State::Command;
                self.bad(&reply);
            }
        }
    }
}
