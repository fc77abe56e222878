//! Nothing acknowledged is lost when the whole program is killed under load.

use crate::GATEPOST;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use testkit::{Options, TestServer};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Notify,
};

/// Messages that got their 250.
#[derive(Default)]
struct Acknowledged {
    names: Mutex<BTreeSet<String>>,
    grown: Notify,
}

/// Delivers numbered messages to alice until the connection breaks, and notes each 250.
async fn deliver(port: u16, next: Arc<AtomicUsize>, acknowledged: Arc<Acknowledged>) -> Option<()> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.ok()?);
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    stream.write_all(b"HELO sender.example.org\r\n").await.ok()?;
    stream.read_line(&mut line).await.ok()?;
    loop {
        let name = format!("m{}", next.fetch_add(1, Ordering::Relaxed));
        for command in ["MAIL FROM:<a@example.org>", "RCPT TO:<alice@example.test>", "DATA"] {
            stream.write_all(format!("{command}\r\n").as_bytes()).await.ok()?;
            stream.read_line(&mut line).await.ok()?;
        }
        stream.write_all(format!("Subject: {name}\r\n\r\nbody of {name}\r\n.\r\n").as_bytes()).await.ok()?;
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        assert!(line.starts_with("250 "), "{line}");
        acknowledged.names.lock().expect("no panic while held").insert(name);
        acknowledged.grown.notify_one();
    }
}

/// Subjects in a mailbox of alice with how often each is there.
async fn subjects(server: &TestServer, mailbox: &str) -> BTreeMap<String, usize> {
    let mut imap = server.imap("alice").await;
    let exists = imap.imap(&format!("SELECT {mailbox}")).await;
    let mut found = BTreeMap::new();
    if exists.iter().any(|line| line == "* 0 EXISTS") {
        return found;
    }
    for line in imap.imap("FETCH 1:* ENVELOPE").await {
        if let Some((_, rest)) = line.split_once("ENVELOPE (NIL \"") {
            let subject = rest.split('"').next().unwrap_or_default().to_owned();
            *found.entry(subject).or_default() += 1;
        }
    }
    found
}

async fn kills(engine: &str) {
    let options = Options { config: format!("[store]\nengine = \"{engine}\""), accounts: vec!["alice"] };
    let mut server = TestServer::start(GATEPOST, options).await;
    let script = "require [\"fileinto\", \"mailbox\", \"copy\"];\nfileinto :copy :create \"Copies\";\n";
    let put = server.run_with(&["script", "put", "alice@example.test", "copies", "-", "--activate"], script);
    assert!(put.status.success(), "{}", String::from_utf8_lossy(&put.stderr));
    let next = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(Acknowledged::default());
    for round in 0..4 {
        let before = acknowledged.names.lock().expect("no panic while held").len();
        let senders: Vec<_> =
            (0..8).map(|_| tokio::spawn(deliver(server.port(25), next.clone(), acknowledged.clone()))).collect();
        // Killed in the middle of the load: after a number of acknowledgements that differs by round.
        while acknowledged.names.lock().expect("no panic while held").len() < before + 20 + 37 * round {
            acknowledged.grown.notified().await;
        }
        server.kill();
        for sender in senders {
            sender.await.expect("does not panic");
        }
        server.serve().await;
        let found = subjects(&server, "INBOX").await;
        // What the script files away is part of the same commit.
        assert_eq!(found, subjects(&server, "Copies").await, "round {round}");
        let names = acknowledged.names.lock().expect("no panic while held").clone();
        let lost: Vec<_> = names.iter().filter(|name| !found.contains_key(*name)).collect();
        assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
        let twice: Vec<_> = found.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "round {round}: there more than once: {twice:?}");
    }
    server.stop().await;
    let verified = server.json(&["store", "verify"]);
    assert_eq!(verified["problems"], serde_json::json!([]), "{verified}");
}

#[tokio::test]
async fn kill_9_under_load_with_sled() {
    kills("sled").await;
}

#[tokio::test]
async fn kill_9_under_load_with_redb() {
    kills("redb").await;
}
