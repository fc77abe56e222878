//! Programs that people use, against the running server.

use crate::server;
use std::{fs, process::Command};
use testkit::{TestServer, server::PASSWORD};

/// Runs a Python script against the server; it fails by an exception.
fn python(server: &TestServer, script: &str) {
    let output = Command::new("python3")
        .args(["-c", script, &server.port(143).to_string(), &server.port(993).to_string(), PASSWORD])
        .output()
        .expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn imaplib_reads_and_files() {
    let server = server().await;
    for number in 0..5 {
        server
            .deliver("carol@example.org", "alice@example.test", &format!("Subject: n{number}\n\nBody {number}\n"))
            .await;
    }
    python(
        &server,
        r#"
import imaplib, ssl, sys
tls = ssl.create_default_context(); tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE
def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]
plain = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
ok(plain.starttls(tls))
ok(plain.login('alice@example.test', sys.argv[3]))
box = imaplib.IMAP4_SSL('127.0.0.1', int(sys.argv[2]), ssl_context=tls)
ok(box.authenticate('PLAIN', lambda _: b'\0alice@example.test\0' + sys.argv[3].encode()))
assert ok(box.select('INBOX')) == [b'5']
assert ok(box.search(None, 'SUBJECT', 'n3')) == [b'4']
assert b'Body 3' in ok(box.fetch('4', '(BODY[TEXT])'))[0][1]
ok(box.create('Projects'))
ok(box.copy('1:2', 'Projects'))
ok(box.store('1', '+FLAGS', '(\\Deleted)'))
assert ok(box.expunge()) == [b'1']
assert ok(plain.select('Projects')) == [b'2']
ok(plain.append('Projects', '(\\Seen)', imaplib.Time2Internaldate(1700000000), b'Subject: kept\r\n\r\nx\r\n'))
assert b'\\Seen' in ok(plain.fetch('3', '(FLAGS)'))[0]
ok(box.rename('Projects', 'Work'))
names = b' '.join(ok(box.list()))
for name in (b'INBOX', b'Drafts', b'Sent', b'Archive', b'Junk', b'Trash', b'Work'):
    assert name in names, names
ok(plain.close()); ok(box.delete('Work'))
box.logout(); plain.logout()
"#,
    );
}

#[tokio::test]
async fn mbsync_in_both_directions_and_then_nothing_to_do() {
    let server = server().await;
    for number in 0..20 {
        server.deliver("carol@example.org", "alice@example.test", &format!("Subject: n{number}\n\nBody\n")).await;
    }
    let folder = tempfile::tempdir().expect("makes a folder");
    let mail = folder.path().join("mail");
    fs::create_dir(&mail).expect("makes a folder");
    let file = folder.path().join("mbsyncrc");
    let configuration = format!(
        "IMAPAccount g\nHost 127.0.0.1\nPort {}\nUser alice@example.test\nPass \"{PASSWORD}\"\nSSLType None\nAuthMechs PLAIN\n\n\
         IMAPStore far\nAccount g\n\nMaildirStore near\nPath {m}/\nInbox {m}/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n",
        server.port(143),
        m = mail.display()
    );
    fs::write(&file, configuration).expect("writes");
    let sync = || {
        let output =
            Command::new("mbsync").arg("-V").arg("-c").arg(&file).arg("-a").output().expect("mbsync is installed");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "{text}");
        text
    };
    sync();
    let new = mail.join("INBOX/new");
    assert_eq!(fs::read_dir(&new).expect("is there").count(), 20);
    // Both sides change: a message is written here, one is read here, one is deleted there.
    fs::write(mail.join("INBOX/cur/1700000000.1.here:2,S"), "Subject: from here\n\nBody\n").expect("writes");
    let mut imap = server.imap("alice").await;
    imap.imap("SELECT INBOX").await;
    imap.imap("STORE 1 +FLAGS (\\Deleted)").await;
    imap.imap("EXPUNGE").await;
    imap.imap("STORE 1 +FLAGS (\\Flagged)").await;
    sync();
    imap.imap("NOOP").await;
    let found = imap.imap("UID SEARCH SUBJECT \"from here\"").await;
    assert!(found.iter().any(|line| line.starts_with("* SEARCH ") && line.len() > "* SEARCH ".len()), "{found:?}");
    // The first question about mod-sequences is answered by one line more (RFC 7162 section 3.1.2.2).
    imap.imap("STATUS INBOX (HIGHESTMODSEQ)").await;
    let before = imap.imap("STATUS INBOX (MESSAGES UIDNEXT HIGHESTMODSEQ)").await;
    sync();
    let after = imap.imap("STATUS INBOX (MESSAGES UIDNEXT HIGHESTMODSEQ)").await;
    assert_eq!(before[0], after[0], "a run with nothing to do changes nothing");
}

