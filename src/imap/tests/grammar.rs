//! Our grammar beside that of imap-codec: what it takes, we take, and commands mean the same.

use imap::proto;
use imap_codec::{CommandCodec, ResponseCodec, decode::Decoder};

/// Commands that both know.
const COMMON: &[&str] = &[
    "a CAPABILITY",
    "a NOOP",
    "a LOGOUT",
    "a STARTTLS",
    "a AUTHENTICATE PLAIN",
    "a AUTHENTICATE PLAIN AGEAYg==",
    "a AUTHENTICATE PLAIN =",
    "a LOGIN joe password",
    "a LOGIN \"joe \\\" x\" \"\"",
    "a LOGIN {3+}\r\njoe {2+}\r\npw",
    "a SELECT INBOX",
    "a SELECT inbox (CONDSTORE)",
    "a EXAMINE \"a b\"",
    "a CREATE owatagusiam/",
    "a CREATE &U,BTFw-/x",
    "a DELETE blurdybloop",
    "a RENAME INBOX old-mail",
    "a SUBSCRIBE #news.comp.mail.mime",
    "a UNSUBSCRIBE x",
    "a LIST \"\" \"\"",
    "a LIST ~/Mail/ %",
    "a LIST \"\" *",
    "a LSUB \"#news.\" \"comp.mail.*\"",
    "a LIST (SUBSCRIBED) \"\" (\"INBOX\" \"Drafts\" \"Sent/%\") RETURN (CHILDREN)",
    "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" *",
    "a STATUS blurdybloop (UIDNEXT MESSAGES)",
    "a STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE DELETED)",
    "a APPEND saved-messages (\\Seen) {4+}\r\na: b",
    "a APPEND x \" 7-Feb-1994 21:52:25 -0800\" {1+}\r\nx",
    "a CHECK",
    "a CLOSE",
    "a UNSELECT",
    "a EXPUNGE",
    "a UID EXPUNGE 3000:3002",
    "a SEARCH FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"",
    "a SEARCH TEXT \"string not in mailbox\"",
    "a SEARCH CHARSET UTF-8 TEXT {6+}\r\nXXXXXX",
    "a SEARCH OR (TO a CC b) (BCC c BODY d)",
    "a SEARCH 1,3:5,7:* UID 4:* LARGER 10 SMALLER 20 KEYWORD $x UNKEYWORD y",
    "a SEARCH HEADER Message-ID <a@b> ON 1-Jan-2020 SENTBEFORE 2-Jan-2020 SENTON 3-Jan-2020 SENTSINCE 4-Jan-2020",
    "a SEARCH ANSWERED DELETED DRAFT NEW OLD RECENT SEEN UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN",
    "a UID SEARCH ALL",
    "a SORT (REVERSE DATE SUBJECT) UTF-8 ALL",
    "a THREAD REFERENCES UTF-8 SUBJECT x",
    "a THREAD ORDEREDSUBJECT US-ASCII ALL",
    "a FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])",
    "a FETCH 1 ALL",
    "a FETCH 1 FAST",
    "a FETCH 1 FULL",
    "a FETCH 1 BODY[]",
    "a FETCH 1 BODY.PEEK[1.2.HEADER]<0.10>",
    "a FETCH 1 (BODY BODYSTRUCTURE BODY[TEXT] BODY[1.MIME] RFC822 RFC822.HEADER RFC822.SIZE RFC822.TEXT UID ENVELOPE)",
    "a UID FETCH 4827313:4828442 FLAGS",
    "a STORE 2:4 +FLAGS (\\Deleted)",
    "a STORE 1 FLAGS ()",
    "a STORE 1 -FLAGS.SILENT \\Seen",
    "a UID STORE 1:* FLAGS.SILENT (\\Answered \\Flagged \\Draft $Forwarded)",
    "a COPY 2:4 MEETING",
    "a UID COPY 2 \"a b\"",
    "a MOVE 42:69 foo",
    "a UID MOVE 1 foo",
    "a IDLE",
    "a ENABLE CONDSTORE",
    "a NAMESPACE",
    "a ID NIL",
    "a ID (\"name\" \"sodr\" \"version\" NIL)",
    "a GETQUOTA \"\"",
    "a GETQUOTAROOT INBOX",
    "a SETQUOTA \"\" (STORAGE 512)",
    "a COMPRESS DEFLATE",
    "a ENABLE QRESYNC UTF8=ACCEPT",
    "a SELECT INBOX (QRESYNC (67890007 90060115194045000 41,43:211,214:541))",
    "a SELECT INBOX (QRESYNC (1 2 1:5 (1:3 4:6)))",
    "a UID FETCH 300:500 (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
    "a UID STORE 4 (UNCHANGEDSINCE 12121230045) FLAGS.SILENT (\\Answered)",
    "a SEARCH MODSEQ 620162338",
    "a SEARCH YOUNGER 86400 OLDER 1",
    "a FETCH 1 (BINARY[1.2] BINARY.PEEK[]<0.10> BINARY.SIZE[3])",
    "a APPEND x ~{2+}\r\n\0x",
    "a STATUS INBOX (UIDNEXT HIGHESTMODSEQ)",
    "a UID SORT (ARRIVAL) UTF-8 UNSEEN",
];

