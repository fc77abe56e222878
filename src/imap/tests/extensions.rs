//! Extensions that change what a session is told: each as its RFC shows it.

use crate::{Client, PASSWORD, Server};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use store::Flags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn with(count: usize) -> Server {
    let server = Server::start().await;
    let texts: Vec<String> = (1..=count).map(|n| format!("Subject: {n}\r\n\r\n{n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    server.deliver_all("INBOX", &texts, &Flags::default()).await;
    server
}

/// A number in a response code of SELECT.
fn code(lines: &[String], name: &str) -> u64 {
    let line = lines.iter().find(|line| line.contains(&format!("[{name} "))).expect("the code");
    let digits = line.split(&format!("[{name} ")).nth(1).and_then(|rest| rest.split(']').next());
    digits.and_then(|digits| digits.parse().ok()).expect("a number")
}

#[tokio::test]
async fn searchres_keeps_a_result() {
    let server = with(5).await;
    let mut client = server.inbox().await;
    client
        .speak(
            "
            C: 1 SEARCH RETURN (SAVE) OR SUBJECT 2 SUBJECT 4
            S: 1 OK SEARCH completed
            C: 2 FETCH $ (UID)
            S: * 2 FETCH (UID 2)
            S: * 4 FETCH (UID 4)
            S: 2 OK FETCH completed
            C: 3 SEARCH RETURN (SAVE MIN COUNT) $ NOT SUBJECT 2
            S: * ESEARCH (TAG \"3\") MIN 4 COUNT 1
            S: 3 OK ...
            C: 4 UID STORE $ +FLAGS.SILENT (\\Flagged)
            S: 4 OK ...
            C: 5 SEARCH FLAGGED
            S: * SEARCH 4
            S: 5 OK ...
            C: 6 SEARCH RETURN (SAVE MAX MIN) ALL
            S: * ESEARCH (TAG \"6\") MIN 1 MAX 5
            S: 6 OK ...
            C: 7 SEARCH RETURN (ALL) UID $
            S: * ESEARCH (TAG \"7\") ALL 1,5
            S: 7 OK ...
            C: 8 SEARCH RETURN (SAVE) CHARSET KOI8-R ALL
            S: 8 NO [BADCHARSET ...] ...
            C: 9 EXAMINE INBOX
            ",
        )
        .await;
    while !client.line().await.expect("a line").starts_with("9 OK") {}
    client.speak("C: 10 FETCH $ UID\nS: 10 OK FETCH completed").await;
}

#[tokio::test]
async fn partial_results() {
    let server = with(6).await;
    let mut client = server.inbox().await;
    client
        .speak(
            "
            C: 1 UID SEARCH RETURN (PARTIAL -1:-2 COUNT) ALL
            S: * ESEARCH (TAG \"1\") UID COUNT 6 PARTIAL (-1:-2 5:6)
            S: 1 OK ...
            C: 2 UID SEARCH RETURN (PARTIAL 4:3) ALL
            S: * ESEARCH (TAG \"2\") UID PARTIAL (3:4 3:4)
            S: 2 OK ...
            C: 3 UID SEARCH RETURN (PARTIAL 9:12) ALL
            S: * ESEARCH (TAG \"3\") UID PARTIAL (9:12 NIL)
            S: 3 OK ...
            C: 4 UID SEARCH RETURN (PARTIAL 1:2 ALL) ALL
            S: 4 BAD ...
            C: 5 UID FETCH 1:* (UID) (PARTIAL -1:-2)
            S: * 5 FETCH (UID 5)
            S: * 6 FETCH (UID 6)
            S: 5 OK ...
            C: 6 UID SORT RETURN (PARTIAL 1:2) (REVERSE SUBJECT) UTF-8 ALL
            S: * ESEARCH (TAG \"6\") UID PARTIAL (1:2 6,5)
            S: 6 OK ...
            C: 7 FETCH 1:* (UID) (PARTIAL 1:2)
            S: 7 BAD ...
            ",
        )
        .await;
}

#[tokio::test]
async fn qresync_tells_what_is_gone_and_what_changed() {
    let server = with(6).await;
    let mut first = server.alice().await;
    first.speak("C: 0 SELECT INBOX (QRESYNC (1 1))\nS: 0 BAD ENABLE QRESYNC first").await;
    first.speak("C: 1 ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: 1 OK ...").await;
    let lines = first.run("SELECT INBOX").await;
    let (validity, modseq) = (code(&lines, "UIDVALIDITY"), code(&lines, "HIGHESTMODSEQ"));
    let mut other = server.inbox().await;
    other.run("STORE 2,4 +FLAGS.SILENT (\\Deleted)").await;
    other.run("EXPUNGE").await;
    other.run("UID STORE 5 +FLAGS.SILENT (\\Flagged)").await;
    server.deliver("INBOX", "Subject: new\r\n\r\nx").await;
    // What went, then what came, then what changed; no EXPUNGE with it.
    first
        .speak(
            "
            C: 2 NOOP
            S: * VANISHED 2,4
            S: * 5 EXISTS
            S: * 5 RECENT
            S: * 3 FETCH (UID 5 FLAGS (\\Flagged \\Recent) MODSEQ (...))
            S: 2 OK ...
            C: 3 UID STORE 1 +FLAGS.SILENT (\\Deleted)
            S: * 1 FETCH (UID 1 MODSEQ (...))
            S: 3 OK ...
            C: 4 EXPUNGE
            S: * VANISHED 1
            S: 4 OK [HIGHESTMODSEQ ...] EXPUNGE completed
            ",
        )
        .await;
    let mut later = server.alice().await;
    later.run("ENABLE QRESYNC").await;
    let lines = later.run(&format!("SELECT INBOX (QRESYNC ({validity} {modseq} 1:6))")).await;
    let earlier = lines.iter().position(|line| line == "* VANISHED (EARLIER) 1:2,4").expect("what is gone");
    let told: Vec<&String> = lines[earlier + 1..].iter().filter(|line| line.contains("FETCH")).collect();
    assert!(told.len() == 1 && told[0].contains("(UID 5 FLAGS (\\Flagged) MODSEQ"), "{lines:?}");
    later
        .speak(&format!(
            "
            C: 5 UID FETCH 1:6 (FLAGS) (CHANGEDSINCE {modseq} VANISHED)
            S: * VANISHED (EARLIER) 1:2,4
            S: * 2 FETCH (UID 5 FLAGS (\\Flagged) MODSEQ (...))
            S: 5 OK ...
            C: 6 UID FETCH 1:6 (FLAGS) (VANISHED)
            S: 6 BAD ...
            C: 7 SELECT INBOX (QRESYNC ({validity} 1 (1 1)))
            S: * OK [CLOSED] ...
            "
        ))
        .await;
    while !later.line().await.expect("a line").starts_with("7 OK") {}
    let wrong = later.run(&format!("EXAMINE INBOX (QRESYNC ({} 1))", validity + 1)).await;
    assert!(!wrong.iter().any(|line| line.contains("VANISHED")), "{wrong:?}");
}

#[tokio::test]
async fn condstore_begins_with_the_mailbox_s_number() {
    let server = with(1).await;
    let mut client = server.inbox().await;
    client
        .speak("C: 1 FETCH 1 MODSEQ\nS: * OK [HIGHESTMODSEQ ...] ...\nS: * 1 FETCH (MODSEQ (...))\nS: 1 OK ...")
        .await;
    client.speak("C: 2 FETCH 1 MODSEQ\nS: * 1 FETCH (MODSEQ (...))\nS: 2 OK ...").await;
}

#[tokio::test]
async fn uid_only_knows_no_numbers() {
    let server = with(3).await;
    let mut client = server.alice().await;
    client.run("ENABLE UIDONLY").await;
    client.run("SELECT INBOX").await;
    let mut other = server.inbox().await;
    client
        .speak(
            "
            C: 1 FETCH 1 FLAGS
            S: 1 BAD [UIDREQUIRED] ...
            C: 2 UID FETCH 2 (UID RFC822.SIZE)
            S: * 2 UIDFETCH (RFC822.SIZE ...)
            S: 2 OK ...
            C: 3 UID SEARCH 1:2
            S: 3 BAD [UIDREQUIRED] ...
            C: 4 UID STORE 3 FLAGS (\\Seen)
            S: * 3 UIDFETCH (FLAGS (\\Seen \\Recent))
            S: 4 OK ...
            ",
        )
        .await;
    other.run("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    other.run("EXPUNGE").await;
    client.speak("C: 5 NOOP\nS: * VANISHED 1\nS: 5 OK ...").await;
}

#[tokio::test]
async fn replace_is_one_step() {
    let server = with(2).await;
    let mut client = server.inbox().await;
    client
        .speak(
            "
            C: 1 REPLACE 1 Drafts (\\Draft) {13+}
            C: A: b
            C: 
            C: draft
            S: * OK [APPENDUID ... 1] ...
            S: * 1 EXPUNGE
            S: 1 OK REPLACE completed
            C: 2 UID REPLACE 2 INBOX {4+}
            C: A: b
            S: * OK [APPENDUID ... 3] ...
            S: * 1 EXPUNGE
            S: * 1 EXISTS
            S: * 1 RECENT
            S: 2 OK REPLACE completed
            C: 3 UID REPLACE 2 INBOX {4+}
            C: A: b
            S: 3 NO [NONEXISTENT] ...
            C: 4 REPLACE 1 Nowhere {4+}
            C: A: b
            S: 4 NO [TRYCREATE] ...
            C: 5 STATUS Drafts (MESSAGES)
            S: * STATUS Drafts (MESSAGES 1)
            S: 5 OK ...
            ",
        )
        .await;
}

#[tokio::test]
async fn utf8_accept_and_rev2() {
    let server = Server::start().await;
    let text = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx";
    server.deliver("INBOX", text).await;
    let mut client = server.alice().await;
    client
        .speak(
            "
            C: 1 CREATE Entw&APw-rfe
            S: 1 OK ...
            C: 2 ENABLE UTF8=ACCEPT
            S: * ENABLED UTF8=ACCEPT
            S: 2 OK ...
            C: 3 LIST \"\" Entw%
            S: * LIST (\\HasNoChildren) \"/\" \"Entwürfe\"
            S: 3 OK ...
            C: 4 CREATE \"A&B ü\"
            S: 4 OK ...
            C: 5 STATUS \"A&B ü\" (MESSAGES)
            S: * STATUS \"A&B ü\" (MESSAGES 0)
            S: 5 OK ...
            C: 6 APPEND \"A&B ü\" UTF8 (~{15+}
            C: Subject: ü
            C: 
            C: )
            S: 6 OK [APPENDUID ...] ...
            C: 7 EXAMINE INBOX
            ",
        )
        .await;
    while !client.line().await.expect("a line").starts_with("7 OK") {}
    client
        .speak(
            "
            C: 8 FETCH 1 ENVELOPE
            S: * 1 FETCH (ENVELOPE (NIL \"Grüße\" ...))
            S: 8 OK ...
            C: 9 SEARCH CHARSET UTF-8 SUBJECT x
            S: 9 BAD ...
            C: 10 SEARCH SUBJECT \"Grüße\"
            S: * SEARCH 1
            S: 10 OK ...
            ",
        )
        .await;
    let mut rev2 = server.alice().await;
    rev2.speak("C: 1 ENABLE IMAP4rev2\nS: * ENABLED IMAP4rev2\nS: 1 OK ...").await;
    let lines = rev2.run("SELECT INBOX").await;
    assert!(lines.contains(&"* LIST (\\HasNoChildren) \"/\" INBOX".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("RECENT") || line.contains("UNSEEN ")), "{lines:?}");
    rev2.speak(
        "
        C: 2 SEARCH ALL
        S: * ESEARCH (TAG \"2\") ALL 1
        S: 2 OK ...
        C: 3 FETCH 1 FLAGS
        S: * 1 FETCH (FLAGS ())
        S: 3 OK ...
        C: 4 SEARCH SUBJECT none
        S: * ESEARCH (TAG \"4\")
        S: 4 OK ...
        ",
    )
    .await;
}

#[tokio::test]
async fn binary_parts() {
    let server = Server::start().await;
    let text = "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n\
        --x\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nabc\r\n--x--\r\n";
    server.deliver("INBOX", text).await;
    let mut client = server.inbox().await;
    client.say("1 FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1]<1.2>)").await;
    client.expect("* 1 FETCH (BINARY.SIZE[1] 3 BINARY[1]<1> {2}").await;
    client.expect("\u{1}\u{2})").await;
    client.expect("1 OK ...").await;
    client.speak("C: 2 FETCH 1 BINARY.PEEK[2]\nS: 2 NO [UNKNOWN-CTE] ...\nC: 3 FETCH 1 BINARY[3]").await;
    client.speak("S: * 1 FETCH (BINARY[3] NIL FLAGS (\\Seen \\Recent))\nS: 3 OK ...").await;
}

#[tokio::test]
async fn unauthenticate_lets_another_sign_in() {
    let server = with(1).await;
    let mut client = server.inbox().await;
    client
        .speak(&format!(
            "
            C: 1 UNAUTHENTICATE
            S: 1 OK [CAPABILITY IMAP4rev1 ... AUTH=PLAIN...] ...
            C: 2 SELECT INBOX
            S: 2 BAD sign in first
            C: 3 LOGIN alice@example.test \"{PASSWORD}\"
            S: 3 OK ...
            C: 4 FETCH 1 FLAGS
            S: 4 BAD select a mailbox first
            "
        ))
        .await;
}

#[tokio::test]
async fn notify_tells_without_being_asked() {
    let server = with(1).await;
    let mut client = server.inbox().await;
    client
        .speak(
            "
            C: 1 NOTIFY SET STATUS (selected (MessageNew (BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge)) \
             (mailboxes Archive (MessageNew MessageExpunge FlagChange)) \
             (personal (MailboxName SubscriptionChange MailboxMetadataChange))
            S: * STATUS Archive (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ... HIGHESTMODSEQ ...)
            S: 1 OK NOTIFY completed
            ",
        )
        .await;
    // From here on nothing is sent: all comes by itself.
    server.deliver("INBOX", "Subject: new\r\n\r\nx").await;
    client
        .speak(
            "
            S: * 2 EXISTS
            S: * 2 RECENT
            S: * 2 FETCH (UID 2 BODY[HEADER.FIELDS (SUBJECT)] {16}
            S: Subject: new
            S:
            S: )
            ",
        )
        .await;
    server.deliver("Archive", "Subject: x\r\n\r\nx").await;
    client.expect("* STATUS Archive (MESSAGES 1 UIDNEXT 2 UIDVALIDITY ... HIGHESTMODSEQ ...)").await;
    let mut other = server.inbox().await;
    other.run("STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    other.run("EXPUNGE").await;
    client.expect("* 1 EXPUNGE").await;
    other.run("CREATE New/Inner").await;
    client.speak("S: * LIST (\\HasChildren) \"/\" New\nS: * LIST (\\HasNoChildren) \"/\" New/Inner").await;
    other.run("RENAME New/Inner Else").await;
    client.expect("* LIST (\\HasNoChildren) \"/\" Else (\"OLDNAME\" (New/Inner))").await;
    other.run("SUBSCRIBE Else").await;
    client.expect("* LIST (\\HasNoChildren \\Subscribed) \"/\" Else").await;
    other.run("SETMETADATA Else (/private/comment \"x\")").await;
    client.expect("* METADATA Else /private/comment").await;
    other.run("DELETE Else").await;
    client.expect("* LIST (\\NonExistent) \"/\" Else").await;
    client
        .speak(
            "
            C: 2 NOTIFY SET (personal (AnnotationChange))
            S: 2 NO [BADEVENT (MessageNew ...)] ...
            C: 3 NOTIFY SET (personal (MessageNew))
            S: 3 BAD ...
            C: 4 NOTIFY NONE
            S: 4 OK ...
            ",
        )
        .await;
}

#[tokio::test]
async fn compressed_in_both_directions() {
    let server = with(1).await;
    let mut client = server.inbox().await;
    client.speak("C: 1 COMPRESS DEFLATE\nS: 1 OK ...").await;
    let (mut packer, mut unpacker) = (Compress::new(Compression::default(), false), Decompress::new(false));
    let long = "x".repeat(20_000);
    for command in [
        "a NOOP".to_owned(),
        "b COMPRESS DEFLATE".to_owned(),
        "c FETCH 1 BODY.PEEK[]".to_owned(),
        format!("d APPEND INBOX {{{}+}}\r\n{long}", long.len()),
        "e FETCH 2 BODY.PEEK[]".to_owned(),
    ] {
        let tag = &command[..1];
        let told = exchange(&mut client, &mut packer, &mut unpacker, &command).await;
        let last = told.lines().last().expect("a line");
        let wanted = if tag == "b" { "b NO [COMPRESSIONACTIVE]".to_owned() } else { format!("{tag} OK") };
        assert!(last.starts_with(&wanted), "{told}");
        assert_eq!(told.contains(&long), tag == "e");
    }
}

async fn exchange(client: &mut Client, packer: &mut Compress, unpacker: &mut Decompress, command: &str) -> String {
    let mut packed = Vec::with_capacity(64 * 1024);
    packer.compress_vec(format!("{command}\r\n").as_bytes(), &mut packed, FlushCompress::Sync).expect("packs");
    client.stream.get_mut().write_all(&packed).await.expect("sends");
    let (mut told, mut input) = (Vec::with_capacity(256 * 1024), Vec::new());
    loop {
        let mut piece = [0; 4096];
        let length = client.stream.read(&mut piece).await.expect("reads");
        assert!(length > 0, "closed after {}", String::from_utf8_lossy(&told));
        input.extend_from_slice(&piece[..length]);
        let before = unpacker.total_in();
        unpacker.decompress_vec(&input, &mut told, FlushDecompress::Sync).expect("is deflate");
        input.drain(..(unpacker.total_in() - before) as usize);
        let text = String::from_utf8_lossy(&told);
        let is_tagged = text.lines().last().is_some_and(|line| line.starts_with(&command[..2]));
        if is_tagged && text.ends_with("\r\n") {
            return text.into_owned();
        }
    }
}
