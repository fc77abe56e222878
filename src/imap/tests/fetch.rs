//! FETCH: items, sections, `\Seen`, large and damaged messages, and the collection of broken mail.

use crate::{Client, DAY, Server, is_like};
use imap_codec::imap_types::{
    body::{BodyStructure, SpecificFields},
    fetch::MessageDataItem,
    response::{Data, Response},
};
use imap_codec::{ResponseCodec, decode::Decoder};
use memchr::memmem;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use store::{Flags, NewBody, NewMessage, TraceId};
use tokio::io::{AsyncBufReadExt, AsyncReadExt};

const MULTIPART: &str = "From: Alice <alice@example.test>\r\nTo: bob@example.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
    Date: Tue, 24 Nov 2026 04:36:00 +0000\r\nMessage-ID: <1@example.test>\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n\
    --b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";

async fn deliver_bytes(server: &Server, messages: &[Vec<u8>]) {
    let account = server.alice.id;
    let mailbox = server.store().mailbox_by_name(account, "INBOX").unwrap().id;
    let bodies: Vec<NewBody> = messages.iter().map(|message| NewBody::new(message)).collect();
    let new: Vec<NewMessage> = messages
        .iter()
        .zip(&bodies)
        .map(|(message, body)| NewMessage {
            body: body.id(),
            size: u32::try_from(message.len()).unwrap(),
            received: DAY,
            saved: DAY,
            flags: Flags::default(),
            trace: TraceId::new(DAY),
            summary: Arc::new(mail::summary::summarize(message)),
        })
        .collect();
    let work = move |tx: &mut store::Tx<'_>| {
        for message in &new {
            tx.append(account, mailbox, message)?;
        }
        Ok::<_, store::Error>(())
    };
    server.store().commit(bodies, work).await.unwrap();
}

/// The untagged responses to a command that must succeed, as bytes, literals in them.
async fn answer(client: &mut Client, command: &str) -> Vec<Vec<u8>> {
    client.say(&format!("raw {command}")).await;
    let mut responses = Vec::new();
    loop {
        let mut response = Vec::new();
        loop {
            let start = response.len();
            client.stream.read_until(b'\n', &mut response).await.unwrap();
            let line = String::from_utf8_lossy(&response[start..]).into_owned();
            let length: Option<usize> =
                line.trim_end().strip_suffix('}').and_then(|line| line.rsplit_once('{')?.1.parse().ok());
            let Some(length) = length else { break };
            let start = response.len();
            response.resize(start + length, 0);
            client.stream.read_exact(&mut response[start..]).await.unwrap();
        }
        if response.starts_with(b"raw ") {
            assert!(response.starts_with(b"raw OK"), "{command}: {}", String::from_utf8_lossy(&response));
            return responses;
        }
        responses.push(response);
    }
}

/// The bytes of the one literal of the one response; `None` for NIL.
async fn section(client: &mut Client, message: usize, section: &str) -> Option<Vec<u8>> {
    let responses = answer(client, &format!("FETCH {message} BODY.PEEK{section}")).await;
    assert_eq!(responses.len(), 1, "{section}");
    let response = &responses[0];
    if response.ends_with(b" NIL)\r\n") {
        return None;
    }
    let start = memmem::find(response, b"}\r\n").unwrap() + 3;
    Some(response[start..response.len() - 3].to_vec())
}

