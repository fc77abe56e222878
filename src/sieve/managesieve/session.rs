//! One session: waits for commands, runs them, answers.

use super::{
    command::{self, Refusal},
    context::Context,
    proto::{Gather, Next, Word, write_answer, write_string},
};
use crate::script::capability::OFFERED;
use bytes::BytesMut;
use config::{Limits, Settings};
use directory::{Account, AccountState, Login, Ticket, sasl};
use net::{
    Peer, Stream,
    line::{LineError, LineReader},
};
use std::{io, sync::Arc};
use tokio::{
    io::AsyncWriteExt as _,
    sync::watch,
    time::{Instant, timeout_at},
};

/// Octets of a literal before sign-in: a SASL message.
const SIGN_IN_LITERAL_BYTES_MAX: u64 = 16 * 1024;

/// A session and all it holds.
pub(super) struct Session {
    pub(super) context: Arc<Context>,
    settings: Arc<Settings>,
    pub(super) peer: Peer,
    /// `None` only while TLS begins.
    stream: Option<Stream>,
    lines: LineReader,
    pub(super) out: Vec<u8>,
    /// Nobody can read on the way, or it is this machine and that is allowed.
    pub(super) secure: bool,
    login: Option<SignedIn>,
    bad_commands: u32,
    sign_in_until: Instant,
}

/// What someone signed in with, which must stay what it was.
enum Right {
    Ticket(Ticket),
    AppPassword(u64),
    Password(u64),
}

struct SignedIn {
    account: Account,
    right: Right,
    /// Moves when anyone loses rights.
    rights: watch::Receiver<u64>,
}

