//! What changes in a mailbox shows by itself: one IDLE connection for each session and mailbox (RFC 2177), however many pages
//! show it, and `GET /mail/-/events`, which tells the pages.

use crate::{
    imap::{Client, Command, Error, Told},
    pool::{Pool, TicketKey, key_of},
    visit::Visit,
};
use actix_web::{HttpRequest, HttpResponse, web};
use httpd::{Event, Fault, Session};
use serde::Deserialize;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};

/// Mailboxes that one session may watch at once (503).
const WATCHED_MAX: usize = 24;
/// Time after which IDLE is begun anew (RFC 2177 asks for less than 29 minutes).
const IDLE_TIME: Duration = Duration::from_secs(24 * 60);
/// Longest wait before a lost connection is opened again.
const RETRY_MAX: Duration = Duration::from_secs(30);

type Key = (TicketKey, String);

/// The mailboxes that are watched.
pub(crate) struct Hub {
    pool: Arc<Pool>,
    runtime: Handle,
    watched: Mutex<HashMap<Key, Arc<watch::Sender<u64>>>>,
}

impl Hub {
    /// A hub whose connections are watched on the runtime this is called in.
    pub(crate) fn new(pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self { pool, runtime: Handle::current(), watched: Mutex::default() })
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<Key, Arc<watch::Sender<u64>>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes with each change of the mailbox. Closes when the session cannot watch it any more.
    fn watch(
        self: &Arc<Self>,
        session: &Session,
        client: SocketAddr,
        mailbox: &str,
    ) -> Result<watch::Receiver<u64>, Fault> {
        let ticket = key_of(&session.ticket);
        let key = (ticket, mailbox.to_owned());
        let mut watched = self.watched();
        if let Some(sender) = watched.get(&key) {
            return Ok(sender.subscribe());
        }
        if watched.keys().filter(|(t, _)| *t == ticket).count() >= WATCHED_MAX {
            return Err(Fault::Unavailable("too many mailboxes are watched".into()));
        }
        let (sender, receiver) = watch::channel(0);
        let sender = Arc::new(sender);
        watched.insert(key.clone(), sender.clone());
        drop(watched);
        self.runtime.spawn(follow(self.clone(), session.clone(), client, key, sender));
        Ok(receiver)
    }

    /// Stops watching for a ticket.
    pub(crate) fn forget(&self, ticket: &str) {
        let ticket = key_of(ticket);
        self.watched().retain(|(t, _), _| *t != ticket);
    }

    /// Ends the watching of a mailbox, unless somebody began to listen in the meantime.
    fn end(&self, key: &Key, sender: &Arc<watch::Sender<u64>>, even_if_heard: bool) -> bool {
        let mut watched = self.watched();
        if !even_if_heard && sender.receiver_count() > 0 {
            return false;
        }
        if watched.get(key).is_some_and(|s| Arc::ptr_eq(s, sender)) {
            watched.remove(key);
        }
        true
    }

    /// Whether a mailbox is still to be watched by this sender.
    fn holds(&self, key: &Key, sender: &Arc<watch::Sender<u64>>) -> bool {
        self.watched().get(key).is_some_and(|s| Arc::ptr_eq(s, sender))
    }
}

/// Watches a mailbox while somebody listens.
async fn follow(hub: Arc<Hub>, session: Session, client: SocketAddr, key: Key, sender: Arc<watch::Sender<u64>>) {
    let mut wait = Duration::from_secs(1);
    while hub.holds(&key, &sender) {
        let outcome = tokio::select! {
            () = sender.closed() => Ok(()),
            outcome = listen(&hub.pool, &session, client, &key.1, &sender, &mut wait) => outcome,
        };
        match outcome {
            Ok(()) => {
                if hub.end(&key, &sender, false) {
                    return;
                }
            }
            Err(Error::Gone(why)) => {
                tracing::debug!(why, "a watched mailbox is lost and will be opened again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
            Err(error) => {
                tracing::debug!(%error, "a mailbox cannot be watched");
                hub.end(&key, &sender, true);
                return;
            }
        }
    }
}

/// Tells each change, until something fails.
async fn listen(
    pool: &Pool,
    session: &Session,
    client: SocketAddr,
    mailbox: &str,
    sender: &watch::Sender<u64>,
    wait: &mut Duration,
) -> Result<(), Error> {
    let mut connection: Client = pool.connect(session, client).await?;
    connection.run(Command::new("EXAMINE").mailbox(mailbox)).await?;
    // What changed before the mailbox was open has gone by unseen.
    let mut told = Told::Changed;
    loop {
        if matches!(told, Told::Changed) {
            sender.send_modify(|count| *count = count.wrapping_add(1));
        }
        told = connection.idle(IDLE_TIME).await?;
        *wait = Duration::from_secs(1);
    }
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    mailbox: String,
}

/// `GET /mail/-/events?mailbox=...`: `changed` when the mailbox or the inbox has changed.
pub(crate) async fn events(
    request: HttpRequest,
    visit: Visit,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Fault> {
    let hub = &visit.state.hub;
    let mut shown = hub.watch(&visit.session, visit.client, &asked.mailbox)?;
    let mut inbox = hub.watch(&visit.session, visit.client, "INBOX")?;
    let (sender, receiver) = mpsc::channel(4);
    actix_web::rt::spawn(async move {
        loop {
            let changed = tokio::select! {
                () = sender.closed() => return,
                changed = shown.changed() => changed,
                changed = inbox.changed() => changed,
            };
            // Both wake for a change of the inbox; the page needs to be told once.
            shown.mark_unchanged();
            inbox.mark_unchanged();
            let event = Event { name: "changed", data: String::new() };
            if changed.is_err() || sender.send(event).await.is_err() {
                return;
            }
        }
    });
    httpd::event_stream(&request, visit.session, receiver)
}
