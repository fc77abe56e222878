//! Whatever bytes come, a session answers or closes, and the next one is served.

use crate::Server;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Pieces of commands, so that random input gets beyond the first byte.
const PIECES: [&str; 40] = [
    "a ",
    "FETCH ",
    "1:* ",
    "UID ",
    "SEARCH ",
    "STORE ",
    "+FLAGS ",
    "(",
    ")",
    "\\Seen",
    "{3}\r\n",
    "{3+}\r\n",
    "\r\n",
    "\n",
    "BODY[",
    "]",
    "<0.5>",
    "HEADER.FIELDS ",
    "\"",
    "APPEND INBOX ",
    "SELECT ",
    "INBOX",
    "LIST ",
    "*",
    "%",
    "RETURN ",
    "OR ",
    "NOT ",
    "SORT ",
    "(DATE) UTF-8 ",
    "THREAD REFERENCES UTF-8 ALL",
    "IDLE\r\n",
    "DONE\r\n",
    "COPY 1 ",
    "99999999999",
    "&",
    "AUTHENTICATE PLAIN\r\n",
    "ENABLE CONDSTORE",
    "STATUS INBOX (MESSAGES)",
    "\0",
];

fn input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (0..PIECES.len()).prop_map(|at| PIECES[at].as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[test]
fn random_bytes() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(async {
        let server = Server::start().await;
        server.deliver("INBOX", "Subject: a\r\n\r\ntext").await;
        server
    });
    let mut runner = TestRunner::new(ProptestConfig { cases: 256, ..ProptestConfig::default() });
    let result = runner.run(&(any::<bool>(), input()), |(signed_in, input)| {
        runtime.block_on(async {
            let mut client = if signed_in { server.inbox().await } else { server.connect(false).await };
            let (mut reader, mut writer) = tokio::io::split(&mut client.stream);
            let write = async {
                // The session may close before all is sent.
                let _ = writer.write_all(&input).await;
                let _ = writer.shutdown().await;
            };
            let mut answer = Vec::new();
            let ((), read) = tokio::join!(write, reader.read_to_end(&mut answer));
            read.expect("a pipe");
        });
        Ok(())
    });
    result.unwrap();
    runtime.block_on(async {
        server.alice().await.run("NOOP").await;
        assert!(server.shutdown.drain(std::time::Duration::from_secs(60)).await, "no session hangs");
    });
}

#[tokio::test]
async fn long_lines_are_refused() {
    let server = Server::start().await;
    let mut client = server.connect(false).await;
    client.send(&vec![b'x'; 70_000]).await;
    client.expect("* BYE The command is too long").await;
    let mut client = server.alice().await;
    client.speak("C: 1 LOGIN {70000}\nS: 1 BAD the command is too long\nC: 2 NOOP\nS: 2 OK ...").await;
}

#[tokio::test]
async fn literals_sent_without_waiting_are_taken() {
    let server = Server::start().await;
    let mut client = server.connect(false).await;
    client.send(b"1 LOGIN {18}\r\nalice@example.test {21}\r\ncorrect horse battery\r\n2 NOOP\r\n").await;
    client.speak("S: + Go on\nS: + Go on\nS: 1 OK ...\nS: 2 OK ...").await;
}
