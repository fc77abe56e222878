//! One session: waits for commands, runs them, and sends what they answer.

use crate::{
    command::{self, retrieve::Ahead},
    context::Context,
    error::{Error, TEMPORARY},
    language::{Language, Words},
    maildrop::Maildrop,
    proto::{
        command::{Command, SyntaxError, parse},
        write,
    },
};
use bytes::Bytes;
use config::{Limits, Settings};
use directory::Right;
use net::{
    Peer, Stream,
    line::{LineError, LineReader},
};
use std::{io, sync::Arc, time::Duration};
use store::Store;
use tokio::{
    io::AsyncWriteExt as _,
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

/// Output beyond this is sent before a command is finished.
const OUTPUT_BYTES: usize = 64 * 1024;
/// Wait for a client that does not take what it asked for.
const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// A session and all it holds.
pub(crate) struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) peer: Peer,
    stream: Option<Stream>,
    lines: LineReader,
    /// What is to be sent.
    pub(crate) out: Vec<u8>,
    /// Nobody can read on the way, or it is this machine and that is allowed.
    pub(crate) secure: bool,
    pub(crate) language: Language,
    /// The client takes headers in UTF-8 (RFC 6856 section 2).
    pub(crate) utf8: bool,
    /// The name that PASS is awaited for.
    pub(crate) user: Option<String>,
    login: Option<Box<SignedIn>>,
    /// Wrong commands: in all before sign-in, one after the other then.
    bad_commands: u32,
    /// When a client that has not signed in is sent away.
    sign_in_until: Instant,
    /// The message that is likely to be asked for next.
    pub(crate) ahead: Option<Box<Ahead>>,
    /// The message that was retrieved last; 0 for none.
    pub(crate) last_retrieved: u32,
    /// Messages are retrieved one after the other.
    pub(crate) wants_ahead: bool,
}

/// Who has signed in: the TRANSACTION state.
struct SignedIn {
    maildrop: Maildrop,
    right: Right,
    /// Moves when anyone loses rights.
    rights: watch::Receiver<u64>,
}

/// What comes after a command.
pub(crate) enum Next {
    Command,
    StartTls,
    End,
}

/// What ended waiting.
enum Waited {
    Line(Result<Bytes, LineError>),
    End,
    Rights,
    Timeout,
    Draining,
}

/// Runs a session to its end. Over implicit TLS `stream` is a [`Stream::Tls`] already.
pub async fn session(stream: Stream, peer: Peer, context: Arc<Context>) {
    metrics::counter!("gatepost_pop3_sessions_total").increment(1);
    let _counted = Counted::new();
    let mut session = Box::new(Session::new(stream, peer, context));
    match session.converse().await {
        Ok(()) => {}
        Err(Error::Io(error)) => tracing::debug!(client = %peer.client, %error, "pop3 session ended early"),
        Err(error) => {
            session.refuse(&error);
            session.close().await;
        }
    }
}

/// Counts a session as long as it lives.
struct Counted(metrics::Gauge);

