//! One session: waits for commands, runs them, and tells what others did meanwhile.

use crate::{
    command,
    context::{BUDGET_BLOCK_BYTES, Context},
    enabled::Enabled,
    error::{Error, write_line},
    notify::Notify,
    proto::{
        self, Command, Tagged,
        gather::{Bounds, Refusal, is_append, tag_of},
    },
    selected::{Expunges, Selected},
    wire::{Gathered, Wire},
};
use config::{Limits, Settings};
use directory::{AccountState, Login, Ticket};
use net::{Peer, Stream};
use std::{io, sync::Arc};
use store::{AccountId, Rights, Store, UidSet};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// A session and all it holds.
pub(crate) struct Session {
    pub(crate) context: Arc<Context>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) peer: Peer,
    pub(crate) wire: Wire,
    /// Nobody can read on the way, or it is this machine and that is allowed.
    pub(crate) secure: bool,
    login: Option<Box<SignedIn>>,
    selected: Option<Box<Selected>>,
    /// What the client asked to be told of by NOTIFY.
    pub(crate) notify: Option<Box<Notify>>,
    /// What the client has switched on.
    pub(crate) enabled: Enabled,
    /// Wrong commands: in all before sign-in, one after the other then.
    bad_commands: u32,
    /// When a client that has not signed in is sent away.
    sign_in_until: Instant,
}

/// What someone signed in with, which must stay what it was.
enum Right {
    /// The ticket of a browser session.
    Ticket(Ticket),
    /// An app password, by its number.
    AppPassword(u64),
    /// The password; see [`directory::Directory::password_mark`].
    Password(u64),
}

/// Who has signed in, and by what right.
struct SignedIn {
    account: AccountId,
    right: Right,
    /// Moves when anyone loses rights.
    rights: watch::Receiver<u64>,
}

/// What a command's tagged `OK` says.
pub(crate) struct Completed {
    /// Response code without brackets; empty for none.
    pub(crate) code: String,
    /// Text.
    pub(crate) text: &'static str,
}

impl Completed {
    /// `OK text`
    pub(crate) fn new(text: &'static str) -> Self {
        Self { code: String::new(), text }
    }

    /// `OK [code] text`
    pub(crate) fn with_code(code: String, text: &'static str) -> Self {
        Self { code, text }
    }
}

/// What comes after a command.
enum Next {
    Command,
    Idle(String),
    StartTls,
    Compress,
    End,
}

/// What ended waiting.
enum Waited<T> {
    Input(T),
    Rights,
    Timeout,
    Draining,
}

/// Runs a session to its end. Over implicit TLS `stream` is a [`Stream::Tls`] already.
pub async fn session(stream: Stream, peer: Peer, context: Arc<Context>) {
    metrics::counter!("gatepost_imap_sessions_total").increment(1);
    let _counted = Counted::new();
    let mut session = Box::new(Session::new(stream, peer, context));
    let Err(error) = session.converse().await else { return };
    tracing::debug!(client = %peer.client, %error, "imap session ended early");
    if !matches!(error, Error::Io(_)) {
        let error = if matches!(error, Error::Bye(..)) { error } else { Error::Bye("UNAVAILABLE", "Try again later") };
        error.write(&mut session.wire.out, "*");
        session.wire.close().await;
    }
}

/// Counts a session as long as it lives.
struct Counted(metrics::Gauge);

