//! SASL mechanisms (RFC 4422) that SMTP and IMAP share. The exchange is sans-IO: the caller carries the base64 lines.
//!
//! PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), SCRAM-SHA-256 (RFC 5802, RFC 7677), and for tickets OAUTHBEARER
//! (RFC 7628) and XOAUTH2. The code is ours because checking a password waits for a hash on another thread, which the
//! synchronous callbacks of the library at hand cannot do.
//!
//! Layout: `scram` the keys and messages of SCRAM; `bearer` the messages that carry tickets.

mod bearer;
pub(crate) mod scram;

use crate::{
    Directory, Login, Protocol, SignInError, Ticket, random,
    row::{self, Records as _},
    sign_in::Attempt,
};
use std::net::IpAddr;

/// Bytes of one client message.
const MESSAGE_BYTES_MAX: usize = 8192;
const SECRET_KEY: &[u8] = b"dir/scram-secret";

/// What the caller does next.
#[derive(Debug)]
pub enum Step {
    /// Send this challenge and give the answer to [`Exchange::step`].
    Challenge(Vec<u8>),
    /// Signed in. SCRAM's last server message, if any, is sent as a challenge first, whose answer is empty.
    Done(Box<Login>),
}

/// Why an exchange ends.
#[derive(Debug, thiserror::Error)]
pub enum SaslError {
    /// Not a mechanism offered here.
    #[error("unknown mechanism")]
    Unknown,
    /// The client's message is not what the mechanism says.
    #[error("malformed {0} message")]
    Malformed(&'static str),
    /// The sign-in failed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

/// One exchange.
pub struct Exchange {
    directory: Directory,
    client: IpAddr,
    protocol: Protocol,
    state: State,
    /// What a mechanism for tickets was given.
    ticket: Option<Ticket>,
}

enum State {
    Plain,
    LoginName,
    LoginPassword(String),
    ScramFirst,
    ScramFinal(Box<(scram::Server, Attempt)>),
    /// SCRAM's proof was right; the client answers our proof with nothing.
    ScramEnd(Box<Login>),
    Bearer(bearer::Kind),
    /// The ticket was refused; the client answers the reason with nothing.
    BearerEnd,
    Over,
}

/// Mechanisms to announce. `secure`: the connection cannot be read on the way, or is loopback where that is allowed.
/// Tickets (OAUTHBEARER, XOAUTH2) are announced and taken on trusted hops only.
pub fn mechanisms(secure: bool, trusted: bool) -> &'static [&'static str] {
    match (secure, trusted) {
        (_, true) => &["SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"],
        (true, false) => &["SCRAM-SHA-256", "PLAIN", "LOGIN"],
        (false, false) => &[],
    }
}

impl Exchange {
    /// Begins an exchange.
    ///
    /// # Errors
    /// [`SaslError::Unknown`]
    pub fn new(
        directory: &Directory,
        mechanism: &str,
        client: IpAddr,
        trusted: bool,
        protocol: Protocol,
    ) -> Result<Self, SaslError> {
        let state = match (mechanism.to_ascii_uppercase().as_str(), trusted) {
            ("PLAIN", _) => State::Plain,
            ("LOGIN", _) => State::LoginName,
            ("SCRAM-SHA-256", _) => State::ScramFirst,
            ("OAUTHBEARER", true) => State::Bearer(bearer::Kind::OAuthBearer),
            ("XOAUTH2", true) => State::Bearer(bearer::Kind::XOAuth2),
            _ => return Err(SaslError::Unknown),
        };
        Ok(Self { directory: directory.clone(), client, protocol, state, ticket: None })
    }

    /// Takes the client's message (`None`: no initial response was given) and says what comes next.
    ///
    /// # Errors
    /// See [`SaslError`]. The exchange is over then.
    pub async fn step(&mut self, message: Option<&[u8]>) -> Result<Step, SaslError> {
        if message.is_some_and(|message| message.len() > MESSAGE_BYTES_MAX) {
            self.state = State::Over;
            return Err(SaslError::Malformed("too long"));
        }
        match (std::mem::replace(&mut self.state, State::Over), message) {
            (State::LoginName, None) => {
                self.state = State::LoginName;
                Ok(Step::Challenge(b"Username:".to_vec()))
            }
            (State::LoginName, Some(name)) => {
                self.state = State::LoginPassword(text(name, "LOGIN")?.to_owned());
                Ok(Step::Challenge(b"Password:".to_vec()))
            }
            (State::LoginPassword(name), Some(password)) => self.password(&name, text(password, "LOGIN")?).await,
            (State::Plain, Some(message)) => {
                let (name, password) = plain(message)?;
                self.password(name, password).await
            }
            (State::ScramFirst, Some(message)) => self.scram_first(message).await,
            (State::ScramFinal(exchange), Some(message)) => self.scram_final(*exchange, message),
            (State::ScramEnd(login), Some([])) => Ok(Step::Done(login)),
            (State::ScramEnd(_), _) => Err(SaslError::Malformed("SCRAM-SHA-256")),
            (State::Bearer(kind), Some(message)) => self.bearer(kind, message),
            (State::BearerEnd, _) => Err(SignInError::Refused.into()),
            // The client speaks first: an empty challenge asks it to.
            (state @ (State::Plain | State::ScramFirst | State::Bearer(_)), None) => {
                self.state = state;
                Ok(Step::Challenge(Vec::new()))
            }
            (State::LoginPassword(_) | State::ScramFinal(_) | State::Over, _) => Err(SaslError::Malformed("SASL")),
        }
    }

