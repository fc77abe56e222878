//! Browser sessions. The ticket is in the browser's cookie and nowhere else: the store keeps its BLAKE3 only, and IMAP and
//! submission take it (OAUTHBEARER, XOAUTH2) over trusted hops only.
//!
//! A session lasts 30 days from its last use; the store hears of the use at most once a day.

use crate::{
    Account, AccountState, Directory, Error, Protocol, SignInError, locked, now_ms, random,
    row::{self, Records},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use store::{AccountId, Tx};

/// Milliseconds from the last use to the end.
const LIFETIME_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// Sessions of one account; the oldest ends when there are more.
const PER_ACCOUNT_MAX: usize = 100;
/// Characters kept of a User-Agent.
const AGENT_CHARS_MAX: usize = 200;
/// Bytes of a ticket, before base64url.
const TICKET_BYTES: usize = 32;
/// Tickets moved on at once; more wait for their next use.
const EXTENDING_MAX: usize = 1024;

/// A session as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Number within the account.
    pub id: u64,
    /// The account.
    pub account: AccountId,
    /// When it began, milliseconds since 1970.
    pub created: i64,
    /// When it ends, milliseconds since 1970.
    pub expires: i64,
    /// From where it began.
    pub client: IpAddr,
    /// The browser's User-Agent, cut to 200 characters.
    pub agent: String,
}

/// The secret that opens a session: 256 random bits, base64url. Not printed by `Debug`.
#[derive(Clone)]
pub struct Ticket(String);

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticket(..)")
    }
}

/// In constant time.
impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        blake3::hash(self.0.as_bytes()) == blake3::hash(other.0.as_bytes())
    }
}

impl Eq for Ticket {}

impl Ticket {
    /// A ticket as presented; may be anything.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the cookie and for SASL.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn new() -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(random::<TICKET_BYTES>()))
    }

    /// What the store knows it by; `None` where it cannot be a ticket.
    fn hash(&self) -> Option<[u8; 32]> {
        let mut bytes = [0; TICKET_BYTES];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(&self.0, &mut bytes).ok()?;
        (length == TICKET_BYTES).then(|| *blake3::hash(&bytes).as_bytes())
    }
}

impl Directory {
    /// Checks name and password at [`crate::Protocol::Web`] and begins a session.
    ///
    /// # Errors
    /// See [`SignInError`].
    pub async fn session_begin(
        &self,
        name: &str,
        password: &str,
        client: IpAddr,
        agent: &str,
    ) -> Result<(Ticket, Session, Account), SignInError> {
        let login = self.sign_in(name, password, client, Protocol::Web).await?;
        let account = login.account;
        let ticket = Ticket::new();
        let hash = ticket.hash().expect("a new ticket is one");
        let (id, agent, now) = (account.id, agent.chars().take(AGENT_CHARS_MAX).collect::<String>(), now_ms());
        let session = self
            .commit(move |tx| {
                // The account may have been closed since its password was checked.
                if tx.account_must(id)?.state != AccountState::Active {
                    return Err(Error::NotFound("an active account".into()));
                }
                make_room(tx, id, now)?;
                let session = Session {
                    id: tx.next_id("session")?,
                    account: id,
                    created: now,
                    expires: now + LIFETIME_MS,
                    client,
                    agent: agent.clone(),
                };
                row::put(tx, &row::session(&hash), &session)?;
                row::put(tx, &row::session_of(id, session.id), &hash)?;
                Ok(session)
            })
            .await?;
        tracing::info!(account = %account.address, %client, session = session.id, "session begun");
        Ok((ticket, session, account))
    }

    /// The session and account of a ticket, if both may be used now.
    ///
    /// # Errors
    /// [`SignInError::Refused`], [`SignInError::Unavailable`].
    pub fn session(&self, ticket: &Ticket) -> Result<(Session, Account), SignInError> {
        let hash = ticket.hash().ok_or(SignInError::Refused)?;
        let session: Session = self.store().get(&row::session(&hash))?.ok_or(SignInError::Refused)?;
        let account = self.store().account_row(session.account)?.ok_or(SignInError::Refused)?;
        let now = now_ms();
        if session.expires <= now || account.state != AccountState::Active {
            return Err(SignInError::Refused);
        }
        if session.expires < now + LIFETIME_MS - DAY_MS {
            self.extend(hash);
        }
        Ok((session, account))
    }

    /// Sessions of an account that have not expired, oldest first.
    ///
    /// # Errors
    /// Machine faults.
    pub fn sessions(&self, id: AccountId) -> Result<Vec<Session>, Error> {
        let now = now_ms();
        let sessions = self.store().sessions_of(id)?.into_iter().map(|(_, session)| session);
        Ok(sessions.filter(|session| session.expires > now).collect())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn session_end(&self, ticket: &Ticket) -> Result<(), Error> {
        let Some(hash) = ticket.hash() else {
            return Ok(());
        };
        self.commit(move |tx| {
            if let Some(session) = tx.get::<Session>(&row::session(&hash))? {
                remove(tx, &hash, &session);
            }
            Ok(())
        })
        .await?;
        self.rights_changed();
        Ok(())
    }

    /// Ends one session of an account by its number, as from a list.
    ///
    /// # Errors
    /// [`Error::NotFound`]
    pub async fn session_end_by_id(&self, id: AccountId, session: u64) -> Result<(), Error> {
        self.commit(move |tx| {
            let found = tx.sessions_of(id)?.into_iter().find(|(_, found)| found.id == session);
            let (hash, found) = found.ok_or_else(|| Error::NotFound(format!("session {session}")))?;
            remove(tx, &hash, &found);
            Ok(())
        })
        .await?;
        self.rights_changed();
        Ok(())
    }

    /// Ends all sessions of an account, except the one of `keep`.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn sessions_end(&self, id: AccountId, keep: Option<&Ticket>) -> Result<(), Error> {
        let keep = keep.and_then(Ticket::hash);
        self.commit(move |tx| {
            for (hash, session) in tx.sessions_of(id)? {
                if Some(hash) != keep {
                    remove(tx, &hash, &session);
                }
            }
            Ok(())
        })
        .await?;
        self.rights_changed();
        Ok(())
    }

