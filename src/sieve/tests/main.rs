//! ManageSieve as transcripts over pipes, and scripts over messages. Delivery by SMTP is in the tests of the whole program.

mod hostile;
mod managing;
mod running;

use bytes::Bytes;
use config::Settings;
use directory::{Account, Directory, account::NewAccount};
use mail::address::ReversePath;
use net::{Peer, Stream, shutdown::Shutdown};
use sieve::{Origin, Outcome, delivery::Delivery, managesieve};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use store::{Options, Store};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};

const PASSWORD: &str = "correct horse battery";
/// Longest wait for a line. Far above what anything takes, so that only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);
/// 04 Nov 2026 10:00:00 UTC
const NOW: i64 = 1_793_786_400_000;

/// A server with the domain example.test and alice.
struct Server {
    context: Arc<managesieve::Context>,
    directory: Directory,
    alice: Account,
    shutdown: Shutdown,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let (store, _) = Store::open(folder.path(), &Options::default()).unwrap();
        let settings = Settings::new("mail.example.test", folder.path());
        let directory = Directory::new(store, &settings.limits);
        directory.domain_add("example.test").await.unwrap();
        let new = NewAccount {
            address: "alice@example.test".parse().unwrap(),
            name: "Alice Archer".into(),
            password: PASSWORD.into(),
            admin: false,
            quota: None,
        };
        let alice = directory.account_add(new).await.unwrap();
        let shutdown = Shutdown::default();
        let context = managesieve::Context::new(directory.clone(), Arc::new(settings), None, shutdown.clone());
        Self { context: Arc::new(context), directory, alice, shutdown, _folder: folder }
    }

    /// A connection whose greeting is read.
    async fn connect(&self, trusted: bool) -> Client {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let address = SocketAddr::from(([192, 0, 2, 1], 4000));
        let peer = Peer { client: address, local: address, trusted };
        self.shutdown.spawn(managesieve::session(Stream::Pipe(far), peer, self.context.clone()));
        let mut client = Client { stream: BufReader::new(near) };
        client.until("OK").await;
        client
    }

    /// A connection of alice.
    async fn signed_in(&self) -> Client {
        let mut client = self.connect(false).await;
        let plain = base64(format!("\0alice@example.test\0{PASSWORD}").as_bytes());
        client.says(&format!("AUTHENTICATE \"PLAIN\" \"{plain}\""), "OK").await;
        client
    }

    /// Makes a script alice's active one, as it is.
    async fn activate(&self, name: &str, text: &str) {
        let (account, name, text) = (self.alice.id, name.to_owned(), text.to_owned());
        let work = move |tx: &mut store::Tx<'_>| {
            tx.script_put(account, &name, &text, NOW)?;
            tx.script_activate(account, Some(&name))
        };
        self.directory.store().commit(Vec::new(), work).await.unwrap();
    }

    fn delivery(&self, from: &str, message: &str) -> Delivery {
        let message = format!("Return-Path: <{from}>\r\n{}", message.replace('\n', "\r\n"));
        Delivery {
            account: self.alice.id,
            address: self.alice.address.clone(),
            named: self.alice.address.clone(),
            several: false,
            reverse_path: ReversePath(from.parse().ok()),
            return_path_bytes: message.find('\n').unwrap() + 1,
            message: Bytes::from(message),
            at: NOW,
            origin: Origin { hostname: "mail.example.test".into(), ..Origin::default() },
        }
    }

    /// What alice's script does with a message.
    async fn run(&self, script: &str, message: &str) -> Outcome {
        self.activate("main", script).await;
        self.deliver(self.delivery("carol@example.org", message)).await
    }

    async fn deliver(&self, delivery: Delivery) -> Outcome {
        sieve::delivery::run(&self.directory, delivery).await.unwrap().expect("a script is active")
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// One connection.
struct Client {
    stream: BufReader<DuplexStream>,
}

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    /// What a server that has ended the session does not read any more.
    async fn send_if_open(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes).await;
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line)).await.expect("a line comes");
        (read.unwrap_or(0) > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// Lines up to one that begins so, that one included.
    async fn until(&mut self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await.unwrap_or_else(|| panic!("closed before {start:?}: {lines:?}"));
            lines.push(line);
            let last = lines.last().unwrap();
            if last.starts_with(start) {
                return lines;
            }
            let over = ["OK", "NO", "BYE"].iter().any(|status| last.starts_with(status));
            assert!(!over, "expected {start:?}: {lines:?}");
        }
    }

    /// A command, and how the last line of its answer begins; all lines.
    async fn says(&mut self, command: &str, answer: &str) -> Vec<String> {
        self.send(format!("{command}\r\n").as_bytes()).await;
        self.until(answer).await
    }

    /// The text that a `NO` carries as a literal.
    async fn refused(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes()).await;
        let line = self.line().await.expect("an answer");
        assert!(line.starts_with("NO"), "{line}");
        match line.rsplit_once('{').and_then(|(_, digits)| digits.strip_suffix('}')) {
            Some(digits) => {
                let mut text = vec![0; digits.parse().unwrap()];
                self.stream.read_exact(&mut text).await.unwrap();
                assert_eq!(self.line().await.as_deref(), Some(""));
                String::from_utf8(text).unwrap()
            }
            None => line,
        }
    }

    /// PUTSCRIPT with a literal.
    fn put(name: &str, text: &str) -> String {
        format!("PUTSCRIPT \"{name}\" {{{}+}}\r\n{text}", text.len())
    }
}
