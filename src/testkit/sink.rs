//! A mail server that takes what it gets, or does whatever a rule tells it to do at a step of the conversation.

mod session;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// Longest wait for an event. Only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A step of the conversation, as the server sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A client has connected and waits for the greeting.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH, with the credentials read.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The first line of the text has come, and not all of it.
    Text,
    /// The final dot has come.
    End,
    /// RSET.
    Rset,
}

/// What the server does instead of what a good server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Answers this.
    Reply(String),
    /// Closes the connection.
    Disconnect,
    /// Says nothing, ever, and keeps the connection open.
    Silence,
    /// Waits for [`Sink::release`], then goes on as a good server.
    Wait,
}

impl From<&str> for Deed {
    fn from(reply: &str) -> Self {
        Self::Reply(reply.to_owned())
    }
}

/// How the server does TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not offered.
    #[default]
    Absent,
    /// Offered, and working.
    Good,
    /// Offered, and then no TLS comes.
    Broken,
    /// From the first byte.
    Implicit,
}

/// What the server is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 for any.
    pub address: String,
    /// Its name, in its certificate too.
    pub name: String,
    /// TLS.
    pub tls: Tls,
    /// Name and password without which it takes no mail.
    pub credentials: Option<(String, String)>,
    /// What it says to EHLO besides STARTTLS and AUTH.
    pub capabilities: Vec<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:0".into(),
            name: "mx.elsewhere.test".into(),
            tls: Tls::Absent,
            credentials: None,
            capabilities: vec!["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 50000000", "ENHANCEDSTATUSCODES"],
        }
    }
}

/// A message that the server has answered with 250.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Name given in EHLO.
    pub hello: String,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Who signed in.
    pub user: Option<String>,
    /// Envelope sender; empty for the null sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// The parameters of MAIL.
    pub parameters: String,
    /// The parameters of each RCPT.
    pub rcpt_parameters: Vec<String>,
    /// Address of the client.
    pub client: IpAddr,
    /// The text, dots unstuffed.
    pub text: Vec<u8>,
}

impl Received {
    /// The text, as far as it is UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.text).into_owned()
    }
}

/// The server. It ends, and its conversations with it, when this is dropped.
pub struct Sink {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    options: Options,
    acceptor: TlsAcceptor,
    state: Mutex<State>,
    /// Raised with every event.
    events: watch::Sender<u64>,
    /// Raised by [`Sink::release`].
    released: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    received: Vec<Received>,
    reached: BTreeMap<Step, usize>,
    open: usize,
    busiest: usize,
    connections: usize,
}

struct Rule {
    step: Step,
    /// Only for commands that hold this text.
    about: Option<String>,
    deed: Deed,
    /// How often it is still followed.
    left: usize,
}

impl Sink {
    /// A good server on any port of 127.0.0.1.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// A server as described.
    pub async fn with(options: Options) -> Self {
        let listener = TcpListener::bind(&options.address).await.unwrap_or_else(|e| panic!("{}: {e}", options.address));
        let address = listener.local_addr().expect("has an address");
        let (acceptor, certificate) = identity(&options.name);
        let shared = Arc::new(Shared {
            options,
            acceptor,
            state: Mutex::default(),
            events: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let task = tokio::spawn(session::listen(listener, Arc::clone(&shared)));
        Self { address, certificate, shared, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Its certificate, which it has signed itself.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// Does this at every such step from now on. Of several rules that fit, the oldest is followed.
    pub fn always(&self, step: Step, deed: impl Into<Deed>) {
        self.rule(step, None, deed.into(), usize::MAX);
    }

    /// Does this at the next such step.
    pub fn once(&self, step: Step, deed: impl Into<Deed>) {
        self.rule(step, None, deed.into(), 1);
    }

    /// Does this at commands of the step that hold a text, such as an address.
    pub fn about(&self, step: Step, text: &str, deed: impl Into<Deed>) {
        self.rule(step, Some(text.to_owned()), deed.into(), usize::MAX);
    }

    /// Is a good server again.
    pub fn behave(&self) {
        self.lock().rules.clear();
    }

    /// Lets all who wait by [`Deed::Wait`] go on, now and later.
    pub fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// The messages taken, when there are this many at least.
    pub async fn received(&self, count: usize) -> Vec<Received> {
        self.until("messages", count, |state| state.received.len()).await;
        self.lock().received.clone()
    }

    /// The messages taken by now.
    pub fn taken(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    /// Waits until a step was reached this often, counted from the start of the server.
    pub async fn reached(&self, step: Step, count: usize) {
        self.until(&format!("{step:?}"), count, |state| state.reached.get(&step).copied().unwrap_or(0)).await;
    }

    /// How often a step was reached by now.
    pub fn times(&self, step: Step) -> usize {
        self.lock().reached.get(&step).copied().unwrap_or(0)
    }

    /// Connections since the start.
    pub fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Most connections that were open at once.
    pub fn busiest(&self) -> usize {
        self.lock().busiest
    }

    fn rule(&self, step: Step, about: Option<String>, deed: Deed, left: usize) {
        self.lock().rules.push(Rule { step, about, deed, left });
    }

    async fn until(&self, what: &str, count: usize, figure: impl Fn(&State) -> usize) {
        let mut events = self.shared.events.subscribe();
        let wait = async {
            while figure(&self.lock()) < count {
                if events.changed().await.is_err() {
                    break;
                }
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("{} of {count} {what} at {}", figure(&self.lock()), self.address);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.events.send_modify(|count| *count += 1);
        result
    }

    /// Counts a step, and tells what a rule says of it.
    fn reach(&self, step: Step, command: &str) -> Option<Deed> {
        self.change(|state| {
            *state.reached.entry(step).or_default() += 1;
            let fits = |rule: &&mut Rule| {
                rule.step == step && rule.left > 0 && rule.about.as_ref().is_none_or(|text| command.contains(text))
            };
            let rule = state.rules.iter_mut().find(fits)?;
            rule.left -= 1;
            Some(rule.deed.clone())
        })
    }
}

fn identity(name: &str) -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("makes a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let certificate = made.cert.der().clone();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("has protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("takes its certificate");
    (TlsAcceptor::from(Arc::new(config)), certificate)
}