impl Counted {
    fn new() -> Self {
        let gauge = metrics::gauge!("gatepost_imap_sessions");
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
            wire: Wire::new(stream),
            secure,
            login: None,
            selected: None,
            notify: None,
            enabled: Enabled::default(),
            bad_commands: 0,
            sign_in_until: Instant::now() + Limits::IMAP_SIGN_IN_TIMEOUT,
        }
    }

    async fn converse(&mut self) -> Result<(), Error> {
        let capabilities = command::capability::code(self);
        write_line(&mut self.wire.out, "*", "OK", &capabilities, "Gatepost");
        loop {
            let gathered = match self.next_command().await? {
                Waited::Input(Some(gathered)) => gathered,
                Waited::Input(None) => return Ok(()),
                other => {
                    self.bye(&other).await;
                    return Ok(());
                }
            };
            // Boxed, so that a session that waits is no larger than waiting needs.
            match Box::pin(self.handle(gathered)).await? {
                Next::Command => {}
                Next::Idle(tag) => {
                    if !self.idle(&tag).await? {
                        return Ok(());
                    }
                }
                Next::StartTls => Box::pin(self.start_tls()).await?,
                Next::Compress => self.wire.compress().await?,
                Next::End => {
                    self.wire.close().await;
                    return Ok(());
                }
            }
        }
    }

    async fn next_command(&mut self) -> Result<Waited<Option<Gathered>>, Error> {
        let signed_in = self.login.is_some();
        let bounds = Bounds {
            line_bytes_max: Limits::IMAP_LINE_BYTES_MAX,
            message_bytes_max: if signed_in { self.settings.limits.message_bytes_max } else { 0 },
        };
        let until = if signed_in { Instant::now() + Limits::IMAP_IDLE_TIMEOUT } else { self.sign_in_until };
        loop {
            let Self { wire, context, login, notify, .. } = &mut *self;
            let mut is_news = false;
            let command = timeout_at(until, wire.command(bounds, &context.incoming, BUDGET_BLOCK_BYTES));
            tokio::select! {
                biased;
                result = command => return Ok(match result {
                    Err(_) => Waited::Timeout,
                    Ok(Err(error)) if error.kind() == io::ErrorKind::OutOfMemory => {
                        return Err(Error::Bye("LIMIT", "Too many messages are being received"));
                    }
                    Ok(gathered) => Waited::Input(gathered?),
                }),
                () = context.shutdown.draining.cancelled() => return Ok(Waited::Draining),
                () = moved(login.as_deref_mut().map(|login| &mut login.rights)) => {}
                () = notified(notify.as_deref_mut()) => is_news = true,
            }
            if is_news {
                Box::pin(self.tell_news()).await?;
                self.wire.flush().await?;
            }
            if !self.may_go_on() {
                return Ok(Waited::Rights);
            }
        }
    }

    /// Runs a command and writes its answer.
    async fn handle(&mut self, gathered: Gathered) -> Result<Next, Error> {
        let bytes = &gathered.bytes;
        if let Some(refusal) = gathered.refused {
            return self.refuse(bytes, refusal).await;
        }
        let Tagged { tag, command } = match proto::parse_in(&bytes[..gathered.length], self.enabled.dialect()) {
            Ok(tagged) => tagged,
            Err(error) => {
                let tag = tag_of(bytes).unwrap_or("*");
                return self.conclude(tag, Err(error.into()));
            }
        };
        let (is_idle, is_tls) = (matches!(command, Command::Idle), matches!(command, Command::StartTls));
        let (is_logout, is_compress) = (matches!(command, Command::Logout), matches!(command, Command::Compress));
        let expunges = command::expunges(&command);
        self.check_rights()?;
        let result = command::run(self, command, bytes).await;
        let is_ok = result.is_ok();
        if is_idle && is_ok {
            return Ok(Next::Idle(tag.to_owned()));
        }
        if !is_logout && !matches!(result, Err(Error::Io(_))) {
            self.tell(expunges).await?;
            if self.notify.is_some() {
                command::notify::tell_news(self).await?;
            }
            self.remember_held(expunges);
        }
        match self.conclude(tag, result)? {
            _ if is_ok && is_logout => Ok(Next::End),
            _ if is_ok && is_tls => Ok(Next::StartTls),
            _ if is_ok && is_compress => Ok(Next::Compress),
            next => Ok(next),
        }
    }

    /// Writes the tagged line.
    fn conclude(&mut self, tag: &str, result: Result<Completed, Error>) -> Result<Next, Error> {
        match result {
            Ok(completed) => {
                write_line(&mut self.wire.out, tag, "OK", &completed.code, completed.text);
                if self.login.is_some() {
                    self.bad_commands = 0;
                }
                Ok(Next::Command)
            }
            Err(error @ Error::Io(_)) => Err(error),
            Err(error) => {
                error.write(&mut self.wire.out, tag);
                match error {
                    Error::Bye(..) => Ok(Next::End),
                    Error::Bad(_) => Ok(self.count_bad()),
                    _ => Ok(Next::Command),
                }
            }
        }
    }

    fn count_bad(&mut self) -> Next {
        self.bad_commands += 1;
        if self.bad_commands < self.settings.limits.bad_commands_max {
            return Next::Command;
        }
        write_line(&mut self.wire.out, "*", "BYE", "", "Too many wrong commands");
        Next::End
    }

    /// Answers a command that is too large.
    async fn refuse(&mut self, bytes: &[u8], refusal: Refusal) -> Result<Next, Error> {
        let tag = tag_of(bytes).unwrap_or("*");
        let error = match refusal {
            Refusal::Endless => Error::Bye("", "The command is too long"),
            Refusal::MessageTooLarge if self.login.is_some() => Error::no("TOOBIG", "the message is too large"),
            Refusal::MessageTooLarge => Error::Bad("sign in first".into()),
            Refusal::LineTooLong if is_append(bytes) => Error::no("TOOBIG", "the command is too long"),
            Refusal::LineTooLong => Error::Bad("the command is too long".into()),
        };
        self.conclude(tag, Err(error))
    }

    async fn bye<T>(&mut self, why: &Waited<T>) {
        let (code, text) = match why {
            Waited::Rights => ("UNAVAILABLE", "The session was ended; sign in again"),
            Waited::Draining => ("UNAVAILABLE", "The server is going down"),
            Waited::Timeout | Waited::Input(_) => ("", "Idle for too long"),
        };
        write_line(&mut self.wire.out, "*", "BYE", code, text);
        self.wire.close().await;
    }

    /// A mailbox of another that is selected must still be shared with this account.
    fn check_rights(&mut self) -> Result<(), Error> {
        let account = self.account();
        let Some(selected) = &mut self.selected else { return Ok(()) };
        if selected.account == account {
            return Ok(());
        }
        let rights = self.context.directory.store().rights(selected.account, selected.mailbox, account)?;
        if !rights.has(Rights::READ) {
            return Err(Error::Bye("UNAVAILABLE", "The mailbox is not shared with you any more"));
        }
        selected.rights = rights;
        Ok(())
    }

    /// Tells what others did to the selected mailbox.
    pub(crate) async fn tell(&mut self, expunges: Expunges) -> Result<(), Error> {
        self.check_rights()?;
        let Some(selected) = &mut self.selected else { return Ok(()) };
        let store = self.context.directory.store();
        let (appended, mut flags) =
            selected.look(store, &self.context.recent, expunges, self.enabled, &mut self.wire.out)?;
        let watched = self.notify.as_ref().and_then(|notify| notify.selected());
        if watched.is_some_and(|(events, _)| !events.flags) {
            flags = UidSet::default();
        }
        for part in flags.chunks(1000) {
            selected.write_flags_of(store, &part, self.enabled, &mut self.wire.out)?;
            self.wire.drain().await?;
        }
        if self.notify.is_some() {
            command::notify::tell_new_messages(self, appended).await?;
        }
        Ok(())
    }

    /// Expunges that a command held back are told right after it to a client that wants them at once.
    fn remember_held(&mut self, expunges: Expunges) {
        if let Some(notify) = &mut self.notify
            && expunges == Expunges::Held
            && notify.selected().is_some_and(|(events, when)| events.messages && when == Expunges::Sent)
        {
            notify.changes.mark_changed();
        }
    }

    /// Tells at once what NOTIFY asked for.
    async fn tell_news(&mut self) -> Result<(), Error> {
        let watched = self.notify.as_ref().and_then(|notify| notify.selected());
        let expunges = watched.filter(|(events, _)| events.messages).map(|(_, expunges)| expunges);
        if let Some(expunges) = expunges {
            self.tell(expunges).await?;
        }
        command::notify::tell_news(self).await
    }

    /// IDLE (RFC 2177), between `+` and DONE; false when the session ends in it. Here and not with the other commands,
    /// because a session spends its life in it: it holds nothing of the command.
    async fn idle(&mut self, tag: &str) -> Result<bool, Error> {
        let account = self.selected.as_ref().map_or_else(|| self.account(), |selected| selected.account);
        let mut changes = self.store().watch(account);
        self.wire.out.extend_from_slice(b"+ idling\r\n");
        let until = Instant::now() + Limits::IMAP_IDLE_TIMEOUT;
        let line = loop {
            changes.mark_unchanged();
            self.tell(Expunges::Sent).await?;
            if self.notify.is_some() {
                command::notify::tell_news(self).await?;
            }
            self.wire.flush().await?;
            let Self { wire, context, login, .. } = &mut *self;
            let waited = tokio::select! {
                biased;
                line = wire.line(1024) => Waited::Input(Some(line?)),
                () = tokio::time::sleep_until(until) => Waited::Timeout,
                () = context.shutdown.draining.cancelled() => Waited::Draining,
                () = moved(login.as_deref_mut().map(|login| &mut login.rights)) => {
                    if self.may_go_on() { Waited::Input(None) } else { Waited::Rights }
                }
                () = moved(Some(&mut changes)) => Waited::Input(None),
            };
            match waited {
                Waited::Input(Some(Some(line))) => break line,
                Waited::Input(Some(None)) => return Ok(false),
                Waited::Input(None) => {}
                other => {
                    self.bye(&other).await;
                    return Ok(false);
                }
            }
        };
        let result = if line.eq_ignore_ascii_case(b"DONE") {
            Ok(Completed::new("IDLE completed"))
        } else {
            Err(Error::Bad("expected DONE".into()))
        };
        self.tell(Expunges::Sent).await?;
        match self.conclude(tag, result)? {
            Next::End => {
                self.wire.close().await;
                Ok(false)
            }
            _ => Ok(true),
        }
    }

    /// The client's answer to a challenge.
    pub(crate) async fn sign_in_line(&mut self, bytes_max: usize) -> Result<Vec<u8>, Error> {
        let Self { wire, context, .. } = self;
        tokio::select! {
            biased;
            line = timeout_at(self.sign_in_until, wire.line(bytes_max)) => match line {
                Err(_) => Err(Error::Bye("", "Too slow to sign in")),
                Ok(line) => line?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            },
            () = context.shutdown.draining.cancelled() => Err(Error::Bye("UNAVAILABLE", "The server is going down")),
        }
    }

    /// RFC 3501 section 6.2.1: what is known of the client is forgotten.
    async fn start_tls(&mut self) -> Result<(), Error> {
        let config = self.context.tls.clone().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        self.wire.start_tls(config).await?;
        self.secure = true;
        Ok(())
    }

    /// Whether TLS can begin in this connection.
    pub(crate) fn can_start_tls(&self) -> bool {
        self.context.tls.is_some() && self.wire.is_plain() && self.login.is_none()
    }

    /// The store.
    pub(crate) fn store(&self) -> &Store {
        self.context.directory.store()
    }

    /// Whether someone has signed in.
    pub(crate) fn is_signed_in(&self) -> bool {
        self.login.is_some()
    }

    /// The account; commands that need one run only when there is one. 0 is no account.
    pub(crate) fn account(&self) -> AccountId {
        self.login.as_ref().map_or(AccountId(0), |signed_in| signed_in.account)
    }

    /// Someone has signed in.
    pub(crate) fn sign_in(&mut self, login: &Login, ticket: Option<Ticket>) -> Result<(), Error> {
        let directory = &self.context.directory;
        let account = login.account.id;
        // Watched before it is read, so that no change goes unseen.
        let rights = directory.session_watch();
        let right = match (ticket, login.app_password) {
            (Some(ticket), _) => Right::Ticket(ticket),
            (None, Some(used)) => Right::AppPassword(used),
            (None, None) => Right::Password(directory.password_mark(account)?),
        };
        tracing::info!(client = %self.peer.client, account = %login.account.address, "signed in for IMAP");
        self.login = Some(Box::new(SignedIn { account, right, rights }));
        self.bad_commands = 0;
        Ok(())
    }

    /// The selected mailbox.
    ///
    /// # Errors
    /// `BAD` when there is none; commands that need one are not run then.
    pub(crate) fn selected(&self) -> Result<&Selected, Error> {
        self.selected.as_deref().ok_or_else(|| Error::Bad("select a mailbox first".into()))
    }

    /// As [`Session::selected`], to change it.
    pub(crate) fn selected_mut(&mut self) -> Result<&mut Selected, Error> {
        self.selected.as_deref_mut().ok_or_else(|| Error::Bad("select a mailbox first".into()))
    }

    /// Selects a mailbox, or none.
    ///
    /// Whether one was selected before.
    pub(crate) fn select(&mut self, selected: Option<Selected>) -> bool {
        let owner = selected.as_ref().map(|selected| selected.account).filter(|owner| *owner != self.account());
        let shared = owner.map(|owner| self.store().watch(owner));
        if let Some(notify) = &mut self.notify {
            notify.shared = shared;
        }
        std::mem::replace(&mut self.selected, selected.map(Box::new)).is_some()
    }

    /// The client has shown that it knows CONDSTORE. When it is the first time, the mailbox's mod-sequence is told (RFC 7162
    /// section 3.1).
    pub(crate) fn enable_condstore(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.enabled.condstore, true) {
            return Ok(());
        }
        if let Some(selected) = &self.selected {
            let modseq = self.store().mailbox(selected.account, selected.mailbox)?.highest_modseq;
            write_line(&mut self.wire.out, "*", "OK", &format!("HIGHESTMODSEQ {modseq}"), "Newest change");
        }
        Ok(())
    }

    /// RFC 8437: as if the connection had just been made.
    pub(crate) fn sign_out(&mut self) {
        self.selected = None;
        self.login = None;
        self.notify = None;
        self.enabled = Enabled::default();
        self.bad_commands = 0;
        self.sign_in_until = Instant::now() + Limits::IMAP_SIGN_IN_TIMEOUT;
    }

    /// The selected mailbox and where its answers are written, at once.
    pub(crate) fn parts(&mut self) -> Result<(&Selected, &Store, &mut Vec<u8>), Error> {
        let Self { selected, context, wire, .. } = self;
        let selected = selected.as_deref().ok_or_else(|| Error::Bad("select a mailbox first".into()))?;
        Ok((selected, context.directory.store(), &mut wire.out))
    }

    /// Whether who has signed in may still be here.
    fn may_go_on(&self) -> bool {
        let Some(signed_in) = &self.login else { return true };
        let directory = &self.context.directory;
        let account = signed_in.account;
        let is_active = || directory.account(account).is_ok_and(|found| found.state == AccountState::Active);
        match &signed_in.right {
            Right::Ticket(ticket) => directory.session(ticket).is_ok_and(|(_, found)| found.id == account),
            Right::AppPassword(used) => {
                is_active()
                    && directory.app_passwords(account).is_ok_and(|kept| kept.iter().any(|kept| kept.id == *used))
            }
            Right::Password(mark) => is_active() && directory.password_mark(account).is_ok_and(|found| found == *mark),
        }
    }
}

/// Waits until there may be something to tell by NOTIFY; for ever when nothing is watched.
async fn notified(notify: Option<&mut Notify>) {
    match notify {
        Some(notify) => tokio::select! {
            () = moved(Some(&mut notify.changes)) => {}
            () = moved(notify.shared.as_mut()) => {}
        },
        None => std::future::pending().await,
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