/// Lines that neither takes.
const WRONG: &[&str] = &[
    "a",
    "a FETCH",
    "a FETCH 1",
    "a FETCH 0 FLAGS",
    "a FETCH 1 (FLAGS",
    "a FETCH 1 BODY[",
    "a STORE 1 FLAGS (\\Seen",
    "a LOGIN joe",
    "a SELECT",
    "a SEARCH NOT",
    "a SEARCH SINCE 99-Foo-2020",
    "a COPY x y",
    "+ NOOP",
    "a LIST \"\"",
    "a UID NOOP",
    "a RENAME a",
    "a COMPRESS",
    "a COMPRESS GZIP",
    "a FETCH 1 BINARY[1.MIME]",
    "a FETCH 1 BINARY[1",
    "a SELECT x (QRESYNC (0 1))",
    "a SELECT x (QRESYNC 1 1)",
];

fn codec(line: &str) -> bool {
    let bytes = format!("{line}\r\n");
    let codec = CommandCodec::default();
    // A literal ends the first run with a request to go on; LITERAL+ ones are taken in one.
    codec.decode(bytes.as_bytes()).is_ok_and(|(rest, _)| rest.is_empty())
}

#[test]
fn what_the_codec_takes_we_take() {
    for line in COMMON {
        let ours = proto::parse(line.as_bytes());
        assert!(ours.is_ok(), "{line:?}: {ours:?}");
    }
    // The codec of this version has no SORT without its feature, so only most are told to be known to it.
    let known = COMMON.iter().filter(|line| codec(line)).count();
    assert!(known * 10 >= COMMON.len() * 8, "{known} of {}", COMMON.len());
}

#[test]
fn what_neither_takes() {
    for line in WRONG {
        assert!(proto::parse(line.as_bytes()).is_err(), "{line:?}");
        assert!(!codec(line), "{line:?}");
    }
}

/// What we answer, the codec reads.
#[tokio::test]
async fn what_we_say_the_codec_reads() {
    let server = crate::Server::start().await;
    server.deliver("INBOX", "From: Bob <bob@example.test>\r\nSubject: Hi\r\n\r\nText\r\n").await;
    let mut client = server.alice().await;
    for command in [
        "CAPABILITY",
        "ID NIL",
        "NAMESPACE",
        "LIST \"\" *",
        "LSUB \"\" *",
        "STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED)",
        "SELECT INBOX",
        "FETCH 1 (FLAGS UID RFC822.SIZE INTERNALDATE ENVELOPE BODYSTRUCTURE)",
        "SEARCH ALL",
        "STORE 1 +FLAGS (\\Deleted $Forwarded)",
        "UID COPY 1 Archive",
        "EXPUNGE",
        "NOOP",
    ] {
        let mut lines = client.run(command).await;
        let last = lines.pop().expect("a tagged line");
        for line in lines.into_iter().chain([format!("run {last}")]) {
            let bytes = format!("{line}\r\n");
            let read = ResponseCodec::default().decode(bytes.as_bytes());
            assert!(matches!(read, Ok((b"", _))), "{command}: {line}: {read:?}");
        }
    }
}