impl Counted {
    fn new() -> Self {
        let gauge = metrics::gauge!("gatepost_pop3_sessions");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Session {
    fn new(stream: Stream, peer: Peer, context: Arc<Context>) -> Self {
        let settings = context.settings();
        let secure = stream.is_secure() || (settings.loopback && peer.client.ip().is_loopback());
        Self {
            context,
            settings,
            peer,
            stream: Some(stream),
            lines: LineReader::new(),
            out: Vec::new(),
            secure,
            language: Language::default(),
            utf8: false,
            user: None,
            login: None,
            bad_commands: 0,
            sign_in_until: Instant::now() + Limits::POP3_SIGN_IN_TIMEOUT,
            ahead: None,
            last_retrieved: 0,
            wants_ahead: false,
        }
    }

    async fn converse(&mut self) -> Result<(), Error> {
        self.ok(&Words::new("pop3-ready"));
        loop {
            let line = match self.next_line().await? {
                Waited::Line(line) => line,
                Waited::End => return Ok(()),
                Waited::Rights => return Err(Error::bye("AUTH", "pop3-ended")),
                Waited::Timeout => return Err(Error::bye("", "pop3-idle")),
                Waited::Draining => return Err(Error::bye(TEMPORARY, "pop3-going-down")),
            };
            // Boxed, so that a session that waits is no larger than waiting needs.
            match Box::pin(self.handle(line)).await {
                Ok(Next::Command) => {}
                Ok(Next::StartTls) => Box::pin(self.start_tls()).await?,
                Ok(Next::End) => {
                    self.close().await;
                    return Ok(());
                }
                Err(error @ (Error::Io(_) | Error::Bye { .. })) => return Err(error),
                Err(error) => {
                    self.refuse(&error);
                    if matches!(error, Error::Bad(_)) {
                        self.count_bad()?;
                    }
                }
            }
        }
    }

    /// The next line. What is written leaves when no further command is there: one write answers a batch of pipelined ones.
    async fn next_line(&mut self) -> Result<Waited, Error> {
        let until = match self.login {
            Some(_) => Instant::now() + Limits::POP3_IDLE_TIMEOUT,
            None => self.sign_in_until,
        };
        loop {
            match self.lines.take(Limits::POP3_LINE_BYTES_MAX) {
                Ok(None) => {}
                Ok(Some(line)) => return Ok(Waited::Line(Ok(line))),
                Err(error) => return Ok(Waited::Line(Err(error))),
            }
            self.flush().await?;
            self.lines.shrink();
            command::retrieve::look_ahead(self);
            let Self { stream, lines, context, login, .. } = &mut *self;
            let stream = stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            let is_moved = tokio::select! {
                biased;
                read = timeout_at(until, lines.fill(stream)) => match read {
                    Err(_) => return Ok(Waited::Timeout),
                    Ok(Ok(0)) => return Ok(Waited::End),
                    Ok(read) => {
                        read?;
                        login.as_ref().is_some_and(|login| login.rights.has_changed().unwrap_or_default())
                    }
                },
                () = context.shutdown.draining.cancelled() => return Ok(Waited::Draining),
                () = moved(login.as_deref_mut().map(|login| &mut login.rights)) => true,
            };
            if is_moved && let Some(login) = login {
                login.rights.mark_unchanged();
                if !context.directory.holds(&login.right) {
                    return Ok(Waited::Rights);
                }
            }
        }
    }

    async fn handle(&mut self, line: Result<Bytes, LineError>) -> Result<Next, Error> {
        let line = match line {
            Ok(line) => line,
            Err(LineError::TooLong) => return Err(Error::bad("pop3-line-too-long")),
            Err(LineError::BareNewline) => return Err(Error::bad("pop3-bare-newline")),
            Err(LineError::Truncated) => return Ok(Next::End),
            Err(LineError::Io(error)) => return Err(error.into()),
        };
        let command = parse(&line).map_err(|error| match error {
            SyntaxError::Unknown => Error::bad("pop3-unknown-command"),
            SyntaxError::Usage(usage) => Error::Bad(Words::new("pop3-usage").with("usage", &usage)),
        })?;
        let next = command::run(self, command).await?;
        if self.login.is_some() {
            self.bad_commands = 0;
        }
        Ok(next)
    }

    fn count_bad(&mut self) -> Result<(), Error> {
        self.bad_commands += 1;
        match self.bad_commands < self.settings.limits.bad_commands_max {
            true => Ok(()),
            false => Err(Error::bye("", "pop3-too-many-errors")),
        }
    }

    /// `+OK` with words.
    pub(crate) fn ok(&mut self, words: &Words) {
        write::ok(&mut self.out, &self.language.say(words));
    }

    fn refuse(&mut self, error: &Error) {
        let (code, words) = match error {
            Error::No { code, words } | Error::Bye { code, words } => (*code, words),
            Error::Bad(words) => ("", words),
            Error::Io(_) => return,
        };
        write::err(&mut self.out, code, &self.language.say(words));
    }

    /// Sends what is written when it has become much.
    pub(crate) async fn drain(&mut self) -> Result<(), Error> {
        if self.out.len() >= OUTPUT_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Sends what is written.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if self.out.is_empty() {
            return Ok(());
        }
        let Self { stream, out, .. } = self;
        let stream = stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let write = async {
            stream.write_all(out).await?;
            stream.flush().await
        };
        timeout(WRITE_TIMEOUT, write).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        self.out = Vec::new();
        Ok(())
    }

    async fn close(&mut self) {
        if self.flush().await.is_ok()
            && let Some(stream) = &mut self.stream
        {
            let _ = timeout(WRITE_TIMEOUT, stream.shutdown()).await;
        }
    }

    /// Whether more has come than was taken.
    pub(crate) fn has_input(&self) -> bool {
        !self.lines.buffered().is_empty()
    }

    /// Whether TLS can begin in this connection.
    pub(crate) fn can_start_tls(&self) -> bool {
        self.context.tls.is_some() && matches!(self.stream, Some(Stream::Tcp(_))) && self.login.is_none()
    }

    /// RFC 2595 section 4: what is known of the client is forgotten.
    async fn start_tls(&mut self) -> Result<(), Error> {
        self.flush().await?;
        let config = self.context.tls.clone().ok_or(io::ErrorKind::NotConnected)?;
        let stream = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        self.stream = Some(stream.starttls(config).await?);
        self.lines = LineReader::new();
        self.secure = true;
        (self.language, self.utf8, self.user) = (Language::default(), false, None);
        Ok(())
    }

    /// A line that is no command: the answer to a challenge.
    pub(crate) async fn response(&mut self) -> Result<Bytes, Error> {
        match self.next_line().await? {
            Waited::Line(line) => line.map_err(|_| Error::bad("pop3-malformed-response")),
            Waited::End => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Waited::Draining => Err(Error::bye(TEMPORARY, "pop3-going-down")),
            Waited::Rights | Waited::Timeout => Err(Error::bye("", "pop3-idle")),
        }
    }

    /// Somebody has signed in.
    pub(crate) fn sign_in(&mut self, maildrop: Maildrop, right: Right, rights: watch::Receiver<u64>) {
        self.login = Some(Box::new(SignedIn { maildrop, right, rights }));
        self.user = None;
        self.bad_commands = 0;
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        self.context.directory.store()
    }

    /// Whether somebody has signed in.
    pub(crate) fn is_signed_in(&self) -> bool {
        self.login.is_some()
    }

    /// The maildrop.
    ///
    /// # Errors
    /// A wrong command before sign-in.
    pub(crate) fn maildrop(&self) -> Result<&Maildrop, Error> {
        self.login.as_ref().map(|login| &login.maildrop).ok_or_else(|| Error::bad("pop3-sign-in-first"))
    }

    /// As [`Session::maildrop`], to change it.
    pub(crate) fn maildrop_mut(&mut self) -> Result<&mut Maildrop, Error> {
        self.login.as_mut().map(|login| &mut login.maildrop).ok_or_else(|| Error::bad("pop3-sign-in-first"))
    }

    /// The maildrop, for the last time.
    pub(crate) fn take_maildrop(&mut self) -> Option<Maildrop> {
        self.login.take().map(|login| login.maildrop)
    }
}

/// Commands that the grammar has and that belong to the other state.
pub(crate) fn wrong_state(command: &Command<'_>) -> Error {
    match command {
        Command::User(_) | Command::Pass(_) | Command::Auth(_) | Command::Stls | Command::Utf8 => {
            Error::bad("pop3-signed-in-already")
        }
        _ => Error::bad("pop3-sign-in-first"),
    }
}

/// Waits until the value moves; for ever when there is none.
async fn moved(watch: Option<&mut watch::Receiver<u64>>) {
    if let Some(watch) = watch
        && watch.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