    /// The ticket that signed in, for a connection that is to end with its session.
    pub fn ticket(&self) -> Option<&Ticket> {
        self.ticket.as_ref()
    }

    async fn password(&self, name: &str, password: &str) -> Result<Step, SaslError> {
        let login = self.directory.sign_in(name, password, self.client, self.protocol).await?;
        Ok(Step::Done(Box::new(login)))
    }

    async fn scram_first(&mut self, message: &[u8]) -> Result<Step, SaslError> {
        let first = scram::First::parse(message).ok_or(SaslError::Malformed("SCRAM-SHA-256"))?;
        let attempt = self.directory.attempt(&first.name, self.client, self.protocol)?;
        let mut keys = match &attempt.account {
            Some(account) => self.directory.scram_keys(account.id).map_err(SignInError::from)?,
            None => Vec::new(),
        };
        if keys.is_empty() {
            // A name that does not exist gets a salt as one that does: the same at each try.
            keys.push((None, scram::Keys::fake(&self.directory.scram_secret().await?, &first.name)));
        }
        let server = scram::Server::new(first, keys, &random::<18>()).expect("there are keys");
        let challenge = server.first_message().into_bytes();
        self.state = State::ScramFinal(Box::new((server, attempt)));
        Ok(Step::Challenge(challenge))
    }

    fn scram_final(&mut self, (server, attempt): (scram::Server, Attempt), message: &[u8]) -> Result<Step, SaslError> {
        let last = scram::Final::parse(message).ok_or(SaslError::Malformed("SCRAM-SHA-256"))?;
        let Some((used, signature)) = server.verify(&last) else {
            return Err(self.directory.refused(&attempt, "wrong SCRAM proof").into());
        };
        let login = self.directory.accepted(&attempt, used)?;
        self.state = State::ScramEnd(Box::new(login));
        Ok(Step::Challenge(signature.into_bytes()))
    }

    fn bearer(&mut self, kind: bearer::Kind, message: &[u8]) -> Result<Step, SaslError> {
        let bearer = kind.parse(message).ok_or(SaslError::Malformed(kind.name()))?;
        let ticket = Ticket::presented(bearer.token);
        let (_, account) = match self.directory.session(&ticket) {
            Ok(found) => found,
            Err(SignInError::Refused) => return Ok(self.bearer_refused(kind)),
            Err(error) => return Err(error.into()),
        };
        // The name is a claim; the ticket decides, and they must not differ.
        if bearer.name.is_some_and(|name| {
            name.parse().map_or(true, |name: mail::address::Address| name.key() != account.address.key())
        }) {
            return Ok(self.bearer_refused(kind));
        }
        self.ticket = Some(ticket);
        Ok(Step::Done(Box::new(Login { account, app_password: None })))
    }

    fn bearer_refused(&mut self, kind: bearer::Kind) -> Step {
        tracing::info!(client = %self.client, protocol = ?self.protocol, "ticket refused");
        self.state = State::BearerEnd;
        Step::Challenge(kind.refusal().as_bytes().to_vec())
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 section 2). Acting for another is not offered, so an
/// authorisation identity must be the name itself.
fn plain(message: &[u8]) -> Result<(&str, &str), SaslError> {
    let mut parts = text(message, "PLAIN")?.split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(acting), Some(name), Some(password), None) if acting.is_empty() || acting == name => Ok((name, password)),
        _ => Err(SaslError::Malformed("PLAIN")),
    }
}

fn text<'a>(message: &'a [u8], mechanism: &'static str) -> Result<&'a str, SaslError> {
    std::str::from_utf8(message).map_err(|_| SaslError::Malformed(mechanism))
}

impl Directory {
    /// The secret that false salts come from. It is stored: were it to change at a restart, names that exist would be told
    /// by the salts that do not.
    async fn scram_secret(&self) -> Result<[u8; 32], SignInError> {
        if let Some(secret) = self.store().get::<[u8; 32]>(SECRET_KEY)? {
            return Ok(secret);
        }
        let made: [u8; 32] = random();
        let secret = self
            .commit(move |tx| {
                if let Some(secret) = tx.get::<[u8; 32]>(SECRET_KEY)? {
                    return Ok(secret);
                }
                row::put(tx, SECRET_KEY, &made)?;
                Ok(made)
            })
            .await?;
        Ok(secret)
    }
}