#[tokio::test]
async fn items_that_need_no_body() {
    let server = Server::start().await;
    server.deliver("INBOX", MULTIPART).await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 FETCH 1 FAST
            S: * 1 FETCH (FLAGS (\Recent) INTERNALDATE " 4-Nov-2026 10:00:00 +0000" RFC822.SIZE ...)
            S: 1 OK FETCH completed
            C: 2 UID FETCH 1:* (ENVELOPE SAVEDATE PREVIEW EMAILID THREADID)
            S: * 1 FETCH (UID 1 ENVELOPE ("Tue, 24 Nov 2026 04:36:00 +0000" "=?utf-8?B?R3LDvMOfZQ==?=" (("Alice" NIL "alice" "example.test")) (("Alice" NIL "alice" "example.test")) (("Alice" NIL "alice" "example.test")) ((NIL NIL "bob" "example.test")) NIL NIL NIL "<1@example.test>") SAVEDATE " 4-Nov-2026 10:00:00 +0000" PREVIEW "Hello" EMAILID (M...) THREADID (T...))
            S: 2 OK FETCH completed
            C: 3 FETCH 1 BODYSTRUCTURE
            S: * 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 5 0 NIL NIL NIL NIL)("application" "pdf" ("name" "a.pdf") NIL NIL "base64" 4 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL))
            S: 3 OK FETCH completed
            C: 4 FETCH 1 (UID MODSEQ)
            S: * OK [HIGHESTMODSEQ ...] ...
            S: * 1 FETCH (UID 1 MODSEQ (...))
            S: 4 OK FETCH completed
            C: 5 FETCH 2 FLAGS
            S: 5 BAD there is no message 2
            C: 6 UID FETCH 2:5 FLAGS
            S: 6 OK FETCH completed
            "#,
        )
        .await;
}

