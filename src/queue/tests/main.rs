//! The queue over a real store and directory, with a name server and mail servers that do what they are told.
//!
//! Layout: [`delivering`] what goes well, [`failing`] what does not, [`routes`] which server, [`durable`] ends and restarts,
//! [`operating`] what an admin does, [`signing`] DKIM, [`dsn`] what senders asked for, [`policies`]
//! MTA-STS and REQUIRETLS.

mod delivering;
mod dsn;
mod durable;
mod failing;
mod operating;
mod policies;
mod routes;
mod signing;

use config::Settings;
use directory::{Account, Directory, account::NewAccount};
use mail::address::{Address, ReversePath};
use net::{dns::Resolver, shutdown::Shutdown};
use queue::{Clock, Queue, State};
use smtp::{
    client::{Timeouts, Tls},
    intake::{self, Draft, Incoming, Recipient},
};
use std::{ops::ControlFlow, sync::Arc, time::Duration};
use store::{Options, Role, SpoolId, Store, Terms, TraceId, spool::SpoolEntry, trace::Step};
use tempfile::TempDir;
use testkit::{Dns, Sink, sink};
use tokio::task::JoinHandle;

/// Longest wait for an event. Only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Alice's server, and `elsewhere.test` whose one mail server is the sink.
struct World {
    dns: Dns,
    sink: Sink,
    settings: Settings,
    timeouts: Timeouts,
    tls: Tls,
    clock: Clock,
    directory: Directory,
    alice: Account,
    folder: TempDir,
    running: Option<Running>,
}

/// A queue at work.
struct Running {
    queue: Queue,
    task: JoinHandle<()>,
    shutdown: Shutdown,
}

impl World {
    /// With a good server elsewhere.
    async fn new() -> Self {
        Self::with(sink::Options::default()).await
    }

    /// With a server elsewhere as described.
    async fn with(options: sink::Options) -> Self {
        Self::within(TempDir::new().unwrap(), options).await
    }

    /// In a folder of the test's own.
    async fn within(folder: TempDir, options: sink::Options) -> Self {
        let (dns, sink) = (Dns::start().await, Sink::with(options).await);
        dns.mx("elsewhere.test", 10, "mx.elsewhere.test");
        dns.host("mx.elsewhere.test", &sink.address().ip().to_string());
        let mut settings = Settings::new("mail.example.test", folder.path());
        settings.dns.servers = vec![dns.address()];
        settings.queue.port = sink.port();
        let directory = open(&folder, &settings);
        directory.domain_add("example.test").await.unwrap();
        let alice = account(&directory, "alice@example.test", None).await;
        let timeouts = Timeouts::default();
        let (tls, clock, running) = (trusting(&[]), Clock::default(), None);
        Self { dns, sink, settings, timeouts, tls, clock, directory, alice, folder, running }
    }

    /// Lets the queue work.
    fn start(&mut self) -> Queue {
        let resolver = Resolver::new(&self.settings.dns).unwrap();
        let settings = Arc::new(self.settings.clone());
        let (directory, tls, clock) = (self.directory.clone(), self.tls.clone(), self.clock.clone());
        let queue = Queue::with(directory, resolver, settings, tls, self.timeouts, clock);
        let shutdown = Shutdown::default();
        let (work, until) = (queue.clone(), shutdown.clone());
        let task = tokio::spawn(async move { work.run(until).await });
        self.running = Some(Running { queue: queue.clone(), task, shutdown });
        queue
    }

    /// Ends the queue as a kill does, in the middle of whatever it does, and opens the store anew.
    async fn kill(&mut self) {
        let Running { queue, task, .. } = self.running.take().unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        drop(queue);
        self.directory.store().close().await;
        self.directory = open(&self.folder, &self.settings);
    }

    fn queue(&self) -> &Queue {
        &self.running.as_ref().unwrap().queue
    }

    fn store(&self) -> &Store {
        self.directory.store()
    }

    /// A message from alice, taken in by intake.
    async fn send(&self, to: &[&str]) -> TraceId {
        self.send_from("alice@example.test", to, "Subject: Hello\r\nMessage-ID: <hello@example.test>\r\n\r\nHi!\r\n")
            .await
    }

    async fn send_from(&self, from: &str, to: &[&str], text: &str) -> TraceId {
        self.take_in(from, to, text, |_| {}).await
    }

    /// As submission takes it from alice, who has signed in.
    async fn submit(&self, to: &[&str], text: &str, terms: Terms) -> TraceId {
        let account = Some(self.alice.id);
        self.take_in("alice@example.test", to, text, |incoming| {
            incoming.account = account;
            for recipient in &mut incoming.recipients {
                recipient.terms = terms.clone();
            }
            incoming.terms = terms;
        })
        .await
    }

