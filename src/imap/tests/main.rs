//! Real sessions over in-memory pipes, and over TCP where that matters, written as transcripts.
//!
//! A transcript is lines that begin with `C: ` (sent) or `S: ` (expected, in order; `...` stands for any text).

mod clients;
mod concurrent;
mod extensions;
mod fetch;
mod fuzzy;
mod grammar;
mod hostile;
mod mailboxes;
mod messages;
mod metadata;
mod numbers;
mod scripts;
mod search;
mod sessions;
mod sharing;
mod sign_in;
mod sort;
mod thread;

use config::{Limits, Settings};
use directory::{Account, Directory, account::NewAccount};
use imap::Context;
use net::{Peer, Stream, shutdown::Shutdown, tls::Certificates};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use store::{AccountId, Flags, NewBody, NewMessage, Options, Store, TraceId, Uid};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

const PASSWORD: &str = "correct horse battery";
/// Longest wait for a line. Far above what anything takes, so that only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);
/// 04 Nov 2026 10:00:00 UTC
const DAY: i64 = 1_793_786_400_000;

/// A server with the domain example.test and alice.
struct Server {
    context: Arc<Context>,
    alice: Account,
    shutdown: Shutdown,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        Self::with_limits(Limits::default()).await
    }

    async fn with_limits(limits: Limits) -> Self {
        Self::with(limits, false).await
    }

    async fn with(limits: Limits, tls: bool) -> Self {
        Self::with_settings(tls, |settings| settings.limits = limits).await
    }

    async fn with_settings(tls: bool, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = TempDir::new().unwrap();
        let (store, _) = Store::open(folder.path(), &Options::default()).unwrap();
        let mut settings = Settings::new("mail.example.test", folder.path());
        change(&mut settings);
        let directory = Directory::new(store, &settings.limits);
        directory.domain_add("example.test").await.unwrap();
        let alice = directory.account_add(person("alice@example.test", None)).await.unwrap();
        let shutdown = Shutdown::default();
        let tls = tls.then(|| Certificates::load(&settings).unwrap().server_config());
        let context = Arc::new(Context::new(directory, Arc::new(settings), tls, shutdown.clone()));
        Self { context, alice, shutdown, _folder: folder }
    }

    fn store(&self) -> &Store {
        self.context.directory().store()
    }

    /// A connection that has said nothing; its greeting is read.
    async fn connect(&self, trusted: bool) -> Client {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let address = SocketAddr::from(([192, 0, 2, 1], 4000));
        let peer = Peer { client: address, local: address, trusted };
        self.shutdown.spawn(imap::session(Stream::Pipe(far), peer, self.context.clone()));
        let mut client = Client::new(near);
        client.expect("* OK [CAPABILITY IMAP4rev1 ...] Gatepost").await;
        client
    }

    /// Listens on 127.0.0.1; the port.
    async fn listen(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (context, shutdown) = (self.context.clone(), self.shutdown.clone());
        tokio::spawn(async move {
            while let Ok((stream, client)) = listener.accept().await {
                let peer = Peer { client, local: stream.local_addr().unwrap(), trusted: false };
                shutdown.spawn(imap::session(Stream::Tcp(stream), peer, context.clone()));
            }
        });
        port
    }

    /// A connection of alice.
    async fn alice(&self) -> Client {
        self.signed_in("alice@example.test").await
    }

    async fn signed_in(&self, name: &str) -> Client {
        let mut client = self.connect(false).await;
        client.say(&format!("in LOGIN {name} \"{PASSWORD}\"")).await;
        client.expect("in OK [CAPABILITY ...] You are signed in").await;
        client
    }

    /// A connection of alice with INBOX selected.
    async fn inbox(&self) -> Client {
        let mut client = self.alice().await;
        client.run("SELECT INBOX").await;
        client
    }

    /// Delivers to alice's mailbox of that name.
    async fn deliver(&self, mailbox: &str, text: &str) -> Uid {
        self.deliver_all(mailbox, &[text], &Flags::default()).await
    }

    /// Delivers several in one commit; the last UID.
    async fn deliver_all(&self, mailbox: &str, texts: &[&str], flags: &Flags) -> Uid {
        let account: AccountId = self.alice.id;
        let mailbox = self.store().mailbox_by_name(account, mailbox).unwrap().id;
        let bodies: Vec<NewBody> = texts.iter().map(|text| NewBody::new(text.as_bytes())).collect();
        let messages: Vec<NewMessage> = texts.iter().map(|text| message(text, flags)).collect();
        let work = move |tx: &mut store::Tx<'_>| {
            let mut uid = 0;
            for message in &messages {
                uid = tx.append(account, mailbox, message)?.uid;
            }
            Ok::<_, store::Error>(uid)
        };
        self.store().commit(bodies, work).await.unwrap()
    }
}

