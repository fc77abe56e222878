//! XCLIENT: a trusted hop tells of the client that it speaks for (as Postfix has it; there is no RFC).
//!
//! Offered to the addresses in `[trust] xclient` only. LOGIN is not among the attributes: who signs in does so here.

use crate::{
    proto::reply::{self, Reply},
    server::session::{Event, Session, State, Waiting},
};
use std::net::IpAddr;

/// What was told of the client. What is absent stays as it was; an inner `None` is not known to the hop either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// Address.
    pub address: Option<IpAddr>,
    /// Port.
    pub port: Option<u16>,
    /// Name given in EHLO.
    pub hello: Option<String>,
    /// Name of the address in the DNS.
    pub name: Option<Option<String>>,
}

/// Longest value that is taken.
const VALUE_CHARS_MAX: usize = 255;

impl Session {
    pub(in crate::server) fn xclient(&mut self, attributes: &str) -> Option<Event> {
        if !self.environment.xclient {
            self.bad(&reply::UNKNOWN_COMMAND);
            return None;
        }
        if self.transaction.is_some() {
            self.bad(&reply::NOT_NOW);
            return None;
        }
        match parse(attributes) {
            Some(client) => {
                self.state = State::Waiting(Waiting::Client);
                Some(Event::Client(client))
            }
            None => {
                self.bad(&reply::SYNTAX_PARAMETERS);
                None
            }
        }
    }

    /// The client was taken over: the session begins anew with the greeting.
    pub fn client_taken(&mut self, client: &Client) {
        self.reset();
        self.hello = None;
        self.signed_in = false;
        if let Some(hello) = &client.hello {
            self.told_hello = Some(hello.clone());
        }
        self.state = State::Command;
        self.greet();
    }
}

/// `NAME=value ...`, values in xtext; `None` for what is no attribute.
fn parse(attributes: &str) -> Option<Client> {
    let mut client = Client::default();
    for attribute in attributes.split_ascii_whitespace() {
        let (name, value) = attribute.split_once('=')?;
        let known = !["[UNAVAILABLE]", "[TEMPUNAVAIL]"].iter().any(|none| none.eq_ignore_ascii_case(value));
        let value = mail::xtext::decode(value)?;
        let fits = !value.is_empty()
            && value.len() <= VALUE_CHARS_MAX
            && !value.contains(|c: char| c.is_control() || c == ' ');
        if !fits {
            return None;
        }
        match name.to_ascii_uppercase().as_str() {
            "ADDR" if known => {
                let bare =
                    value.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:")).map_or(&*value, |_| &value[5..]);
                client.address = Some(bare.parse().ok()?);
            }
            "PORT" if known => client.port = Some(value.parse().ok()?),
            "HELO" if known => client.hello = Some(value),
            "NAME" => client.name = Some(known.then_some(value)),
            "ADDR" | "PORT" | "HELO" | "PROTO" | "DESTADDR" | "DESTPORT" => {}
            _ => return None,
        }
    }
    Some(client)
}

/// What the EHLO reply lists.
pub(in crate::server) const ATTRIBUTES: &str = "XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT";

/// LHLO, the greeting of LMTP (RFC 2033 section 4.1), and what of EHLO does not go with it.
impl Session {
    pub(in crate::server) fn lhlo(&mut self, name: &str) {
        if self.is_lmtp() {
            self.greeted(name);
        } else {
            self.bad(&reply::UNKNOWN_COMMAND);
        }
    }

    /// Whether this is LMTP, where each recipient has a reply of its own after the text.
    pub(in crate::server) fn is_lmtp(&self) -> bool {
        self.environment.service == super::super::Service::Lmtp
    }

    /// Says a reply to a whole message: once, or in LMTP once for each recipient (RFC 2033 section 4.2).
    pub(in crate::server) fn say_of_message(&mut self, reply: &Reply, recipients: usize) {
        let times = if self.is_lmtp() { recipients.max(1) } else { 1 };
        for _ in 0..times {
            self.say(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read() {
        let client = parse("ADDR=192.0.2.7 PORT=4711 HELO=a.example.org NAME=[UNAVAILABLE] PROTO=ESMTP").unwrap();
        assert_eq!(client.address, Some("192.0.2.7".parse().unwrap()));
        assert_eq!((client.port, client.hello.as_deref()), (Some(4711), Some("a.example.org")));
        assert_eq!(client.name, Some(None));
        assert_eq!(parse("ADDR=IPV6:2001:db8::1").unwrap().address, Some("2001:db8::1".parse().unwrap()));
        for wrong in ["ADDR", "ADDR=x", "LOGIN=alice", "PORT=70000", "HELO=a+0Ab", "NAME="] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
