//! IMAP connections of signed-in people, kept for a while because the next request comes soon.
//!
//! A connection belongs to one ticket and is never used with another. Signing out drops all of a ticket.

use crate::imap::{Client, Command, Done, Error, Selected, Value};
use httpd::Session;
use net::pipe::Connector;
use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections of one ticket for pages; further requests wait for one. Event streams have their own.
const PER_TICKET_MAX: usize = 4;
/// Connections kept in all while unused.
const KEPT_MAX: usize = 2000;
/// Time an unused connection is kept.
const KEEP: Duration = Duration::from_secs(90);

/// BLAKE3 of a ticket.
pub(crate) type TicketKey = [u8; 32];

/// The key of a session.
pub(crate) fn key_of(ticket: &str) -> TicketKey {
    *blake3::hash(ticket.as_bytes()).as_bytes()
}

struct Entry {
    idle: Vec<(Client, Instant)>,
    free: Arc<Semaphore>,
}

/// The connections of all tickets.
pub(crate) struct Pool {
    connector: Connector,
    entries: Mutex<HashMap<TicketKey, Entry>>,
}

impl Pool {
    /// A pool over a connector. It clears itself of what nobody uses until it is dropped.
    pub(crate) fn new(connector: Connector) -> Arc<Self> {
        let pool = Arc::new(Self { connector, entries: Mutex::default() });
        tokio::spawn(sweep(Arc::downgrade(&pool)));
        pool
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<TicketKey, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of the session, one that has `mailbox` open already if there is such.
    pub(crate) async fn take(
        self: &Arc<Self>,
        session: &Session,
        client: SocketAddr,
        mailbox: Option<&str>,
    ) -> Result<Lease, Error> {
        let key = key_of(&session.ticket);
        let free = self
            .entries()
            .entry(key)
            .or_insert_with(|| Entry { idle: Vec::new(), free: Arc::new(Semaphore::new(PER_TICKET_MAX)) })
            .free
            .clone();
        let permit = free.acquire_owned().await.map_err(|_| Error::SignIn)?;
        let kept = self.entries().get_mut(&key).and_then(|entry| {
            let same = entry.idle.iter().rposition(|(c, _)| c.selected.as_ref().map(|s| s.name.as_str()) == mailbox);
            same.map(|at| entry.idle.swap_remove(at)).or_else(|| entry.idle.pop())
        });
        let fresh = kept.is_none();
        let connection = match kept {
            Some((connection, _)) => connection,
            None => self.connect(session, client).await?,
        };
        Ok(Lease { client: Some(connection), pool: self.clone(), key, fresh, _permit: permit })
    }

    /// A connection of its own, for IDLE.
    pub(crate) async fn connect(&self, session: &Session, client: SocketAddr) -> Result<Client, Error> {
        Client::sign_in(self.connector.connect(client).await?, &session.person.address, &session.ticket).await
    }

    /// Closes what a ticket has open.
    pub(crate) fn forget(&self, ticket: &str) {
        self.entries().remove(&key_of(ticket));
    }

    fn give_back(&self, key: &TicketKey, client: Client) {
        let mut entries = self.entries();
        if entries.values().map(|e| e.idle.len()).sum::<usize>() < KEPT_MAX
            && let Some(entry) = entries.get_mut(key)
        {
            entry.idle.push((client, Instant::now()));
        }
    }
}

/// Closes connections that nobody has used for [`KEEP`].
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(KEEP / 3).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.entries().retain(|_, entry| {
            entry.idle.retain(|(_, since)| since.elapsed() < KEEP);
            !entry.idle.is_empty() || entry.free.available_permits() < PER_TICKET_MAX
        });
    }
}

/// A connection in use. It goes back to the pool unless something went wrong on it.
pub(crate) struct Lease {
    client: Option<Client>,
    pool: Arc<Pool>,
    key: TicketKey,
    fresh: bool,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Lease {
    type Target = Client;
    fn deref(&self) -> &Client {
        self.client.as_ref().expect("the client is there until drop")
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Client {
        self.client.as_mut().expect("the client is there until drop")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(Client::usable) {
            self.pool.give_back(&self.key, client);
        }
    }
}

impl Lease {
    /// Whether the connection was made for this request, so that a failure is not one of a stale connection.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Asks whether the other side is still there.
    pub(crate) async fn check(&mut self) -> Result<(), Error> {
        self.run(Command::new("NOOP")).await.map(|_| ())
    }

    /// Opens a mailbox; when it is open already, only asks for news.
    pub(crate) async fn open(&mut self, mailbox: &str) -> Result<Selected, Error> {
        if self.selected.as_ref().is_some_and(|s| s.name == mailbox) {
            self.run(Command::new("NOOP")).await?;
        } else {
            self.selected = Some(Selected { name: mailbox.to_owned(), ..Selected::default() });
            if let Err(error) = self.run(Command::new("SELECT").mailbox(mailbox)).await {
                self.selected = None;
                return Err(error);
            }
        }
        self.selected.clone().ok_or_else(|| Error::Protocol("nothing is selected".into()))
    }

    /// Leaves the mailbox that is open.
    pub(crate) async fn close(&mut self) -> Result<(), Error> {
        if self.selected.is_some() {
            let command = if self.can("UNSELECT") { "UNSELECT" } else { "CLOSE" };
            self.run(Command::new(command)).await?;
            self.selected = None;
        }
        Ok(())
    }

    /// The named items of one message; `None` when it is gone.
    pub(crate) async fn fetch_one(&mut self, uid: u32, items: &str) -> Result<Option<Vec<Value>>, Error> {
        let done: Done = self.run(Command::new(format!("UID FETCH {uid} ({items})"))).await?;
        Ok(done
            .fetches()
            .find(|(_, data)| crate::imap::pair(data, "UID").and_then(Value::number) == Some(u64::from(uid)))
            .map(|(_, data)| data.to_vec()))
    }
}