fn person(address: &str, quota: Option<u64>) -> NewAccount {
    NewAccount {
        address: address.parse().unwrap(),
        name: String::new(),
        password: PASSWORD.into(),
        admin: false,
        quota,
    }
}

fn message(text: &str, flags: &Flags) -> NewMessage {
    NewMessage {
        body: NewBody::new(text.as_bytes()).id(),
        size: u32::try_from(text.len()).unwrap(),
        received: DAY,
        saved: DAY,
        flags: flags.clone(),
        trace: TraceId::new(DAY),
        summary: Arc::new(mail::summary::summarize(text.as_bytes())),
    }
}

/// Pipes, TCP and TLS.
trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// The client's end of a connection.
struct Client {
    stream: BufReader<Box<dyn Transport>>,
    told: Vec<String>,
}

impl Client {
    fn new(stream: impl Transport + 'static) -> Self {
        Self { stream: BufReader::new(Box::new(stream)), told: Vec::new() }
    }

    async fn say(&mut self, line: &str) {
        self.told.push(format!("C: {line}"));
        self.send(format!("{line}\r\n").as_bytes()).await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.write_all(bytes).await {
            self.fail(&format!("cannot send: {error}"));
        }
    }

    /// The next line without its end; `None` when the server has closed.
    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        match tokio::time::timeout(PATIENCE, self.stream.read_until(b'\n', &mut line)).await {
            Ok(Ok(length)) if length > 0 => {
                let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
                self.told.push(format!("S: {line}"));
                Some(line)
            }
            Ok(_) => None,
            Err(_) => self.fail("no line came"),
        }
    }

    /// The next line must look like this.
    async fn expect(&mut self, pattern: &str) -> String {
        match self.line().await {
            Some(line) if is_like(pattern, &line) => line,
            _ => self.fail(&format!("expected: {pattern}")),
        }
    }

    /// Speaks a transcript.
    async fn speak(&mut self, transcript: &str) {
        for line in transcript.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
            if let Some(line) = line.strip_prefix("C:") {
                self.say(line.strip_prefix(' ').unwrap_or(line)).await;
            } else if let Some(pattern) = line.strip_prefix("S:") {
                self.expect(pattern.strip_prefix(' ').unwrap_or(pattern)).await;
            } else {
                panic!("neither C: nor S: in {line:?}");
            }
        }
    }

    /// Runs a command that must succeed; the lines before the tagged one, and that one without its tag.
    async fn run(&mut self, command: &str) -> Vec<String> {
        let lines = self.run_any(command).await;
        if !lines.last().is_some_and(|line| line.starts_with("OK")) {
            self.fail("expected OK");
        }
        lines
    }

    /// Runs a command, whatever comes of it.
    async fn run_any(&mut self, command: &str) -> Vec<String> {
        self.say(&format!("run {command}")).await;
        let mut lines = Vec::new();
        loop {
            match self.line().await {
                Some(line) => match line.strip_prefix("run ") {
                    Some(last) => {
                        lines.push(last.to_owned());
                        return lines;
                    }
                    None => lines.push(line),
                },
                None => self.fail("the server closed"),
            }
        }
    }

    /// The server must have closed.
    async fn closed(&mut self) {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await;
        if !matches!(read, Ok(Ok(0))) {
            self.fail(&format!("expected the end, got {:?}", String::from_utf8_lossy(&rest)));
        }
    }

    fn fail(&self, why: &str) -> ! {
        panic!("{why}\n{}", self.told.join("\n"))
    }
}

/// Whether a line matches a pattern in which `...` stands for any text.
fn is_like(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
