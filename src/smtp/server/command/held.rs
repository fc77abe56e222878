//! XHELD and XCANCEL: messages that an account has submitted for a later time (RFC 4865), which it may list and call back.
//!
//! RFC 4865 has no way to cancel, and a person who undoes or reschedules a message needs one. Both commands are for who has
//! signed in; the id of a message is the one in the reply to its text (`250 2.0.0 queued as ID`).

use crate::{
    proto::reply::{self, Reply},
    server::{
        Service,
        session::{Event, Session, State, Waiting},
    },
};
use store::TraceId;

/// A question about held messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Which there are.
    List,
    /// Call this one back.
    Cancel(TraceId),
}

impl Session {
    pub(in crate::server) fn held(&mut self, id: Option<&str>) -> Option<Event> {
        let refusal = if self.environment.service != Service::Submission {
            Some(reply::UNKNOWN_COMMAND)
        } else if !self.signed_in {
            Some(reply::SIGN_IN_FIRST)
        } else if self.transaction.is_some() {
            Some(reply::NOT_NOW)
        } else {
            None
        };
        let question = match id {
            None => Some(Held::List),
            Some(id) => id.parse().ok().map(Held::Cancel),
        };
        match (refusal, question) {
            (None, Some(question)) => {
                self.state = State::Waiting(Waiting::Held);
                return Some(Event::Held(question));
            }
            (Some(reply), _) => self.bad(&reply),
            (None, None) => self.bad(&reply::SYNTAX_PARAMETERS),
        }
        None
    }

    /// The answer to [`Event::Held`].
    pub fn answer_held(&mut self, reply: &Reply) {
        self.state = State::Command;
        self.say(reply);
    }
}
