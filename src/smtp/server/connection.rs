//! The socket, TLS and time-outs around a [`Session`].
//!
//! A read or write error ends the session quietly: the client is gone. A transaction under way is then forgotten, since
//! the client has not had its 250.

use super::{
    BUDGET_BLOCK_BYTES, Context, Service, accept, caps, check, held, judge,
    session::{AuthAnswer, Environment, Event, Session},
};
use crate::proto::reply;
use bytes::BytesMut;
use config::{Limits, Settings};
use directory::{Login, ban::Offence, sasl, sasl::Exchange};
use net::{Peer, Stream};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::OwnedSemaphorePermit,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

/// Room asked for before each read outside of message text; a session that idles holds no more.
const READ_BYTES: usize = 4 * 1024;
/// Room asked for before each read of message text.
const READ_TEXT_BYTES: usize = 64 * 1024;
/// Refusals in a session that are said at once.
const REFUSALS_BEFORE_TARPIT: u32 = 3;
/// Time for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// A session and all it holds.
pub(super) struct Connection {
    pub(super) context: Arc<Context>,
    pub(super) settings: Arc<Settings>,
    pub(super) peer: Peer,
    pub(super) service: Service,
    pub(super) session: Session,
    pub(super) login: Option<Login>,
    pub(super) tls: Option<String>,
    /// Places taken from the budget for incoming messages.
    pub(super) budget: Option<OwnedSemaphorePermit>,
    exchange: Option<Exchange>,
    stream: Option<Stream>,
}

/// Runs a session to its end.
pub(super) async fn run(stream: Stream, peer: Peer, service: Service, context: Arc<Context>) {
    if let Stream::Tcp(tcp) = &stream {
        // Replies are small and waited for; a failure only costs time.
        let _ = tcp.set_nodelay(true);
    }
    let settings = context.settings.load_full();
    let environment = Arc::new(environment(&settings, &context, &stream, peer, service));
    let secure = stream.is_secure() || (settings.loopback && peer.client.ip().is_loopback());
    let tls = stream.tls_description();
    let session = Session::new(environment, secure, matches!(stream, Stream::Tls(_)));
    let mut connection = Connection {
        context,
        settings,
        peer,
        service,
        session,
        login: None,
        tls,
        budget: None,
        exchange: None,
        stream: Some(stream),
    };
    metrics::counter!("gatepost_smtp_sessions_total", "service" => service.name()).increment(1);
    if let Err(error) = connection.converse().await {
        tracing::debug!(client = %peer.client, %error, "smtp session ended early");
    }
}

fn environment(settings: &Settings, context: &Context, stream: &Stream, peer: Peer, service: Service) -> Environment {
    Environment {
        hostname: settings.hostname.clone(),
        service,
        starttls: context.tls.is_some() && matches!(stream, Stream::Tcp(_)),
        mechanisms: sasl::mechanisms(false, peer.trusted),
        mechanisms_secure: sasl::mechanisms(true, peer.trusted),
        message_bytes_max: settings.limits.message_bytes_max,
        recipients_max: settings.limits.recipients_max,
        bad_commands_max: settings.limits.bad_commands_max,
        xclient: settings.trust.may_speak_for_others(peer.client.ip()),
    }
}

impl Service {
    /// Label of metrics and logs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mx => "mx",
            Self::Submission => "submission",
            Self::Lmtp => "lmtp",
        }
    }
}

/// What came of waiting for input.
enum Input {
    Some,
    End,
    Timeout,
    Draining,
}