#[tokio::test]
async fn sections_are_told_under_the_name_they_were_asked_by() {
    let server = Server::start().await;
    server.deliver("INBOX", MULTIPART).await;
    let mut client = server.inbox().await;
    client
        .speak(
            r#"
            C: 1 FETCH 1 (BODY.PEEK[1] BODY.PEEK[2.MIME] BODY.PEEK[3] BODY.PEEK[1]<1.3>)
            S: * 1 FETCH (BODY[1] {5}
            S: Hello BODY[2.MIME] {80}
            S: Content-Type: application/pdf; name=a.pdf
            S: Content-Transfer-Encoding: base64
            S:
            S:  BODY[3] NIL BODY[1]<1> {3}
            S: ell)
            S: 1 OK FETCH completed
            C: 2 FETCH 1 BODY.PEEK[HEADER.FIELDS (Message-Id X-None)]
            S: * 1 FETCH (BODY[HEADER.FIELDS (Message-Id X-None)] {32}
            S: Message-ID: <1@example.test>
            S:
            S: )
            S: 2 OK FETCH completed
            C: 3 FETCH 1 RFC822.HEADER
            S: * 1 FETCH (RFC822.HEADER {...}
            "#,
        )
        .await;
}

#[tokio::test]
async fn reading_marks_as_seen_in_one_commit() {
    let server = Server::start().await;
    server.deliver_all("INBOX", &["A: 1\r\n\r\na", "A: 2\r\n\r\nb", "A: 3\r\n\r\nc"], &Flags::default()).await;
    let mut client = server.inbox().await;
    let mut other = server.inbox().await;
    let before = server.store().stats().unwrap().commits;
    client
        .speak(
            r"
            C: 1 FETCH 1:* BODY[TEXT]
            S: * 1 FETCH (BODY[TEXT] {1}
            S: a FLAGS (\Seen \Recent))
            S: * 2 FETCH (BODY[TEXT] {1}
            S: b FLAGS (\Seen \Recent))
            S: * 3 FETCH (BODY[TEXT] {1}
            S: c FLAGS (\Seen \Recent))
            S: 1 OK FETCH completed
            C: 2 FETCH 1 (FLAGS BODY[TEXT])
            S: * 1 FETCH (FLAGS (\Seen \Recent) BODY[TEXT] {1}
            S: a)
            S: 2 OK FETCH completed
            ",
        )
        .await;
    assert_eq!(server.store().stats().unwrap().commits, before + 1);
    let told = other.run("NOOP").await;
    assert_eq!(told.iter().filter(|line| line.contains(r"FLAGS (\Seen")).count(), 3, "{told:?}");
    client.run("STORE 1:* -FLAGS.SILENT (\\Seen)").await;
    for command in ["FETCH 1 BODY.PEEK[]", "FETCH 1 RFC822.HEADER"] {
        assert!(!client.run(command).await.concat().contains("Seen"), "{command}");
    }
    client.run("EXAMINE INBOX").await;
    assert!(!client.run("FETCH 1 BODY[TEXT]").await.concat().contains("Seen"));
}

#[tokio::test]
async fn changed_since_picks_before_it_marks() {
    let server = Server::start().await;
    server.deliver_all("INBOX", &["A: 1\r\n\r\na", "A: 2\r\n\r\nb"], &Flags::default()).await;
    let mut client = server.inbox().await;
    let lines = client.run("FETCH 1 MODSEQ").await;
    let modseq = lines[1].split(['(', ')']).nth(2).unwrap().to_owned();
    client.run("STORE 2 +FLAGS.SILENT (\\Flagged)").await;
    let lines = client.run(&format!("FETCH 1:* (BODY[TEXT]) (CHANGEDSINCE {modseq})")).await;
    assert!(is_like("* 2 FETCH (BODY[TEXT] {1}", &lines[0]), "{lines:?}");
    assert!(is_like(r"b MODSEQ (...) FLAGS (\Flagged \Seen))", &lines[1]) || lines[1].contains("Seen"), "{lines:?}");
    assert_eq!(lines.len(), 3, "{lines:?}");
}

#[tokio::test]
async fn what_is_gone_is_said_so() {
    let server = Server::start().await;
    server.deliver_all("INBOX", &["A: 1\r\n\r\na", "A: 2\r\n\r\nb", "A: 3\r\n\r\nc"], &Flags::default()).await;
    let mut client = server.inbox().await;
    let mut other = server.inbox().await;
    other.run("STORE 2 +FLAGS.SILENT (\\Deleted)").await;
    other.run("EXPUNGE").await;
    client
        .speak(
            "
            C: 1 FETCH 1:3 BODY.PEEK[TEXT]
            S: * 1 FETCH (BODY[TEXT] {1}
            S: a)
            S: * 3 FETCH (BODY[TEXT] {1}
            S: c)
            S: 1 OK [EXPUNGEISSUED] ...
            C: 2 UID FETCH 3 UID
            S: * 3 FETCH (UID 3)
            S: * 2 EXPUNGE
            S: 2 OK FETCH completed
            C: 3 FETCH 2 UID
            S: * 2 FETCH (UID 3)
            S: 3 OK FETCH completed
            ",
        )
        .await;
}

/// Text that does not compress to nothing and in which every place is different.
fn filler(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        b"abcdefghijklmnopqrstuvwxyz0123456789"[(state >> 33) as usize % 36]
    };
    (0..length).map(|at| if at % 72 == 71 { b'\n' } else { next() }).collect()
}

#[tokio::test]
async fn large_messages_come_whole() {
    let server = Server::start().await;
    let mut large = b"Subject: large\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    let header = large.len();
    large.extend_from_slice(&filler(5 * 1024 * 1024 + 17));
    deliver_bytes(&server, &[large.clone(), b"Subject: small\r\n\r\nsmall".to_vec()]).await;
    let mut client = server.inbox().await;
    assert!(section(&mut client, 1, "[]").await.unwrap() == large);
    assert!(section(&mut client, 1, "[TEXT]").await.unwrap() == large[header..]);
    assert!(section(&mut client, 1, "[]<2000000.1500000>").await.unwrap() == large[2_000_000..3_500_000]);
    assert!(section(&mut client, 1, "[1]<5000000.9999999>").await.unwrap() == large[header + 5_000_000..]);
    let responses = answer(&mut client, "FETCH 1:2 (BODY.PEEK[] UID BODY.PEEK[HEADER] FLAGS)").await;
    assert!(memmem::find(&responses[0], &large).is_some());
    assert!(responses[0].ends_with(b" FLAGS (\\Recent))\r\n") && responses[1].ends_with(b" FLAGS (\\Recent))\r\n"));
}