/// Why a session ends before the client wants it to.
pub(super) enum End {
    /// The connection is gone.
    Gone,
    /// The client is told why.
    Bye(&'static str, &'static str),
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// What comes after a command.
pub(super) enum After {
    Command,
    StartTls,
    Logout,
}

/// A command as it came.
enum Input {
    Words(Vec<Word>),
    Refused(Refusal),
}

/// Runs a session to its end.
pub async fn session(stream: Stream, peer: Peer, context: Arc<Context>) {
    metrics::counter!("gatepost_managesieve_sessions_total").increment(1);
    let gauge = metrics::gauge!("gatepost_managesieve_sessions");
    gauge.increment(1.0);
    let mut session = Box::new(Session::new(stream, peer, context));
    if let Err(End::Bye(code, text)) = session.converse().await {
        write_answer(&mut session.out, "BYE", code, text);
        let _ = session.flush().await;
    }
    if let Some(mut stream) = session.stream.take() {
        let _ = stream.shutdown().await;
    }
    gauge.decrement(1.0);
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
            login: None,
            bad_commands: 0,
            sign_in_until: Instant::now() + Limits::MANAGESIEVE_SIGN_IN_TIMEOUT,
        }
    }

    async fn converse(&mut self) -> Result<(), End> {
        self.capabilities();
        write_answer(&mut self.out, "OK", "", "Gatepost");
        loop {
            self.flush().await?;
            let input = self.command().await?;
            let after = match input {
                Input::Words(words) if words.is_empty() => continue,
                Input::Words(words) => command::run(self, &words).await?,
                Input::Refused(refusal) => Err(refusal),
            };
            match after {
                Ok(After::Command) => {}
                Ok(After::Logout) => {
                    self.flush().await?;
                    return Ok(());
                }
                Ok(After::StartTls) => self.start_tls().await?,
                Err(refusal) => {
                    write_answer(&mut self.out, "NO", refusal.code, &refusal.text);
                    self.count_bad(&refusal)?;
                }
            }
        }
    }

    fn count_bad(&mut self, refusal: &Refusal) -> Result<(), End> {
        if refusal.wrong {
            self.bad_commands += 1;
            if self.bad_commands >= self.settings.limits.bad_commands_max {
                return Err(End::Bye("", "Too many wrong commands"));
            }
        }
        Ok(())
    }

    /// The lines of CAPABILITY (RFC 5804 section 1.7).
    pub(super) fn capabilities(&mut self) {
        let extensions: Vec<&str> = OFFERED.iter().map(|(name, _)| *name).collect();
        let mechanisms = match &self.login {
            Some(_) => Vec::new(),
            None => sasl::mechanisms(self.secure, self.peer.trusted).to_vec(),
        };
        let owner = self.login.as_ref().map(|login| login.account.address.to_string());
        let lines = [
            ("IMPLEMENTATION", Some(concat!("Gatepost ", env!("CARGO_PKG_VERSION")).to_owned())),
            ("SIEVE", Some(extensions.join(" "))),
            ("SASL", Some(mechanisms.join(" "))),
            ("MAXREDIRECTS", Some(Limits::SIEVE_REDIRECTS_MAX.to_string())),
            ("STARTTLS", self.can_start_tls().then(String::new)),
            ("UNAUTHENTICATE", Some(String::new())),
            ("OWNER", owner),
            ("VERSION", Some("1.0".to_owned())),
        ];
        for (name, value) in lines {
            let Some(value) = value else { continue };
            write_string(&mut self.out, name);
            if !value.is_empty() || name == "SASL" {
                self.out.push(b' ');
                write_string(&mut self.out, &value);
            }
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// Whether TLS can begin in this connection.
    pub(super) fn can_start_tls(&self) -> bool {
        self.context.tls.is_some() && self.login.is_none() && matches!(self.stream, Some(Stream::Tcp(_)))
    }

    /// Whether the client has sent more than it was answered to.
    pub(super) fn has_input(&self) -> bool {
        !self.lines.buffered().is_empty()
    }

    async fn start_tls(&mut self) -> Result<(), End> {
        self.flush().await?;
        if self.lines.forget() {
            return Err(End::Bye("", "Commands came behind STARTTLS"));
        }
        let (Some(tls), Some(stream)) = (self.context.tls.clone(), self.stream.take()) else { return Err(End::Gone) };
        self.stream = Some(stream.starttls(tls).await?);
        self.secure = true;
        // RFC 5804 section 2.2: the capabilities are told again, unasked.
        self.capabilities();
        write_answer(&mut self.out, "OK", "", "TLS has begun");
        Ok(())
    }

    /// The account; commands that need one run only when there is one.
    pub(super) fn account(&self) -> Option<&Account> {
        self.login.as_ref().map(|login| &login.account)
    }

    /// Someone has signed in.
    pub(super) fn sign_in(&mut self, login: Login, ticket: Option<Ticket>) -> Result<(), Refusal> {
        let directory = &self.context.directory;
        // Watched before it is read, so that no change goes unseen.
        let rights = directory.session_watch();
        let right = match (ticket, login.app_password) {
            (Some(ticket), _) => Right::Ticket(ticket),
            (None, Some(used)) => Right::AppPassword(used),
            (None, None) => Right::Password(directory.password_mark(login.account.id)?),
        };
        tracing::info!(client = %self.peer.client, account = %login.account.address, "signed in for ManageSieve");
        self.login = Some(SignedIn { account: login.account, right, rights });
        self.bad_commands = 0;
        Ok(())
    }

    /// RFC 5804 section 2.14.1.
    pub(super) fn sign_out(&mut self) {
        self.login = None;
        self.sign_in_until = Instant::now() + Limits::MANAGESIEVE_SIGN_IN_TIMEOUT;
    }

    fn may_go_on(&self) -> bool {
        let Some(SignedIn { account, right, .. }) = &self.login else { return true };
        let directory = &self.context.directory;
        let is_active = || directory.account(account.id).is_ok_and(|found| found.state == AccountState::Active);
        match right {
            Right::Ticket(ticket) => directory.session(ticket).is_ok_and(|(_, found)| found.id == account.id),
            Right::AppPassword(used) => {
                is_active()
                    && directory.app_passwords(account.id).is_ok_and(|kept| kept.iter().any(|kept| kept.id == *used))
            }
            Right::Password(mark) => is_active() && directory.password_mark(account.id).is_ok_and(|now| now == *mark),
        }
    }

    /// The next command with its literals.
    async fn command(&mut self) -> Result<Input, End> {
        let mut gather = Gather::default();
        let mut too_large = false;
        loop {
            let line = match self.line(Limits::MANAGESIEVE_LINE_BYTES_MAX).await? {
                Ok(line) => line,
                Err(refusal) => return Ok(Input::Refused(refusal)),
            };
            let Next::Literal(length) = gather.line(&line) else { break };
            let bound = match self.login {
                // One more, so that a script that is too large is told from one that is just not.
                Some(_) => Limits::SIEVE_SCRIPT_BYTES_MAX as u64,
                None => SIGN_IN_LITERAL_BYTES_MAX,
            };
            if length > bound {
                // The client sends it whatever it is told: it is read and dropped, within reason.
                if length > bound.saturating_mul(16) {
                    return Err(End::Bye("QUOTA/MAXSIZE", "The literal is much too large"));
                }
                too_large = true;
                self.skip(length).await?;
                gather.literal(None);
            } else {
                let bytes = self.bytes(usize::try_from(length).unwrap_or(usize::MAX)).await?;
                gather.literal(Some(&bytes));
            }
        }
        if too_large {
            let text = format!("the script is larger than {} bytes", Limits::SIEVE_SCRIPT_BYTES_MAX);
            return Ok(Input::Refused(Refusal::no("QUOTA/MAXSIZE", text)));
        }
        Ok(gather.finish().map_or_else(|fault| Input::Refused(Refusal::wrong(fault.to_string())), Input::Words))
    }

    /// A line; what is wrong with it, when it is.
    pub(super) async fn line(&mut self, bytes_max: usize) -> Result<Result<bytes::Bytes, Refusal>, End> {
        loop {
            match self.lines.take(bytes_max) {
                Ok(Some(line)) => return Ok(Ok(line)),
                Ok(None) => self.fill().await?,
                Err(LineError::TooLong) => return Ok(Err(Refusal::wrong("the line is too long"))),
                Err(LineError::BareNewline) => return Ok(Err(Refusal::wrong("lines end in CRLF"))),
                Err(LineError::Truncated | LineError::Io(_)) => return Err(End::Gone),
            }
        }
    }

    pub(super) async fn bytes(&mut self, length: usize) -> Result<BytesMut, End> {
        let mut bytes = BytesMut::with_capacity(length.min(64 * 1024));
        while bytes.len() < length {
            if self.lines.buffered().is_empty() {
                self.fill().await?;
            }
            bytes.extend_from_slice(&self.lines.take_bytes(length - bytes.len()));
        }
        Ok(bytes)
    }

    async fn skip(&mut self, mut length: u64) -> Result<(), End> {
        while length > 0 {
            if self.lines.buffered().is_empty() {
                self.fill().await?;
            }
            let some = self.lines.take_bytes(usize::try_from(length).unwrap_or(usize::MAX)).len();
            length -= some as u64;
        }
        Ok(())
    }

    /// Waits for more bytes, for as long as the client may be here.
    async fn fill(&mut self) -> Result<(), End> {
        let until = match self.login {
            Some(_) => Instant::now() + Limits::MANAGESIEVE_IDLE_TIMEOUT,
            None => self.sign_in_until,
        };
        loop {
            let Self { stream, lines, context, login, .. } = &mut *self;
            let Some(stream) = stream else { return Err(End::Gone) };
            tokio::select! {
                biased;
                read = timeout_at(until, lines.fill(stream)) => return match read {
                    Err(_) => Err(End::Bye("", "Idle for too long")),
                    Ok(Ok(0)) => Err(End::Gone),
                    Ok(read) => Ok(read.map(|_| ())?),
                },
                () = context.shutdown.draining.cancelled() => {
                    return Err(End::Bye("TRYLATER", "The server is going down"));
                }
                () = moved(login.as_mut().map(|login| &mut login.rights)) => {}
            }
            if !self.may_go_on() {
                return Err(End::Bye("", "The session was ended; sign in again"));
            }
        }
    }

    pub(super) async fn flush(&mut self) -> Result<(), End> {
        let Some(stream) = &mut self.stream else { return Err(End::Gone) };
        let deadline = Instant::now() + Limits::MANAGESIEVE_SIGN_IN_TIMEOUT;
        let write = async {
            stream.write_all(&self.out).await?;
            stream.flush().await
        };
        timeout_at(deadline, write).await.map_err(|_| End::Gone)??;
        self.out.clear();
        Ok(())
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