impl Connection {
    async fn converse(&mut self) -> io::Result<()> {
        let mut input = BytesMut::new();
        loop {
            match self.session.advance(&mut input) {
                Event::Read => {
                    self.keep_budget();
                    self.flush().await?;
                    match self.read(&mut input).await? {
                        Input::Some => {}
                        Input::End => return Ok(()),
                        Input::Timeout => self.session.close(&reply::TIMEOUT),
                        Input::Draining => self.session.close(&reply::DRAINING),
                    }
                }
                Event::Sender(reverse_path, parameters) => {
                    let result = match check::sender(self, &reverse_path, &parameters) {
                        Ok(()) => self.may_send(0).await,
                        refused => refused,
                    };
                    self.session.answer_sender(result);
                }
                Event::Recipient(path, parameters) => {
                    let mut result = check::recipient(self, path, parameters);
                    if result.is_ok() {
                        let so_far = self.session.transaction().map_or(0, |transaction| transaction.recipients.len());
                        result = self.may_send(so_far + 1).await.and(result);
                    }
                    if let Ok(recipient) = &result
                        && let Err(reply) = judge::recipient(self, recipient).await
                    {
                        result = Err(reply);
                    }
                    self.count_offence(&result);
                    self.session.answer_recipient(result);
                }
                Event::Begin => {
                    let result = accept::begin(self);
                    self.session.answer_begin(result);
                }
                Event::Message(transaction) => {
                    let reply = accept::finish(self, *transaction).await;
                    self.budget = None;
                    self.session.answer_message(&reply);
                }
                Event::AuthBegin(mechanism, initial) => self.auth_begin(&mechanism, initial).await,
                Event::AuthResponse(bytes) => self.auth_step(Some(bytes)).await,
                Event::Held(question) => {
                    let reply = held::answer(self, question).await;
                    self.session.answer_held(&reply);
                }
                Event::Client(client) => {
                    let (address, port) = (self.peer.client.ip(), self.peer.client.port());
                    let told = (client.address.unwrap_or(address), client.port.unwrap_or(port));
                    tracing::debug!(hop = %self.peer.client, client = ?client, "a trusted hop speaks for a client");
                    self.peer.client = told.into();
                    self.login = None;
                    self.session.client_taken(&client);
                }
                Event::StartTls => self.start_tls().await?,
                Event::Close => return self.end().await,
            }
        }
    }

    /// Whether the account that has signed in may send to so many recipients in one message now.
    async fn may_send(&self, recipients: usize) -> Result<(), reply::Reply> {
        let Some(login) = &self.login else { return Ok(()) };
        caps::stopped(&self.context, login.account.id)?;
        caps::check(&self.context, &self.settings, &login.account, recipients).await
    }

    /// Counts refusals that only clients with bad intentions, or broken ones, meet often.
    fn count_offence<T>(&self, result: &Result<T, reply::Reply>) {
        let offence = match result {
            Err(refusal) if *refusal == reply::UNKNOWN_RECIPIENT => Offence::UnknownRecipient,
            Err(refusal) if *refusal == reply::NO_RELAY => Offence::Relaying,
            _ => return,
        };
        if self.login.is_none() && self.service == Service::Mx && !self.is_trusted() {
            self.context.directory.offence(self.peer.client.ip(), offence);
        }
    }

    fn is_trusted(&self) -> bool {
        self.peer.trusted || self.settings.trust.may_speak_for_others(self.peer.client.ip())
    }