#[tokio::test]
async fn many_messages_come_in_order() {
    let server = Server::start().await;
    let texts: Vec<String> = (1..=900).map(|n| format!("Subject: {n}\r\n\r\n{}", "x".repeat(n))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    let mut client = server.inbox().await;
    for items in ["BODY.PEEK[TEXT]", "ENVELOPE", "FLAGS", "UID"] {
        let responses = answer(&mut client, &format!("FETCH 1:* ({items} RFC822.SIZE)")).await;
        assert_eq!(responses.len(), 900, "{items}");
        for (response, (number, text)) in responses.iter().zip((1..).zip(&texts)) {
            let response = String::from_utf8_lossy(response);
            assert!(response.starts_with(&format!("* {number} FETCH (")), "{response}");
            assert!(response.ends_with(&format!(" RFC822.SIZE {})\r\n", text.len())), "{response}");
        }
    }
}

#[tokio::test]
async fn a_structure_that_is_too_large_to_be_kept_is_read_from_the_body() {
    let server = Server::start().await;
    let part = |n: usize| format!("--b\r\nContent-Type: text/plain; name={}\r\n\r\npart {n}\r\n", "n".repeat(60));
    let parts: String = (1..=300).map(part).collect();
    let text = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n");
    assert!(mail::summary::summarize(text.as_bytes()).structure.is_none());
    server.deliver("INBOX", &text).await;
    let mut client = server.inbox().await;
    assert_eq!(section(&mut client, 1, "[251]").await.unwrap(), b"part 251");
    let lines = client.run("FETCH 1 BODY").await;
    assert_eq!(lines[0].matches("\"text\" \"plain\"").count(), 300);
    assert_eq!(client.run("SEARCH BODY \"part 251\"").await[0], "* SEARCH 1");
}

#[tokio::test]
async fn a_damaged_body_spoils_no_listing() {
    let server = Server::start().await;
    server.deliver_all("INBOX", &[MULTIPART, "Subject: two\r\n\r\nb"], &Flags::default()).await;
    let log = server._folder.path().join("log");
    for entry in fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            let length = fs::metadata(&path).unwrap().len();
            fs::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }
    }
    let mut client = server.inbox().await;
    let lines = client.run("FETCH 1:2 (FLAGS ENVELOPE BODYSTRUCTURE PREVIEW)").await;
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(client.run("SEARCH SUBJECT two FROM \"\"").await[0], "* SEARCH");
    let lines = client.run_any("FETCH 1:2 BODY.PEEK[]").await;
    assert!(is_like("NO [CORRUPTION] ...", lines.last().unwrap()), "{lines:?}");
    assert_eq!(client.run("SEARCH BODY b").await[0], "* SEARCH");
}

/// The messages of the collection; it must be there.
fn torture() -> Vec<PathBuf> {
    fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
        let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                collect(&path, into);
            } else if path.file_name().is_some_and(|name| name != "README.md") {
                into.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/mime-torture"), &mut files);
    assert!(files.len() > 200, "the collection is not complete");
    files.sort();
    files
}