/// Runs curl; what it prints.
fn curl(arguments: &[&str]) -> String {
    let login = format!("alice@example.test:{PASSWORD}");
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--insecure", "--user", &login])
        .args(arguments)
        .output()
        .expect("curl is installed");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn curl_reads_and_files() {
    let server = server().await;
    server.deliver("carol@example.org", "alice@example.test", "Subject: for curl\n\nHello curl\n").await;
    let plain = format!("imap://127.0.0.1:{}", server.port(143));
    let secure = format!("imaps://127.0.0.1:{}", server.port(993));
    let text = curl(&[&format!("{secure}/INBOX;MAILINDEX=1;SECTION=TEXT")]);
    assert!(text.contains("Hello curl"), "{text}");
    assert!(curl(&["--ssl-reqd", &format!("{plain}/INBOX;UID=1")]).contains("Subject: for curl"));
    assert_eq!(curl(&[&format!("{secure}/INBOX?SUBJECT%20curl")]).trim(), "* SEARCH 1");
    assert!(curl(&[&format!("{secure}/")]).contains("* LIST (\\HasNoChildren \\Drafts) \"/\" Drafts"));
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("mail");
    fs::write(&file, "Subject: from curl\r\n\r\nx\r\n").expect("writes");
    curl(&["--upload-file", &file.display().to_string(), &format!("{secure}/Archive")]);
    assert!(curl(&[&format!("{secure}/Archive;MAILINDEX=1")]).starts_with("Subject: from curl"));
    let examined = curl(&["--request", "EXAMINE Archive", &format!("{secure}/")]);
    assert!(examined.contains("* 1 EXISTS"), "{examined}");
}

#[tokio::test]
async fn getmail_takes_over_imap() {
    let server = server().await;
    for number in 0..5 {
        let text = format!("Subject: n{number}\n\nBody {number}\n");
        server.deliver("carol@example.org", "alice@example.test", &text).await;
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let got = folder.path().join("got");
    // getmail writes no maildir as root, but hands mail to a command.
    let settings = format!(
        "[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = 127.0.0.1\nport = {}\nusername = alice@example.test\n\
         password = {PASSWORD}\nmailboxes = (\"INBOX\",)\n[destination]\ntype = MDA_external\npath = /bin/sh\n\
         arguments = (\"-c\", \"cat >> {}\")\nallow_root_commands = true\n[options]\nread_all = false\ndelete = true\n",
        server.port(993),
        got.display()
    );
    fs::write(folder.path().join("getmailrc"), settings).expect("writes");
    for _ in 0..2 {
        let output =
            Command::new("getmail").arg("--getmaildir").arg(folder.path()).output().expect("getmail is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let subjects = fs::read_to_string(&got).expect("reads").matches("Subject: n").count();
        assert_eq!(subjects, 5, "each was fetched once");
    }
    let lines = server.imap("alice").await.imap("STATUS INBOX (MESSAGES)").await;
    assert_eq!(lines[0], "* STATUS INBOX (MESSAGES 0)");
}