    /// Keeps a client waiting that was refused again and again.
    async fn tarpit(&mut self) {
        let client = self.peer.client.ip();
        if self.session.refusals() > REFUSALS_BEFORE_TARPIT && !client.is_loopback() && !self.is_trusted() {
            let draining = &self.context.shutdown.draining;
            tokio::select! {
                () = tokio::time::sleep(self.settings.limits.tarpit) => {}
                () = draining.cancelled() => {}
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        if self.session.output().is_empty() {
            return Ok(());
        }
        if self.session.take_refused() {
            self.tarpit().await;
        }
        let output = self.session.output();
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let write = async {
            stream.write_all(output).await?;
            stream.flush().await
        };
        timeout(Limits::SMTP_COMMAND_TIMEOUT, write).await.map_err(|_| io::ErrorKind::TimedOut)??;
        output.clear();
        Ok(())
    }

    async fn read(&mut self, input: &mut BytesMut) -> io::Result<Input> {
        let stream = self.stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let in_text = self.session.in_text();
        let (room, patience) = if in_text {
            (READ_TEXT_BYTES, Limits::SMTP_DATA_TIMEOUT)
        } else {
            (READ_BYTES, Limits::SMTP_COMMAND_TIMEOUT)
        };
        input.reserve(room);
        let between_messages = self.session.transaction().is_none();
        let read = timeout(patience, stream.read_buf(input));
        let draining = &self.context.shutdown.draining;
        tokio::select! {
            biased;
            result = read => match result {
                Err(_) => Ok(Input::Timeout),
                Ok(Ok(0)) => Ok(Input::End),
                Ok(Ok(_)) => Ok(Input::Some),
                Ok(Err(error)) => Err(error),
            },
            () = draining.cancelled(), if between_messages => Ok(Input::Draining),
        }
    }

    /// Brings the share of the memory budget up to what the message being received holds.
    fn keep_budget(&mut self) {
        let held = self.session.held_bytes();
        if held == 0 {
            self.budget = None;
            return;
        }
        if !self.reserve(held) {
            self.session.refuse_message(reply::NO_MEMORY);
            self.budget = None;
        }
    }

    /// Makes sure that the budget covers `bytes`; grows by doubling, so that large messages ask seldom.
    pub(super) fn reserve(&mut self, bytes: usize) -> bool {
        let wanted = bytes.div_ceil(BUDGET_BLOCK_BYTES).max(1);
        let have = self.budget.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if have >= wanted {
            return true;
        }
        let try_more = |count: usize| {
            let count = u32::try_from(count).ok()?;
            Arc::clone(&self.context.incoming).try_acquire_many_owned(count).ok()
        };
        let generous = have.saturating_mul(2).max(wanted);
        let Some(more) = try_more(generous - have).or_else(|| try_more(wanted - have)) else { return false };
        match &mut self.budget {
            Some(budget) => budget.merge(more),
            None => self.budget = Some(more),
        }
        true
    }

    async fn auth_begin(&mut self, mechanism: &str, initial: Option<Vec<u8>>) {
        let client = self.peer.client.ip();
        let directory = self.context.directory.clone();
        match Exchange::new(&directory, mechanism, client, self.peer.trusted, directory::Protocol::Smtp) {
            Ok(exchange) => {
                self.exchange = Some(exchange);
                self.auth_step(initial).await;
            }
            Err(error) => self.session.answer_auth(AuthAnswer::Refused(check::sasl_reply(&error))),
        }
    }

    async fn auth_step(&mut self, message: Option<Vec<u8>>) {
        let Some(mut exchange) = self.exchange.take() else {
            self.session.answer_auth(AuthAnswer::Refused(reply::NOT_NOW));
            return;
        };
        let answer = match exchange.step(message.as_deref()).await {
            Ok(sasl::Step::Challenge(bytes)) => {
                self.exchange = Some(exchange);
                AuthAnswer::Challenge(bytes)
            }
            Ok(sasl::Step::Done(login)) => {
                tracing::info!(client = %self.peer.client, account = %login.account.address, "signed in for submission");
                self.login = Some(*login);
                AuthAnswer::Done
            }
            Err(error) => {
                tracing::info!(client = %self.peer.client, %error, "sign-in for submission failed");
                AuthAnswer::Refused(check::sasl_reply(&error))
            }
        };
        self.session.answer_auth(answer);
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        self.flush().await?;
        let (Some(Stream::Tcp(tcp)), Some(config)) = (self.stream.take(), self.context.tls.clone()) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let handshake = TlsAcceptor::from(config).accept(tcp);
        let tls = timeout(HANDSHAKE_TIMEOUT, handshake).await.map_err(|_| io::ErrorKind::TimedOut)??;
        let stream = Stream::Tls(Box::new(tls));
        self.tls = stream.tls_description();
        self.stream = Some(stream);
        self.login = None;
        self.exchange = None;
        self.session.tls_started();
        Ok(())
    }

    async fn end(&mut self) -> io::Result<()> {
        if self.session.gave_up() && !self.is_trusted() {
            self.context.directory.offence(self.peer.client.ip(), Offence::Commands);
        }
        self.flush().await?;
        if let Some(stream) = &mut self.stream {
            let _ = timeout(HANDSHAKE_TIMEOUT, stream.shutdown()).await;
        }
        Ok(())
    }
}