    async fn take_in(&self, from: &str, to: &[&str], text: &str, change: impl FnOnce(&mut Incoming)) -> TraceId {
        let reverse_path: ReversePath = from.parse().unwrap();
        let size = Some(text.len() as u64);
        let resolve = |to: &&str| Recipient::resolve(&self.directory, address(to), true, size).unwrap();
        let (at, recipients) = (self.clock.now(), to.iter().map(resolve).collect());
        let trace = TraceId::new(at);
        let mut draft = Draft::new(&reverse_path, &format!("Received: id {trace}\r\n"), text.len());
        draft.bytes.extend_from_slice(text.as_bytes());
        let mut incoming = Incoming {
            reverse_path,
            recipients,
            account: None,
            utf8: false,
            eight_bit: !text.is_ascii(),
            trace,
            at,
            step: Some(Step::Submitted),
            detail: "a test".into(),
            quota: true,
            terms: store::Terms::default(),
            origin: smtp::intake::Origin::default(),
            message: draft.finish(),
        };
        change(&mut incoming);
        intake::accept(&self.directory, incoming).await.unwrap();
        trace
    }

    /// All entries of the queue.
    fn entries(&self) -> Vec<SpoolEntry> {
        self.store().spool_list(SpoolId(0), 1000).unwrap()
    }

    /// What `look` finds in the queue, when it finds it.
    async fn until<T>(&self, what: &str, look: impl Fn(&[SpoolEntry]) -> Option<T>) -> T {
        let mut changes = self.queue().watch();
        let wait = async {
            loop {
                if let Some(found) = look(&self.entries()) {
                    return found;
                }
                changes.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(PATIENCE, wait).await;
        found.unwrap_or_else(|_| panic!("waiting for {what}, there is {:#?}", self.entries()))
    }

    /// Waits until the queue is empty.
    async fn empty(&self) {
        self.until("an empty queue", |entries| entries.is_empty().then_some(())).await;
    }

    /// The only entry, when it has been tried this often.
    async fn tried(&self, attempts: u32) -> SpoolEntry {
        self.until("a try", |entries| match entries {
            [entry] if entry.attempts == attempts && self.at_rest(entry) => Some(entry.clone()),
            _ => None,
        })
        .await
    }

    /// Whether no worker has the entry in hand.
    fn at_rest(&self, entry: &SpoolEntry) -> bool {
        self.queue().detail(entry.id).is_ok_and(|detail| detail.state != State::Active)
    }

    /// Waits until every entry has been tried once.
    async fn all_tried(&self) {
        let tried = |entry: &SpoolEntry| entry.attempts == 1 && self.at_rest(entry);
        self.until("a try of each", |entries| entries.iter().all(tried).then_some(())).await;
    }

    /// Messages in alice's inbox, as they are.
    fn inbox(&self) -> Vec<String> {
        inbox(self.store(), &self.alice)
    }

    /// The one notification in alice's inbox, as text.
    fn notification(&self) -> String {
        let mut inbox = self.inbox();
        assert_eq!(inbox.len(), 1, "{inbox:#?}");
        inbox.remove(0)
    }

    /// Steps of a message, oldest first.
    fn steps(&self, trace: TraceId) -> Vec<Step> {
        self.store().trace(trace).unwrap().into_iter().map(|event| event.step).collect()
    }
}

fn open(folder: &TempDir, settings: &Settings) -> Directory {
    let (store, _) = Store::open(&folder.path().join("store"), &Options::default()).unwrap();
    Directory::new(store, &settings.limits)
}

async fn account(directory: &Directory, text: &str, quota: Option<u64>) -> Account {
    let password = "correct horse battery".into();
    let new = NewAccount { address: address(text), name: String::new(), password, admin: false, quota };
    directory.account_add(new).await.unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn inbox(store: &Store, account: &Account) -> Vec<String> {
    let inbox = store.mailbox_by_role(account.id, Role::Inbox).unwrap().id;
    let view = store.view(account.id, inbox).unwrap();
    let mut found = Vec::new();
    let mut each = |message: store::Message| {
        found.push(String::from_utf8_lossy(&store.body(message.body).unwrap()).into_owned());
        ControlFlow::Continue(())
    };
    store.messages(account.id, inbox, &view.uids, &mut each).unwrap();
    found
}

/// A client that trusts the certificates of these servers, where certificates are checked.
fn trusting(servers: &[&Sink]) -> Tls {
    let mut roots = rustls::RootCertStore::empty();
    servers.iter().for_each(|sink| roots.add(sink.certificate()).unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Tls::with_verified(Arc::new(config)).unwrap()
}