#[tokio::test]
async fn broken_mail_has_sections_that_agree_with_its_structure() {
    let server = Server::start().await;
    let files: Vec<(PathBuf, Vec<u8>)> = torture()
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .filter(|(_, b)| !b.is_empty())
        .collect();
    let messages: Vec<Vec<u8>> = files.iter().map(|(_, bytes)| bytes.clone()).collect();
    deliver_bytes(&server, &messages).await;
    let mut client = server.inbox().await;
    let mut parts = 0;
    for (number, (path, bytes)) in (1..).zip(&files) {
        let name = path.display().to_string();
        assert!(section(&mut client, number, "[]").await.as_ref() == Some(bytes), "{name}");
        let header = section(&mut client, number, "[HEADER]").await.unwrap();
        let text = section(&mut client, number, "[TEXT]").await.unwrap();
        assert!([header, text.clone()].concat() == *bytes, "{name}: header and text are the message");
        for item in ["BODY", "BODYSTRUCTURE", "ENVELOPE", "PREVIEW"] {
            let response = answer(&mut client, &format!("FETCH {number} {item}")).await.remove(0);
            // The oracle does not know PREVIEW.
            if item == "PREVIEW" {
                continue;
            }
            match ResponseCodec::default().decode(&response) {
                Ok((b"", Response::Data(Data::Fetch { items, .. }))) => {
                    if let MessageDataItem::BodyStructure(root) = &items.as_ref()[0] {
                        let mut check = Check { client: &mut client, number, name: &name, parts: 0 };
                        check.message(root, "", &text).await;
                        parts += check.parts;
                    }
                }
                other => panic!("{name} {item}: {other:?}\n{}", String::from_utf8_lossy(&response)),
            }
        }
    }
    assert!(parts > 500, "only {parts} parts");
}

/// Walks a structure as a client does.
struct Check<'a> {
    client: &'a mut Client,
    number: usize,
    name: &'a str,
    parts: usize,
}

impl Check<'_> {
    /// The body of a message, or of one that is embedded at `prefix`.
    async fn message(&mut self, structure: &BodyStructure<'_>, prefix: &str, text: &[u8]) {
        match structure {
            BodyStructure::Multi { .. } => Box::pin(self.children(structure, prefix, text)).await,
            BodyStructure::Single { .. } => {
                let number = if prefix.is_empty() { "1".to_owned() } else { format!("{prefix}.1") };
                Box::pin(self.part(structure, &number, text)).await;
            }
        }
    }

    async fn children(&mut self, structure: &BodyStructure<'_>, prefix: &str, body: &[u8]) {
        let BodyStructure::Multi { bodies, .. } = structure else { return };
        for (index, child) in (1..).zip(bodies.as_ref()) {
            let number = if prefix.is_empty() { format!("{index}") } else { format!("{prefix}.{index}") };
            let mime = section(self.client, self.number, &format!("[{number}.MIME]")).await.unwrap();
            let content = section(self.client, self.number, &format!("[{number}]")).await.unwrap();
            let whole = [mime, content].concat();
            assert!(memmem::find(body, &whole).is_some(), "{} {number}: is in what holds it", self.name);
            Box::pin(self.part(child, &number, body)).await;
        }
        let after = bodies.as_ref().len() + 1;
        let number = if prefix.is_empty() { format!("{after}") } else { format!("{prefix}.{after}") };
        assert_eq!(section(self.client, self.number, &format!("[{number}]")).await, None, "{} {number}", self.name);
    }

    async fn part(&mut self, structure: &BodyStructure<'_>, number: &str, _holder: &[u8]) {
        self.parts += 1;
        let content = section(self.client, self.number, &format!("[{number}]")).await.unwrap();
        let BodyStructure::Single { body, .. } = structure else {
            return Box::pin(self.children(structure, number, &content)).await;
        };
        assert_eq!(content.len(), body.basic.size as usize, "{} {number}: size", self.name);
        let lines = memchr::memchr_iter(b'\n', &content).count();
        match &body.specific {
            SpecificFields::Text { number_of_lines, .. } => {
                assert_eq!(lines, *number_of_lines as usize, "{} {number}: lines", self.name);
            }
            SpecificFields::Message { body_structure, number_of_lines, .. } => {
                assert_eq!(lines, *number_of_lines as usize, "{} {number}: lines", self.name);
                let header = section(self.client, self.number, &format!("[{number}.HEADER]")).await.unwrap();
                let text = section(self.client, self.number, &format!("[{number}.TEXT]")).await.unwrap();
                assert!([header, text.clone()].concat() == content, "{} {number}: header and text", self.name);
                Box::pin(self.message(body_structure, number, &text)).await;
            }
            SpecificFields::Basic { .. } => {}
        }
    }
}