    /// Forgets sessions that have expired; to be called now and then. Says how many.
    ///
    /// # Errors
    /// Machine faults.
    pub async fn sessions_sweep(&self) -> Result<usize, Error> {
        let now = now_ms();
        self.commit(move |tx| {
            let mut expired = tx.all::<Session>(row::SESSIONS)?;
            expired.retain(|(_, session)| session.expires <= now);
            for (key, session) in &expired {
                tx.record_remove(key);
                tx.record_remove(&row::session_of(session.account, session.id));
            }
            Ok(expired.len())
        })
        .await
    }

    /// Wakes when any session ends or an account loses its rights, so that open connections check theirs again.
    pub fn session_watch(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.session_changes.subscribe()
    }

    /// Moves the end of a session on, behind the back of the request that used it.
    fn extend(&self, hash: [u8; 32]) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        {
            let mut extending = locked(&self.inner.extending);
            if extending.len() >= EXTENDING_MAX || !extending.insert(hash) {
                return;
            }
        }
        let directory = self.clone();
        runtime.spawn(async move {
            let moved = directory.commit(move |tx| {
                if let Some(mut session) = tx.get::<Session>(&row::session(&hash))? {
                    session.expires = now_ms() + LIFETIME_MS;
                    row::put(tx, &row::session(&hash), &session)?;
                }
                Ok(())
            });
            if let Err(error) = moved.await {
                tracing::warn!(%error, "the end of a session could not be moved on");
            }
            locked(&directory.inner.extending).remove(&hash);
        });
    }
}

/// Ends all sessions of an account within a commit.
pub(crate) fn end_all(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Error> {
    for (hash, session) in tx.sessions_of(id)? {
        remove(tx, &hash, &session);
    }
    Ok(())
}

/// Takes expired sessions away, and the oldest when the account has too many.
fn make_room(tx: &mut Tx<'_>, id: AccountId, now: i64) -> Result<(), Error> {
    let sessions = tx.sessions_of(id)?;
    let over = (sessions.len() + 1).saturating_sub(PER_ACCOUNT_MAX);
    for (position, (hash, session)) in sessions.iter().enumerate() {
        if position < over || session.expires <= now {
            remove(tx, hash, session);
        }
    }
    Ok(())
}

fn remove(tx: &mut Tx<'_>, hash: &[u8; 32], session: &Session) {
    tx.record_remove(&row::session(hash));
    tx.record_remove(&row::session_of(session.account, session.id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::NewAccount;

    /// A session of the only account, moved so that it ends after this many milliseconds.
    async fn ending_after(left_ms: i64) -> (tempfile::TempDir, Directory, Ticket, i64) {
        let folder = tempfile::TempDir::new().unwrap();
        let (store, _) = store::Store::open(folder.path(), &store::Options::default()).unwrap();
        let directory = Directory::new(store, &config::Limits::default());
        directory.domain_add("example.test").await.unwrap();
        let account = NewAccount {
            address: "alice@example.test".parse().unwrap(),
            name: String::new(),
            password: "correct horse battery".into(),
            admin: false,
            quota: None,
        };
        directory.account_add(account).await.unwrap();
        let client = IpAddr::from([192, 0, 2, 1]);
        let (ticket, mut session, _) =
            directory.session_begin("alice", "correct horse battery", client, "").await.unwrap();
        let hash = ticket.hash().unwrap();
        session.expires = now_ms() + left_ms;
        let moved = session.clone();
        directory.commit(move |tx| row::put(tx, &row::session(&hash), &moved)).await.unwrap();
        (folder, directory, ticket, session.expires)
    }

    #[tokio::test]
    async fn an_expired_session_is_over_and_is_swept() {
        let (_folder, directory, ticket, _) = ending_after(-1).await;
        assert!(matches!(directory.session(&ticket), Err(SignInError::Refused)));
        assert_eq!(directory.sessions(AccountId(1)).unwrap(), []);
        assert_eq!(directory.sessions_sweep().await.unwrap(), 1);
        assert_eq!(directory.sessions_sweep().await.unwrap(), 0);
    }

    #[tokio::test]
    async fn use_moves_the_end_on_at_most_once_a_day() {
        let (_folder, directory, ticket, expires) = ending_after(LIFETIME_MS - DAY_MS / 2).await;
        assert_eq!(directory.session(&ticket).unwrap().0.expires, expires);
        assert!(locked(&directory.inner.extending).is_empty(), "used today already");

        let (_folder, directory, ticket, expires) = ending_after(LIFETIME_MS - 2 * DAY_MS).await;
        directory.session(&ticket).unwrap();
        directory.session(&ticket).unwrap();
        while !locked(&directory.inner.extending).is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(directory.session(&ticket).unwrap().0.expires > expires + DAY_MS);
    }
}
