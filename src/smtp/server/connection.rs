//! The socket, TLS and time-outs around a [`Session`].
//!
//! A read or write error ends the session quietly: the client is gone. A transaction under way is then forgotten, since
//! the client has not had its 250.

use super::{
    BUDGET_BLOCK_BYTES, Context, Service, accept, check, judge,
    session::{AuthAnswer, Environment, Event, Session},
};
use crate::proto::reply;
use bytes::BytesMut;
use config::{Limits, Settings};
use directory::{Login, sasl, sasl::Exchange};
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
    }
}

impl Service {
    /// Label of metrics and logs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mx => "mx",
            Self::Submission => "submission",
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
                Event::Sender(reverse_path, _) => {
                    let result = check::sender(self, &reverse_path);
                    self.session.answer_sender(result);
                }
                Event::Recipient(path) => {
                    let mut result = check::recipient(self, path);
                    if let Ok(recipient) = &result
                        && let Err(reply) = judge::recipient(self, recipient).await
                    {
                        result = Err(reply);
                    }
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
                Event::StartTls => self.start_tls().await?,
                Event::Close => return self.end().await,
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        let output = self.session.output();
        if output.is_empty() {
            return Ok(());
        }
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
        self.flush().await?;
        if let Some(stream) = &mut self.stream {
            let _ = timeout(HANDSHAKE_TIMEOUT, stream.shutdown()).await;
        }
        Ok(())
    }
}
