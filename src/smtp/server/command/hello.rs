//! EHLO, HELO (RFC 5321 section 4.1.1.1) and STARTTLS (RFC 3207).

use crate::{
    proto::reply::{self, Reply},
    server::{
        Service,
        command::trusted,
        session::{Session, State, Waiting},
    },
};
use bytes::BytesMut;
use config::Limits;

/// What the client said of itself.
#[derive(Debug, Clone)]
pub(in crate::server) struct Hello {
    pub(in crate::server) name: String,
    /// EHLO rather than HELO.
    pub(in crate::server) extended: bool,
}

impl Session {
    pub(in crate::server) fn ehlo(&mut self, name: &str) {
        // RFC 2033 section 4.1: LMTP servers must not take EHLO or HELO.
        if self.is_lmtp() { self.bad(&reply::UNKNOWN_COMMAND) } else { self.greeted(name) }
    }

    /// Says what is offered.
    pub(in crate::server) fn greeted(&mut self, name: &str) {
        self.reset();
        self.hello = Some(Hello { name: name.to_owned(), extended: true });
        let mut text = self.environment.hostname.clone();
        text.push_str("\nPIPELINING"); // RFC 2920
        text.push_str("\nSIZE "); // RFC 1870
        text.push_str(&self.environment.message_bytes_max.to_string());
        text.push_str("\n8BITMIME"); // RFC 6152
        text.push_str("\nSMTPUTF8"); // RFC 6531
        text.push_str("\nENHANCEDSTATUSCODES"); // RFC 2034
        text.push_str("\nCHUNKING"); // RFC 3030
        text.push_str("\nDSN"); // RFC 3461
        text.push_str("\nDELIVERBY"); // RFC 2852
        text.push_str("\nLIMITS RCPTMAX="); // RFC 9422
        text.push_str(&self.environment.recipients_max.to_string());
        if self.environment.service == Service::Submission {
            let (seconds, last) = (Limits::FUTURE_RELEASE_MAX.as_secs(), Limits::FUTURE_RELEASE_LAST);
            text.push_str(&format!("\nFUTURERELEASE {seconds} {last}")); // RFC 4865
            text.push_str("\nXHELD");
        }
        if self.offers_require_tls() {
            text.push_str("\nREQUIRETLS"); // RFC 8689
        }
        if self.environment.xclient {
            text.push('\n');
            text.push_str(trusted::ATTRIBUTES);
        }
        if self.may_start_tls() {
            text.push_str("\nSTARTTLS"); // RFC 3207
        }
        let mechanisms = self.mechanisms();
        if !mechanisms.is_empty() && !self.signed_in {
            text.push_str("\nAUTH"); // RFC 4954
            for mechanism in mechanisms {
                text.push(' ');
                text.push_str(mechanism);
            }
        }
        self.say(&Reply::new(250, None, text));
    }

    pub(in crate::server) fn helo(&mut self, name: &str) {
        if self.is_lmtp() {
            self.bad(&reply::UNKNOWN_COMMAND);
            return;
        }
        self.reset();
        self.hello = Some(Hello { name: name.to_owned(), extended: false });
        let text = self.environment.hostname.clone();
        self.say(&Reply::new(250, None, text));
    }

    /// Mechanisms that can be used now: on submission only.
    pub(in crate::server) fn mechanisms(&self) -> &'static [&'static str] {
        match self.environment.service {
            Service::Mx | Service::Lmtp => &[],
            Service::Submission if self.secure => self.environment.mechanisms_secure,
            Service::Submission => self.environment.mechanisms,
        }
    }

    fn may_start_tls(&self) -> bool {
        self.environment.starttls && !self.tls
    }

    pub(in crate::server) fn starttls(&mut self, input: &mut BytesMut) {
        if !self.may_start_tls() {
            let reply = if self.tls { reply::NOT_NOW } else { reply::NOT_OFFERED };
            self.bad(&reply);
        } else if self.transaction.is_some() {
            self.bad(&reply::NOT_NOW);
        } else if !input.is_empty() {
            // An attacker on the way may have put commands here, to be run as if they had come through TLS.
            input.clear();
            self.close(&reply::STARTTLS_INJECTION);
        } else {
            self.say(&reply::BEGIN_TLS);
            self.state = State::Waiting(Waiting::Tls);
        }
    }

    /// TLS has begun: all that was known of the client is forgotten (RFC 3207 section 4.2).
    pub fn tls_started(&mut self) {
        self.reset();
        self.hello = None;
        self.signed_in = false;
        self.secure = true;
        self.tls = true;
        self.state = State::Command;
    }
}
